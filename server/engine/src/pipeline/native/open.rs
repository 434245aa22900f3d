//! Before the first row: what is there, how it is led, and readers that stand at one snapshot.

use std::collections::BTreeMap;

use domain::{
    spelling::Spelling,
    tenancy::{Drift, Route, TenantMap},
};
use mysql_async::Conn;
use tokio_util::sync::CancellationToken;

use super::NativeRequest;
use crate::{
    Error, Kind, Result,
    pipeline::task_failed,
    source::{
        inventory::{Inventory, ServerFacts, StoredObject, Table},
        mysql::{
            agree::{self, Agreed},
            dump,
            inspect::{self, Session},
            native::{incarnation::Incarnations, parents, plan::TablePlan, schema, sums},
            objects, probe,
            tenancy::{
                drift, infer,
                keys::{self, KeyColumn, Keys},
            },
        },
    },
};

/// A row longer than this is not read, in bytes: with its SQL it must still fit into a statement of the largest size
/// that any server takes.
pub const LONGEST_ROW: u64 = 400 << 20;

/// Refuses a row of `table`, which has these values in its key and so many bytes.
pub fn too_long<'a>(table: &str, key: impl Iterator<Item = (&'a str, String)>, bytes: u64) -> Error {
    let key: Vec<_> = key.map(|(name, value)| format!("{name} {value}")).collect();
    let which = if key.is_empty() { "a row".to_owned() } else { format!("the row with {}", key.join(", ")) };
    Error::new(
        Kind::Source,
        format!("read table {table}"),
        format!("{which} has {bytes} bytes, more than the {LONGEST_ROW} that can be loaded again"),
    )
    .hint("Split its value, or exclude the table in the tenant map and back it up physically.")
}

/// What was found.
pub struct Opened {
    pub server: ServerFacts,
    pub inventory: Inventory,
    pub objects: Vec<StoredObject>,
    pub plans: Vec<TablePlan>,
    pub incarnations: Incarnations,
    pub primary: BTreeMap<String, Vec<String>>,
    /// The routes that are used.
    pub map: TenantMap,
    pub drift: Vec<Drift>,
    /// How its tenants are spelled.
    pub spelling: Spelling,
}

/// Looks at the server and at the database, and plans every table.
pub async fn open(request: &NativeRequest) -> Result<Opened> {
    let who = request.endpoint.shown();
    let database = &request.database;
    let mut control = request.endpoint.connect().await?;
    let server = inspect::server_facts(&mut control, &who, "").await?;
    let incarnations = Incarnations::read(&mut control, &who, server.family, database).await?;
    let inventory = inspect::inventory(&mut control, &who, server.family, database).await?;
    probe::refuse_if_blind(&mut control, &who, &server, database).await?;
    dump::refuse_foreign_sequences(&inventory, database.as_str())?;
    let objects = objects::read(&mut control, &who, database).await?;
    let mut session =
        Session { conn: &mut control, who: &who, attempt: format!("read the keys of {database}") };
    let keys = keys::read(&mut session, database).await?;
    refuse_if_moved(&inventory, &keys)?;
    let inferred;
    let map = if let Some(map) = &request.map {
        map
    } else {
        inferred = infer::infer(&inventory, &keys, &request.tenant_column);
        &inferred
    };
    let effective = drift::effective(map, &inventory, &keys);
    refuse_other_spelling(request, effective.spelling)?;
    let mut plans = Vec::new();
    for (number, table) in (0u32..).zip(&inventory.tables) {
        let route = effective.routes.get(&table.name).unwrap_or(&Route::Shared);
        if matches!(route, Route::Excluded { .. }) {
            continue;
        }
        let primary = keys.primary.get(&table.name).map(Vec::as_slice).unwrap_or_default();
        refuse_giants(&mut control, &who, request, table, primary).await?;
        plans.extend(TablePlan::new(
            number,
            table,
            route,
            &keys,
            effective.spelling,
            request.tenant.as_ref(),
        )?);
    }
    let rows = |name: &str| {
        inventory.tables.iter().find(|table| table.name == name).map_or(0, |table| table.rows_estimate)
    };
    for plan in &mut plans {
        plan.weigh(rows);
    }
    let mut used = map.clone();
    used.tables.retain(|table, mapping| {
        let Some(route) = effective.routes.get(table) else { return false };
        route.clone_into(&mut mapping.route);
        true
    });
    let primary = keys
        .primary
        .iter()
        .map(|(table, columns)| (table.clone(), columns.iter().map(|column| column.name.clone()).collect()))
        .collect();
    // Nothing more is asked of it; how the goodbye goes does not matter.
    let _closed = control.disconnect().await;
    Ok(Opened {
        server,
        inventory,
        objects,
        plans,
        incarnations,
        primary,
        map: used,
        drift: effective.drift,
        spelling: effective.spelling,
    })
}

/// Refuses a tenant in another spelling than that of the rows: what is stored under it would be somebody else's.
fn refuse_other_spelling(request: &NativeRequest, spelling: Spelling) -> Result<()> {
    let Some(tenant) = &request.tenant else { return Ok(()) };
    let spelled = spelling.key(tenant.as_str());
    if spelled.as_ref() == Some(tenant) {
        return Ok(());
    }
    let means = spelled.map_or_else(|| "nobody".to_owned(), |spelled| format!("tenant {spelled}"));
    Err(Error::new(
        Kind::Input,
        "back up one tenant",
        format!("{tenant} means {means} in {}", request.database),
    )
    .hint("Ask for the tenant by that key, as `holdfast tenant list` shows it."))
}

