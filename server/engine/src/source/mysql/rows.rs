//! Reads every row of a database and sums it, beside the dump.
//!
//! Rows come one at a time through the binary protocol; memory holds the largest row, not the table. Several
//! connections share the tables, largest first, so that the last one is not the longest.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use domain::sources::{DatabaseName, quote_identifier};
use mysql_async::prelude::Queryable;
use mysql_async::{Conn, Row, Value};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::faults;
use super::native::json::{self, Narrowed};
use crate::source::inventory::{Inventory, Table};
use crate::source::sums::{Method, RowSummer, SourceSums, TableSum};
use crate::{Error, Kind, Result};

/// Sums that are being made. Dropping it stops the reading.
pub struct Summing {
    tasks: JoinSet<Result<BTreeMap<String, TableSum>>>,
}

impl Summing {
    /// Starts reading all tables of `inventory` over `readers`, whatever transaction each is in; `narrowed` counts
    /// besides what of their JSON a dump cannot bring back.
    pub fn start(
        readers: Vec<Conn>,
        who: &str,
        database: &DatabaseName,
        inventory: &Inventory,
        seed: u64,
        narrowed: bool,
        cancel: &CancellationToken,
    ) -> Self {
        let mut tables = inventory.tables.clone();
        tables.sort_by_key(|table| table.bytes_estimate);
        let queue = Arc::new(Mutex::new(tables));
        let mut tasks = JoinSet::new();
        for reader in readers {
            let (queue, who, database, cancel) =
                (Arc::clone(&queue), who.to_owned(), database.clone(), cancel.clone());
            tasks.spawn(async move {
                tokio::select! {
                    sums = work(reader, &queue, &who, &database, seed, narrowed) => sums,
                    () = cancel.cancelled() => Err(Error::cancelled(format!("sum the rows of {database}"))),
                }
            });
        }
        Self { tasks }
    }

    /// Waits for all of them.
    pub async fn finish(mut self) -> Result<SourceSums> {
        let mut tables = BTreeMap::new();
        while let Some(done) = self.tasks.join_next().await {
            let part = done.map_err(|error| {
                Error::new(Kind::Source, "sum the rows", "a reader broke off").later().caused_by(error)
            })??;
            tables.extend(part);
        }
        Ok(SourceSums { method: Method::Rows, tables })
    }
}

/// Makes a connection return values exactly as they are stored, for as long as it takes.
pub async fn prepare(conn: &mut Conn, who: &str) -> Result<()> {
    conn.query_drop("SET SESSION character_set_results=NULL")
        .await
        .map_err(|error| faults::from_driver("prepare to read rows", who, error))
}

async fn work(
    mut reader: Conn,
    queue: &Mutex<Vec<Table>>,
    who: &str,
    database: &DatabaseName,
    seed: u64,
    narrowed: bool,
) -> Result<BTreeMap<String, TableSum>> {
    let mut sums = BTreeMap::new();
    loop {
        let next = queue.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let Some(table) = next else { break };
        let sum = sum_table(&mut reader, who, database, &table, seed, narrowed).await?;
        sums.insert(table.name, sum);
    }
    // The sums are complete; how the goodbye goes does not matter.
    let _closed = reader.disconnect().await;
    Ok(sums)
}

/// Sums a table; `narrowed` counts besides what of its JSON a dump cannot bring back.
pub(super) async fn sum_table(
    conn: &mut Conn,
    who: &str,
    database: &DatabaseName,
    table: &Table,
    seed: u64,
    narrowed: bool,
) -> Result<TableSum> {
    let attempt = format!("sum the rows of {database}.{}", table.name);
    let failed = |error| faults::from_driver(attempt.clone(), who, error);
    // Named one by one, because a star leaves out invisible columns.
    let mut columns: Vec<_> = table
        .columns
        .iter()
        .map(|column| match column.definition.as_str() {
            "json" => json::as_loaded(&quote_identifier(&column.name)),
            _ => quote_identifier(&column.name),
        })
        .collect();
    let counted = if narrowed { json::counted(table) } else { Vec::new() };
    if !counted.is_empty() {
        columns.push(json::narrowed("", &counted));
    }
    let sql =
        format!("SELECT {} FROM {}.{}", columns.join(","), database.quoted(), quote_identifier(&table.name));
    let mut summer =
        RowSummer::new(seed, table.columns.iter().map(|column| (column.name.as_str(), column.class)));
    let mut result = conn.exec_iter(sql, ()).await.map_err(failed)?;
    let mut digits = Narrowed::default();
    while let Some(row) = result.next().await.map_err(failed)? {
        let row = Row::unwrap(row);
        summer.add(&row);
        if let Some(Value::Bytes(more)) = row.get(table.columns.len()) {
            digits.add(more);
        }
    }
    drop(result);
    Ok(TableSum { narrowed: digits.by_column(&counted), ..summer.finish() })
}
