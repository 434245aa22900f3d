//! Protecting a database, or a whole server.

use app::sources::api::AddSource;
use catalog::{Conflict, Scope};
use domain::{
    ConnectionId, Fault, Refusal, SourceId,
    access::may,
    files::FilesCopy,
    policies::schedule::{DAILY_FULL, DAILY_INCREMENTAL, Schedule, WEEKLY_FULL},
    sources::DatabaseName,
};

use crate::{
    caller::Caller,
    fault::{Error, Result},
};

/// The server's own; a dump of one restores nowhere.
const OF_THE_SERVER: [&str; 4] = ["mysql", "information_schema", "performance_schema", "sys"];

/// A name that people may use for a database of theirs.
pub fn check_database(field: &str, name: &str) -> Result<DatabaseName, Fault> {
    let name = DatabaseName::new(name).map_err(|error| Fault::invalid(field, error.to_string()))?;
    if OF_THE_SERVER.iter().any(|own| name.as_str().eq_ignore_ascii_case(own)) {
        return Err(Fault::invalid(field, "this database belongs to the server itself"));
    }
    Ok(name)
}

/// Protects a database, daily at 02:00 UTC to begin with.
pub async fn add(caller: &Caller, scope: Scope<may::ManageSources>, request: AddSource) -> Result<SourceId> {
    let database = check_database("database", &request.database)?;
    let daily = Schedule::parse(DAILY_FULL, caller.services.clock.now())
        .map_err(|_| Error::Impossible("the daily schedule was refused"))?;
    match caller.rows(&scope).create_source(request.connection_id, &database, &daily).await {
        Err(catalog::Error::Conflict(Conflict::Duplicate)) => {
            Err(Fault::invalid("database", "this database is protected already").into())
        }
        result => Ok(result?),
    }
}

/// Protects a whole server: its files at 02:00 UTC, all of them on Sundays and what changed since on other days. Refused
/// at once, saying what to do instead, unless the newest test of the connection has found that they can be copied.
pub async fn add_server(
    caller: &Caller,
    scope: Scope<may::ManageSources>,
    id: ConnectionId,
) -> Result<SourceId> {
    let rows = caller.rows(&scope);
    let capabilities = rows.get_connection(id).await?.capabilities;
    match capabilities.and_then(|found| found.files) {
        Some(FilesCopy::Possible { .. }) => {}
        Some(FilesCopy::Impossible { why, instead }) => {
            return Err(Refusal::FilesUnreachable { why: format!("{why}. {instead}") }.into());
        }
        None => {
            let why = "nobody has looked yet whether a worker can reach them. Test the connection first.";
            return Err(Refusal::FilesUnreachable { why: why.into() }.into());
        }
    }
    let now = caller.services.clock.now();
    let parse =
        |cron| Schedule::parse(cron, now).map_err(|_| Error::Impossible("a schedule of ours was refused"));
    match rows.create_server_source(id, &parse(WEEKLY_FULL)?, &parse(DAILY_INCREMENTAL)?).await {
        Err(catalog::Error::Conflict(Conflict::Duplicate)) => {
            Err(Fault::invalid("connection_id", "this server is protected as a whole already").into())
        }
        result => Ok(result?),
    }
}