/// Refuses tables that went or were altered between two looks at them. The map is not to blame, so it is tried again.
pub fn refuse_if_moved(inventory: &Inventory, keys: &Keys) -> Result<()> {
    for table in &inventory.tables {
        let known = keys.columns.get(&table.name).map(Vec::as_slice).unwrap_or_default();
        if !known.iter().map(|column| &column.name).eq(table.columns.iter().map(|column| &column.name)) {
            let attempt = format!("look at table {}", table.name);
            return Err(Error::new(Kind::Source, attempt, "it was altered or dropped meanwhile")
                .later()
                .hint("It is tried again; if it stays so, wait until the deployment is over."));
        }
    }
    Ok(())
}

/// Reads what hands out numbers, when the snapshot has been opened: automatic numbers, into the inventory, and sequences.
/// One that has gone further than the rows is harmless, one that lags behind hands out numbers that the rows have used.
pub async fn numbers(
    request: &NativeRequest,
    server: &ServerFacts,
    inventory: &mut Inventory,
) -> Result<Vec<schema::Sequence>> {
    let (who, database) = (request.endpoint.shown(), &request.database);
    let mut conn = request.endpoint.connect().await?;
    inspect::counters(&mut conn, &who, server.family, database, inventory).await?;
    let sequences = schema::sequences(&mut conn, &who, database, inventory).await?;
    // Nothing more is asked of it; how the goodbye goes does not matter.
    let _closed = conn.disconnect().await;
    Ok(sequences)
}

/// Refuses a table with a row that could not be loaded again, and names the row: better before the run than in the
/// middle of the night. Only tables that can hold such a row are looked at.
async fn refuse_giants(
    conn: &mut Conn,
    who: &str,
    request: &NativeRequest,
    table: &Table,
    primary: &[KeyColumn],
) -> Result<()> {
    let wide: Vec<_> = table
        .columns
        .iter()
        .filter(|column| {
            let definition = column.definition.to_ascii_lowercase();
            !column.generated
                && ["longblob", "longtext", "json", "geometry"]
                    .iter()
                    .any(|kind| definition.starts_with(kind))
        })
        .map(|column| domain::sources::quote_identifier(&column.name))
        .collect();
    if wide.is_empty() || table.bytes_estimate < LONGEST_ROW {
        return Ok(());
    }
    let mut session = Session { conn, who, attempt: format!("look for giant rows in {}", table.name) };
    let limit = session.row("SELECT @@max_allowed_packet").await?;
    if inspect::number(&limit, 0) <= LONGEST_ROW {
        // The server itself sends no such row.
        return Ok(());
    }
    let length = wide.iter().map(|name| format!("COALESCE(LENGTH({name}),0)")).collect::<Vec<_>>().join("+");
    // The names by which a person finds it: those of the primary key, if there is one.
    let columns: Vec<&str> = if primary.is_empty() {
        table.columns.first().map(|column| column.name.as_str()).into_iter().collect()
    } else {
        primary.iter().map(|part| part.name.as_str()).collect()
    };
    let shown: Vec<_> = columns.iter().map(|name| domain::sources::quote_identifier(name)).collect();
    let name = domain::sources::quote_identifier(&table.name);
    let sql = format!(
        "SELECT {length}, {} FROM {}.{name} WHERE {length}>{LONGEST_ROW} LIMIT 1",
        shown.join(", "),
        request.database.quoted()
    );
    let Some(row) = session.rows(&sql, &[]).await?.into_iter().next() else { return Ok(()) };
    let key = columns.iter().enumerate().map(|(at, name)| (*name, inspect::text(&row, at + 1)));
    Err(too_long(&table.name, key, inspect::number(&row, 0)))
}

/// Opens the readers, and reads from them what the plans ask for.
pub async fn agree(
    request: &NativeRequest,
    server: &ServerFacts,
    mut plans: Vec<TablePlan>,
    cancel: &CancellationToken,
) -> Result<(Agreed, Vec<TablePlan>)> {
    let (endpoint, database, count) = (request.endpoint.clone(), request.database.clone(), request.readers);
    let (facts, cancel) = (server.clone(), cancel.clone());
    // A tenant's own rows are one piece.
    let count = if request.tenant.is_some() { 1 } else { count };
    let agreeing = tokio::task::spawn_blocking(move || {
        let mut agreed = agree::agree(&endpoint, &facts, &database, count, &cancel)?;
        for reader in &mut agreed.readers {
            sums::prepare(reader, &database)?;
        }
        parents::lead(&mut agreed.readers, &mut plans, &cancel)?;
        for plan in &mut plans {
            plan.count_narrowed();
        }
        Ok((agreed, plans))
    });
    agreeing.await.map_err(|error| task_failed("open a snapshot", error))?
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::*;
    use crate::{Retry, source::mysql::tenancy::testing::schema};

    #[test]
    fn a_table_that_is_altered_between_two_looks_is_looked_at_again() {
        let (inventory, _) = schema(&["a: id, TenantId"]);
        for later in [&["a: id, TenantId, more"][..], &["b: id"]] {
            let error = refuse_if_moved(&inventory, &schema(later).1).unwrap_err();
            assert_eq!((error.kind(), error.retry()), (Kind::Source, Retry::Later));
        }
    }
}
