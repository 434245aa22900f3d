//! Protecting a database.

use app::sources::api::AddSource;
use catalog::{Conflict, Scope};
use domain::{
    Fault, SourceId,
    access::may,
    policies::schedule::{DAILY_FULL, Schedule},
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
