//! What the source itself says while its files are copied: definitions, and sums over its rows at the copy's position.
//!
//! For a moment the copying program holds all commits back. Connections that open their snapshots in that moment see
//! exactly what the copy will show once it is prepared; whether they did is not believed but compared, by the
//! position in the binary log that both sides state. So equal rows are proven also under load. Where that fails, a
//! source in which nothing was written since gives the same proof; otherwise there are no sums, and that is said.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use domain::sources::{DatabaseName, ServerFamily};
use mysql_async::Conn;
use serde::{Deserialize, Serialize};
use tokio::sync::watch;
use tokio::task::{JoinHandle, JoinSet};
use tokio_util::sync::CancellationToken;

use super::copy::Stage;
use super::preflight;
use crate::source::inventory::{Inventory, StoredObject, Table};
use crate::source::mysql::connect::Endpoint;
use crate::source::mysql::inspect::{self, Session, text};
use crate::source::mysql::snapshot::{self, Position};
use crate::source::mysql::{objects, rows};
use crate::source::sums::{Method, SourceSums, TableSum};
use crate::{Error, Kind, Result};

/// Connections that read rows beside each other.
const READERS: usize = 2;

/// One database of a copied server.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DatabaseFacts {
    /// Its name.
    pub name: DatabaseName,
    /// Tables, columns, names of everything.
    pub inventory: Inventory,
    /// Views, triggers, routines and events.
    pub objects: Vec<StoredObject>,
    /// Rows and checksums of those tables that could be read at the copy's position.
    pub sums: SourceSums,
}

/// Names of all databases but the server's own.
pub async fn names(endpoint: &Endpoint) -> Result<Vec<DatabaseName>> {
    let who = endpoint.shown();
    let mut conn = endpoint.connect().await?;
    let mut session = Session { conn: &mut conn, who: &who, attempt: "list the databases".into() };
    let rows = session
        .rows(
            "SELECT SCHEMA_NAME FROM information_schema.SCHEMATA WHERE SCHEMA_NAME NOT IN \
             ('mysql','information_schema','performance_schema','sys') ORDER BY 1",
            &[],
        )
        .await?;
    let _closed = conn.disconnect().await;
    let name = |name: String| {
        DatabaseName::new(name.clone()).map_err(|error| {
            Error::new(
                Kind::Source,
                "list the databases",
                format!("{name:?} is no name that is accepted here: {error}"),
            )
        })
    };
    rows.iter().map(|row| name(text(row, 0))).collect()
}

/// Writes down what every database but the server's own consists of.
pub async fn databases(endpoint: &Endpoint, family: ServerFamily) -> Result<Vec<DatabaseFacts>> {
    let who = endpoint.shown();
    let mut conn = endpoint.connect().await?;
    let mut all = Vec::new();
    for name in names(endpoint).await? {
        let inventory = inspect::inventory(&mut conn, &who, family, &name).await?;
        let objects = objects::read(&mut conn, &who, &name).await?;
        all.push(DatabaseFacts { name, inventory, objects, sums: none() });
    }
    let _closed = conn.disconnect().await;
    Ok(all)
}

fn none() -> SourceSums {
    SourceSums { method: Method::Rows, tables: BTreeMap::new() }
}

/// Whether both describe the same definitions.
pub fn same_definitions(one: &[DatabaseFacts], other: &[DatabaseFacts]) -> bool {
    one.len() == other.len()
        && one.iter().zip(other).all(|(one, other)| {
            one.name == other.name
                && one.inventory.same_definitions(&other.inventory)
                && one.objects == other.objects
        })
}

/// Snapshots that were opened while nothing could be committed.
pub struct Moment {
    readers: Vec<Conn>,
    /// The server's clock then, in milliseconds.
    pub at: u64,
}

/// Opens snapshots as soon as the program holds commits back.
pub fn at_standstill(
    endpoint: &Endpoint,
    family: ServerFamily,
    read: bool,
    mut stage: watch::Receiver<Stage>,
) -> JoinHandle<Option<Moment>> {
    let endpoint = endpoint.clone();
    tokio::spawn(async move {
        stage.wait_for(|stage| *stage == Stage::Standstill).await.ok()?;
        let readers = snapshot::readers(&endpoint, family, if read { READERS } else { 0 });
        let (readers, at) = tokio::join!(readers, clock(&endpoint));
        // Why it failed does not matter: without it there is less proof, and that is said.
        Some(Moment { readers: readers.ok()?, at: at.ok()? })
    })
}

