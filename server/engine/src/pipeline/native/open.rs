//! Before the first row: what is there, how it is led, and readers that stand at one snapshot.

use std::collections::BTreeMap;

use domain::tenancy::{Drift, Route, TenantMap};
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
            native::{parents, plan::TablePlan, schema, sums},
            objects, probe,
            tenancy::{drift, infer, keys},
        },
    },
};

/// A row longer than this is not read, in bytes: with its SQL it must still fit into a statement of the largest size
/// that any server takes.
const LONGEST_ROW: u64 = 400 << 20;

/// What was found.
pub struct Opened {
    pub server: ServerFacts,
    pub inventory: Inventory,
    pub objects: Vec<StoredObject>,
    pub sequences: Vec<schema::Sequence>,
    pub plans: Vec<TablePlan>,
    pub primary: BTreeMap<String, Vec<String>>,
    /// The routes that are used.
    pub map: TenantMap,
    pub drift: Vec<Drift>,
}

/// Looks at the server and at the database, and plans every table.
pub async fn open(request: &NativeRequest) -> Result<Opened> {
    let who = request.endpoint.shown();
    let database = &request.database;
    let mut control = request.endpoint.connect().await?;
    let server = inspect::server_facts(&mut control, &who, "").await?;
    let inventory = inspect::inventory(&mut control, &who, server.family, database).await?;
    probe::refuse_if_blind(&mut control, &who, &server, database).await?;
    dump::refuse_foreign_sequences(&inventory, database.as_str())?;
    let objects = objects::read(&mut control, &who, database).await?;
    let sequences = schema::sequences(&mut control, &who, database, &inventory).await?;
    let mut session =
        Session { conn: &mut control, who: &who, attempt: format!("read the keys of {database}") };
    let keys = keys::read(&mut session, database).await?;
    let inferred;
    let map = if let Some(map) = &request.map {
        map
    } else {
        inferred = infer::infer(&inventory, &keys, &request.tenant_column);
        &inferred
    };
    let effective = drift::effective(map, &inventory, &keys);
    let mut plans = Vec::new();
    for (number, table) in (0u32..).zip(&inventory.tables) {
        let route = effective.routes.get(&table.name).unwrap_or(&Route::Shared);
        if matches!(route, Route::Excluded { .. }) {
            continue;
        }
        refuse_giants(&mut control, &who, request, table).await?;
        plans.extend(TablePlan::new(number, table, route, &keys, request.tenant.as_ref())?);
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
    Ok(Opened { server, inventory, objects, sequences, plans, primary, map: used, drift: effective.drift })
}

/// Refuses a table with a row that could not be loaded again, and names the row: better before the run than in the
/// middle of the night. Only tables that can hold such a row are looked at.
async fn refuse_giants(conn: &mut Conn, who: &str, request: &NativeRequest, table: &Table) -> Result<()> {
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
    let first = domain::sources::quote_identifier(
        table.columns.first().map(|column| column.name.as_str()).unwrap_or_default(),
    );
    let name = domain::sources::quote_identifier(&table.name);
    let sql = format!(
        "SELECT {first}, {length} FROM {}.{name} WHERE {length}>{LONGEST_ROW} LIMIT 1",
        request.database.quoted()
    );
    let Some(row) = session.rows(&sql, &[]).await?.into_iter().next() else { return Ok(()) };
    Err(Error::new(
        Kind::Source,
        format!("read table {}", table.name),
        format!(
            "the row with {first} {} has {} bytes, more than the {LONGEST_ROW} that can be loaded again",
            inspect::text(&row, 0),
            inspect::number(&row, 1),
        ),
    )
    .hint("Split its value, or exclude the table in the tenant map and back it up physically."))
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
        Ok((agreed, plans))
    });
    agreeing.await.map_err(|error| task_failed("open a snapshot", error))?
}
