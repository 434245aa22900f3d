//! The check at the end of a dump: everything that can go wrong silently is asked about aloud.
//!
//! Exit status, what the program said, its last line, the list of tables, the number of rows in each against
//! the snapshot, and whether definitions changed meanwhile. Each of these has failed alone in practice while
//! the others looked fine.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use async_trait::async_trait;
use domain::sources::{DatabaseName, ServerFamily};
use tokio_util::sync::CancellationToken;

use super::connect::Endpoint;
use super::native::incarnation::Incarnations;
use super::rows::Summing;
use super::stream::Shared;
use super::{faults, inspect, objects};
use crate::source::DumpEnd;
use crate::source::inventory::{Inventory, StoredObject};
use crate::source::sums::{Method, SourceSums};
use crate::source::tool::{OptionFile, Running};
use crate::{Error, Kind, Result};

/// Changed things that are named at most.
const NAMED: usize = 5;

/// A dump under way.
pub(super) struct MysqldumpEnd {
    pub running: Running,
    /// Kept until the program has ended.
    pub _options: OptionFile,
    pub shared: Arc<Shared>,
    pub summing: Option<Summing>,
    pub endpoint: Endpoint,
    pub database: DatabaseName,
    pub family: ServerFamily,
    pub inventory: Inventory,
    pub objects: Vec<StoredObject>,
    pub cancel: CancellationToken,
}

#[async_trait]
impl DumpEnd for MysqldumpEnd {
    async fn finish(self: Box<Self>) -> Result<SourceSums> {
        let this = *self;
        let who = this.endpoint.shown();
        let database = this.database.as_str();
        if this.cancel.is_cancelled() {
            return Err(Error::cancelled(format!("dump {database}")));
        }
        if !this.shared.get().ended {
            return Err(broken(database, "its output was not read to the end"));
        }
        check_exit(this.running, &this.cancel, &who, database).await?;
        check_whole(&this.shared, &this.inventory, database)?;
        let dumped = dumped_sums(&this.shared, &this.inventory);
        let sums = match this.summing {
            None => dumped,
            Some(summing) => {
                let sums = summing.finish().await?;
                check_rows(&sums, &dumped, &this.inventory, database)?;
                sums
            }
        };
        check_unchanged(
            &this.endpoint,
            &who,
            this.family,
            &this.database,
            &this.inventory,
            &this.objects,
            None,
        )
        .await?;
        Ok(sums)
    }
}

fn broken(database: &str, message: impl Into<String>) -> Error {
    Error::new(Kind::Source, format!("dump {database}"), message).later()
}

/// Waits for the program, and judges its exit status and what it said.
pub(super) async fn check_exit(
    running: Running,
    cancel: &CancellationToken,
    who: &str,
    database: &str,
) -> Result<()> {
    let exit = running.wait(cancel).await?;
    let complaint = exit.stderr.lines().find(|line| {
        let line = line.to_ascii_lowercase();
        line.contains("error") && !line.contains("[warning]") && !line.starts_with("-- warning")
    });
    if exit.status.success() && complaint.is_none() {
        if !exit.stderr.trim().is_empty() {
            let said = faults::ended(&exit);
            tracing::warn!(database, said, "the dump program had something to say");
        }
        return Ok(());
    }
    Err(match faults::from_exit(&format!("dump {database}"), who, &exit) {
        Some(error) => error,
        // MySQL's program says this where a column came or went under it, without a number.
        None if exit.stderr.contains("Error in field count") => {
            faults::from_code(format!("dump {database}"), who, 1412, exit.stderr.trim())
        }
        None => broken(database, format!("the dump program {}", faults::ended(&exit)))
            .hint("It is tried again. If it stays so, look at the server's error log at that time."),
    })
}