async fn clock(endpoint: &Endpoint) -> Result<u64> {
    let mut conn = endpoint.connect().await?;
    let at = preflight::clock(&mut conn, &endpoint.shown()).await?;
    let _closed = conn.disconnect().await;
    Ok(at)
}

/// Readers that see what the copy holds at `position`, if there are such.
pub async fn readers(
    endpoint: &Endpoint,
    family: ServerFamily,
    moment: Option<Moment>,
    position: &Position,
) -> Result<Option<Vec<Conn>>> {
    if let Some(mut moment) =
        moment.filter(|moment| !moment.readers.is_empty() && family == ServerFamily::Mariadb)
    {
        let wanted = (position.file.clone(), position.position);
        let mut all = true;
        for reader in &mut moment.readers {
            all = all && snapshot::of_snapshot(reader).await.as_ref() == Some(&wanted);
        }
        if all {
            return Ok(Some(moment.readers));
        }
    }
    if !is_still_at(endpoint, family, position).await? {
        return Ok(None);
    }
    let readers = snapshot::readers(endpoint, family, READERS).await?;
    Ok(is_still_at(endpoint, family, position).await?.then_some(readers))
}

/// Whether nothing was written to the binary log since.
pub async fn is_still_at(endpoint: &Endpoint, family: ServerFamily, position: &Position) -> Result<bool> {
    let who = endpoint.shown();
    let mut conn = endpoint.connect().await?;
    let now = snapshot::position(&mut conn, &who, family).await?;
    let _closed = conn.disconnect().await;
    Ok(now.is_some_and(|now| (&now.file, now.position) == (&position.file, position.position)))
}

type Queue = Mutex<Vec<(usize, Table)>>;

/// Sums all rows of all databases and writes the sums into them.
pub async fn sum(
    readers: Vec<Conn>,
    who: &str,
    databases: &mut [DatabaseFacts],
    seed: u64,
    cancel: &CancellationToken,
) -> Result<()> {
    let mut waiting: Vec<(usize, Table)> = databases
        .iter()
        .enumerate()
        .flat_map(|(number, database)| {
            database.inventory.tables.iter().map(move |table| (number, table.clone()))
        })
        .collect();
    // Largest first, taken from the end, so that the last one is not the longest.
    waiting.sort_by_key(|(_, table)| table.bytes_estimate);
    let queue: Arc<Queue> = Arc::new(Mutex::new(waiting));
    let names: Arc<Vec<DatabaseName>> =
        Arc::new(databases.iter().map(|database| database.name.clone()).collect());
    let mut tasks = JoinSet::new();
    for reader in readers {
        let (queue, names, who, cancel) =
            (Arc::clone(&queue), Arc::clone(&names), who.to_owned(), cancel.clone());
        tasks.spawn(async move {
            tokio::select! {
                sums = work(reader, &queue, &names, &who, seed) => sums,
                () = cancel.cancelled() => Err(Error::cancelled("sum the rows of the server")),
            }
        });
    }
    let mut all = Vec::new();
    while let Some(done) = tasks.join_next().await {
        all.extend(done.map_err(|error| {
            Error::new(Kind::Source, "sum the rows", "a reader broke off").later().caused_by(error)
        })??);
    }
    for (number, table, sum) in all {
        if let Some(database) = databases.get_mut(number) {
            database.sums.tables.insert(table, sum);
        }
    }
    Ok(())
}

async fn work(
    mut reader: Conn,
    queue: &Queue,
    names: &[DatabaseName],
    who: &str,
    seed: u64,
) -> Result<Vec<(usize, String, TableSum)>> {
    let mut sums = Vec::new();
    loop {
        let next = queue.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let Some((number, table)) = next else { break };
        let Some(name) = names.get(number) else { break };
        // Files bring back JSON as it is.
        let sum = rows::sum_table(&mut reader, who, name, &table, seed, false).await?;
        sums.push((number, table.name, sum));
    }
    // The sums are complete; how the goodbye goes does not matter.
    let _closed = reader.disconnect().await;
    Ok(sums)
}

/// Takes back the sums of tables that take part in no snapshot: what was read of them came later.
pub fn forget_loose(databases: &mut [DatabaseFacts]) {
    for DatabaseFacts { inventory, sums, .. } in databases {
        for table in inventory.inconsistent() {
            sums.tables.remove(&table.name);
        }
    }
}

/// Takes back all sums.
pub fn forget(databases: &mut [DatabaseFacts]) {
    for database in databases {
        database.sums = none();
    }
}
