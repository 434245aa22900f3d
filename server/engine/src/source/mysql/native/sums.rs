//! Sums over the rows of a database as the native engine makes them, without a dump: to compare what was restored.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
};

use domain::{sources::DatabaseName, spelling::Spelling, tenancy::Route};
use tokio_util::sync::CancellationToken;
use xxhash_rust::xxh3::xxh3_128_with_seed;

use super::{pieces::Pieces, plan::TablePlan};
use crate::{
    Error, Kind, Result,
    source::{
        inventory::Inventory,
        mysql::{connect::Endpoint, inspect::Session, tenancy::keys, wire::Wire},
        sums::{Method, SourceSums, Sum, TableSum},
    },
};

/// Statements by which a connection reads `database` at a snapshot of its own.
pub fn prepare(wire: &mut Wire, database: &DatabaseName) -> Result<()> {
    let attempt = format!("prepare to read {database}");
    wire.run(format!("USE {}", database.quoted()), &attempt)?;
    wire.run("SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ", &attempt)?;
    wire.run("SET SESSION character_set_results=NULL", &attempt)?;
    Ok(())
}

/// Reads every row of `database` over `readers` connections. Nobody may write to it meanwhile.
pub async fn read(
    endpoint: &Endpoint,
    database: &DatabaseName,
    inventory: &Inventory,
    seed: u64,
    readers: usize,
    cancel: &CancellationToken,
) -> Result<SourceSums> {
    let who = endpoint.shown();
    let mut conn = endpoint.connect().await?;
    let mut session = Session { conn: &mut conn, who: &who, attempt: format!("read the keys of {database}") };
    let keys = keys::read(&mut session, database).await?;
    let _closed = conn.disconnect().await;
    let mut plans = Vec::new();
    for (number, table) in (0u32..).zip(&inventory.tables) {
        plans.extend(TablePlan::new(number, table, &Route::Shared, &keys, Spelling::default(), None)?);
    }
    let pieces = Arc::new(Pieces::new(plans));
    let sums = Arc::new(Mutex::new(BTreeMap::<String, TableSum>::new()));
    for table in &inventory.tables {
        sums.lock().unwrap_or_else(PoisonError::into_inner).insert(table.name.clone(), TableSum::default());
    }
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..readers.max(1) {
        let (pieces, sums) = (Arc::clone(&pieces), Arc::clone(&sums));
        let (endpoint, database, cancel) = (endpoint.clone(), database.clone(), cancel.clone());
        tasks.spawn_blocking(move || one(&endpoint, &database, &pieces, &sums, seed, &cancel));
    }
    while let Some(done) = tasks.join_next().await {
        done.map_err(|error| {
            Error::new(Kind::Source, "sum the rows", "a reader broke off").later().caused_by(error)
        })??;
    }
    let tables = std::mem::take(&mut *sums.lock().unwrap_or_else(PoisonError::into_inner));
    Ok(SourceSums { method: Method::TextRows, tables })
}

fn one(
    endpoint: &Endpoint,
    database: &DatabaseName,
    pieces: &Pieces,
    sums: &Mutex<BTreeMap<String, TableSum>>,
    seed: u64,
    cancel: &CancellationToken,
) -> Result<()> {
    let mut wire = Wire::connect(endpoint)?;
    prepare(&mut wire, database)?;
    while let Some((reading, chunk)) = pieces.next(&mut wire)? {
        if cancel.is_cancelled() {
            return Err(Error::cancelled("sum the rows"));
        }
        let (mut rows, mut sum) = (0u64, Sum::default());
        let attempt = format!("sum the rows of {}", reading.plan.name);
        wire.rows(reading.plan.statement(&chunk), &attempt, &mut |row| {
            rows += 1;
            sum.add(xxh3_128_with_seed(row, seed));
            if rows.is_multiple_of(4096) && cancel.is_cancelled() {
                return Err(Error::cancelled("sum the rows"));
            }
            Ok(())
        })?;
        pieces.finished(reading, rows);
        let mut all = sums.lock().unwrap_or_else(PoisonError::into_inner);
        let table = all.entry(reading.plan.name.clone()).or_default();
        table.rows += rows;
        table.sum.merge(sum);
    }
    Ok(())
}