/// The last line, and every table once.
pub(super) fn check_whole(shared: &Shared, inventory: &Inventory, database: &str) -> Result<()> {
    let state = shared.get();
    if !state.lexer.complete {
        return Err(broken(database, "the dump stops before its last line"));
    }
    let expected: BTreeSet<&str> = inventory.tables.iter().map(|table| table.name.as_str()).collect();
    let found: BTreeSet<&str> = state.lexer.created.iter().map(String::as_str).collect();
    if expected != found || found.len() != state.lexer.created.len() {
        let names = |mut names: Vec<&str>| {
            names.truncate(5);
            names.join(", ")
        };
        let missing = names(expected.difference(&found).copied().collect());
        let surplus = names(found.difference(&expected).copied().collect());
        return Err(broken(
            database,
            format!("the dump has other tables than the database (missing: {missing}; surplus: {surplus})"),
        )
        .hint("Tables were created or dropped while it ran; it is tried again."));
    }
    let sequences: BTreeSet<&str> = state.lexer.sequences.iter().map(String::as_str).collect();
    if sequences != inventory.sequences.iter().map(String::as_str).collect() {
        return Err(broken(database, "the dump has other sequences than the database"));
    }
    if let Some(stray) = state.lexer.tuples.keys().find(|name| !expected.contains(name.as_str())) {
        return Err(broken(
            database,
            format!("the dump has rows of a table {stray} that it does not create"),
        ));
    }
    Ok(())
}

/// Rows and sums of the dump's own tuples, tables without rows included.
pub(super) fn dumped_sums(shared: &Shared, inventory: &Inventory) -> SourceSums {
    let state = shared.get();
    let of = |name: &String| state.lexer.tuples.get(name).cloned().unwrap_or_default();
    let tables: BTreeMap<_, _> =
        inventory.tables.iter().map(|table| (table.name.clone(), of(&table.name))).collect();
    SourceSums { method: Method::DumpTuples, tables }
}

/// The dump must have as many rows of each table as the snapshot. Tables outside the snapshot may differ; they
/// are reported as not consistent.
fn check_rows(sums: &SourceSums, dumped: &SourceSums, inventory: &Inventory, database: &str) -> Result<()> {
    for table in inventory.tables.iter().filter(|table| table.transactional) {
        let rows = |of: &SourceSums| of.tables.get(&table.name).map_or(0, |sum| sum.rows);
        if rows(sums) != rows(dumped) {
            return Err(broken(
                database,
                format!("the dump has {} rows of {}, the snapshot {}", rows(dumped), table.name, rows(sums)),
            ));
        }
    }
    Ok(())
}

/// Definitions must be what they were when reading began, and so must what names mean, where the caller knows that.
pub async fn check_unchanged(
    endpoint: &Endpoint,
    who: &str,
    family: ServerFamily,
    database: &DatabaseName,
    inventory: &Inventory,
    objects: &[StoredObject],
    incarnations: Option<&Incarnations>,
) -> Result<()> {
    let mut conn = endpoint.connect().await?;
    let now = inspect::inventory(&mut conn, who, family, database).await?;
    let objects_now = objects::read(&mut conn, who, database).await?;
    let mut changed = now.changed(inventory);
    if let Some(before) = incarnations {
        changed.extend(before.changed(&Incarnations::read(&mut conn, who, family, database).await?));
    }
    let _closed = conn.disconnect().await;
    for object in objects_now
        .iter()
        .chain(objects)
        .filter(|object| !(objects_now.contains(object) && objects.contains(object)))
    {
        changed.insert(object.name.clone());
    }
    // Their order may say something, too.
    if changed.is_empty() && objects_now == objects {
        return Ok(());
    }
    let more = changed.len().saturating_sub(NAMED);
    let mut names = changed.into_iter().take(NAMED).collect::<Vec<_>>().join(", ");
    if more > 0 {
        names.push_str(&format!(" and {more} more"));
    }
    Err(broken(database.as_str(), format!("definitions changed while it was being read: {names}"))
        .hint("It is tried again; if it stays so, back up outside deployments."))
}
