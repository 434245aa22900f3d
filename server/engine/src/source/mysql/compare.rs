//! Compares a restored database with what was written down of its source.

use std::collections::{BTreeMap, BTreeSet};

use domain::sources::{DatabaseName, ServerFamily};
use serde::{Deserialize, Serialize};
use tokio_util::sync::CancellationToken;

use super::clients::Clients;
use super::connect::Endpoint;
use super::rows::Summing;
use super::{dump, inspect, native, new_database, objects, snapshot};
use crate::Result;
use crate::source::inventory::{ColumnClass, Inventory, ServerFacts, StoredObject, Table, series};
use crate::source::sums::{Method, SourceSums, TableSum};

/// What a restored database must equal.
#[derive(Clone, Copy)]
pub struct Original<'a> {
    /// The server it came from.
    pub server: &'a ServerFacts,
    /// What it consisted of.
    pub inventory: &'a Inventory,
    /// Its views, triggers, routines and events.
    pub objects: &'a [StoredObject],
    /// Its sums.
    pub sums: &'a SourceSums,
    /// The secret under which they were made.
    pub seed: u64,
}

/// The outcome. It becomes evidence: fields may be added, none may change its meaning.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Comparison {
    /// What the sums are over.
    pub method: Method,
    /// Version of the server that it was restored on.
    pub target_version: String,
    /// Table by table, those of either side.
    pub tables: Vec<TableComparison>,
    /// Views, triggers, routines and events.
    pub objects: ObjectComparison,
    /// Whether definitions were compared word for word; between servers of different series they are printed
    /// differently.
    pub definitions_compared: bool,
    /// Whether the same sequences exist (MariaDB).
    pub sequences_equal: bool,
    /// Everything equal but for what a dump cannot bring back and what is listed as such.
    pub equal: bool,
}

/// One table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TableComparison {
    /// Its name.
    pub table: String,
    /// Rows at the source; none if the source does not have the table.
    pub rows_source: Option<u64>,
    /// Rows here; none if it was not restored.
    pub rows_target: Option<u64>,
    /// Whether rows and sums are equal.
    pub equal: bool,
    /// Whether SHOW CREATE TABLE says the same, the next automatic number aside.
    pub definition_equal: bool,
    /// Whether the source's engine takes part in a snapshot.
    pub consistent: bool,
    /// Columns that a dump may not bring back bit for bit.
    pub float_columns: Vec<FloatComparison>,
}

/// A FLOAT or DOUBLE column, or one computed from FLOAT.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FloatComparison {
    /// Its name.
    pub column: String,
    /// Which of the three.
    pub class: ColumnClass,
    /// FLOAT: equal to six significant digits, all that the client program prints. DOUBLE: equal but for the
    /// sign of zero. Computed: whatever comes of the FLOAT, always true.
    pub equal_to_six_digits: bool,
    /// Equal in every bit.
    pub bit_exact: bool,
}

/// Views, triggers, routines and events, as `kind name`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ObjectComparison {
    /// How many the source has.
    pub source: usize,
    /// How many are equal.
    pub equal: usize,
    /// Not restored.
    pub missing: Vec<String>,
    /// Not at the source.
    pub extra: Vec<String>,
    /// Restored, but not the same.
    pub different: Vec<String>,
}

impl Comparison {
    /// What is not equal, one line each, for people.
    pub fn differences(&self) -> Vec<String> {
        let mut lines = Vec::new();
        for table in &self.tables {
            let name = &table.table;
            match (table.rows_source, table.rows_target) {
                (Some(_), None) => lines.push(format!("table {name} is missing")),
                (None, _) => lines.push(format!("table {name} is not at the source")),
                (Some(source), Some(target)) if source != target => {
                    lines.push(format!("table {name} has {target} rows instead of {source}"));
                }
                _ if !table.equal => lines.push(format!("table {name} has other contents")),
                _ => {}
            }
            if self.definitions_compared && !table.definition_equal && table.rows_target.is_some() {
                lines.push(format!("table {name} is defined differently"));
            }
            let columns = table.float_columns.iter().filter(|column| !column.equal_to_six_digits);
            lines.extend(
                columns.map(|column| {
                    format!("column {} of {name} differs in its first six digits", column.column)
                }),
            );
        }
        for (names, what) in [
            (&self.objects.missing, "is missing"),
            (&self.objects.extra, "is not at the source"),
            (&self.objects.different, "is defined differently"),
        ] {
            lines.extend(names.iter().map(|name| format!("{name} {what}")));
        }
        if !self.sequences_equal {
            lines.push("the sequences are others".into());
        }
        lines
    }
}

/// Reads `database` at `endpoint` and compares.
pub async fn compare(
    original: Original<'_>,
    endpoint: &Endpoint,
    database: &DatabaseName,
    clients: &Clients,
    readers: usize,
    cancel: &CancellationToken,
) -> Result<Comparison> {
    let who = endpoint.shown();
    let mut conn = endpoint.connect().await?;
    let facts = inspect::server_facts(&mut conn, &who, "").await?;
    let mut inventory = inspect::inventory(&mut conn, &who, facts.family, database).await?;
    let stored = objects::read(&mut conn, &who, database).await?;
    let _closed = conn.disconnect().await;
    let mut sums = match original.sums.method {
        Method::Rows => {
            rows(endpoint, facts.family, database, &inventory, original.seed, readers, cancel).await?
        }
        Method::TextRows => {
            native::sums::read(endpoint, database, &inventory, original.seed, readers, cancel).await?
        }
        Method::DumpTuples => {
            dump::tuple_sums(clients, endpoint, database, facts.family, &inventory, original.seed, cancel)
                .await?
        }
    };
    // While it is compared, a new database still carries the mark of who makes it.
    inventory.tables.retain(|table| !new_database::is_mark(&table.name));
    sums.tables.retain(|table, _| !new_database::is_mark(table));
    Ok(judge(original, &facts, &inventory, &stored, &sums))
}

async fn rows(
    endpoint: &Endpoint,
    family: ServerFamily,
    database: &DatabaseName,
    inventory: &Inventory,
    seed: u64,
    readers: usize,
    cancel: &CancellationToken,
) -> Result<SourceSums> {
    let readers = readers.max(1).min(inventory.tables.len());
    let readers = snapshot::readers(endpoint, family, readers).await?;
    Summing::start(readers, &endpoint.shown(), database, inventory, seed, false, cancel).finish().await
}

/// A definition without character sets that a collation beside them implies. MySQL prints those that somebody wrote; a
/// definition that was printed and carried out has them written, where the original has them from its database.
pub fn as_implied(create: &str) -> String {
    const SET: &str = " CHARACTER SET ";
    let (mut text, mut rest) = (String::with_capacity(create.len()), create);
    while let Some((before, after)) = rest.split_once(SET) {
        text.push_str(before);
        let end = after.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(after.len());
        let (name, tail) = after.split_at(end);
        let collation = tail.strip_prefix(" COLLATE ").and_then(|collation| collation.strip_prefix(name));
        if !collation.is_some_and(|rest| rest.starts_with('_')) {
            text.push_str(SET);
            text.push_str(name);
        }
        rest = tail;
    }
    text.push_str(rest);
    text
}

fn judge(
    original: Original<'_>,
    target: &ServerFacts,
    inventory: &Inventory,
    stored: &[StoredObject],
    sums: &SourceSums,
) -> Comparison {
    let definitions_compared = original.server.family == target.family
        && series(&original.server.version) == series(&target.version);
    let here: BTreeMap<&str, &Table> =
        inventory.tables.iter().map(|table| (table.name.as_str(), table)).collect();
    let there: BTreeMap<&str, &Table> =
        original.inventory.tables.iter().map(|table| (table.name.as_str(), table)).collect();
    let names: BTreeSet<&str> = here.keys().chain(there.keys()).copied().collect();
    let tables: Vec<_> = names
        .into_iter()
        .map(|name| {
            let (source, target) = (original.sums.tables.get(name), sums.tables.get(name));
            TableComparison {
                table: name.to_owned(),
                rows_source: source.map(|sum| sum.rows),
                rows_target: target.map(|sum| sum.rows),
                equal: matches!((source, target), (Some(source), Some(target)) if equal_rows(source, target)),
                definition_equal: there.get(name).map(|table| as_implied(&table.create_sql))
                    == here.get(name).map(|table| as_implied(&table.create_sql)),
                consistent: there.get(name).is_some_and(|table| table.transactional),
                float_columns: source
                    .zip(target)
                    .map(|(source, target)| floats(source, target))
                    .unwrap_or_default(),
            }
        })
        .collect();
    let objects = compare_objects(original.objects, stored, definitions_compared);
    let tables_equal = tables.iter().all(|table| {
        table.equal
            && (table.definition_equal || !definitions_compared)
            && table.float_columns.iter().all(|column| column.equal_to_six_digits)
    });
    let sequences_equal = original.inventory.sequences == inventory.sequences;
    let equal = tables_equal
        && objects.missing.is_empty()
        && objects.extra.is_empty()
        && objects.different.is_empty()
        && sequences_equal;
    Comparison {
        method: sums.method,
        target_version: target.version.clone(),
        tables,
        objects,
        definitions_compared,
        sequences_equal,
        equal,
    }
}

fn equal_rows(source: &TableSum, target: &TableSum) -> bool {
    source.rows == target.rows && source.sum == target.sum
}

fn floats(source: &TableSum, target: &TableSum) -> Vec<FloatComparison> {
    let all = source.columns.iter().map(|column| {
        let other = target.columns.iter().find(|other| other.column == column.column);
        FloatComparison {
            column: column.column.clone(),
            class: column.class,
            equal_to_six_digits: column.class != ColumnClass::Float
                || other.is_some_and(|other| other.six_digits == column.six_digits),
            bit_exact: other.is_some_and(|other| other.exact == column.exact),
        }
    });
    // A DOUBLE that came back exactly, as it should, is nothing to report.
    all.filter(|column| column.class != ColumnClass::Double || !column.bit_exact).collect()
}

fn compare_objects(
    source: &[StoredObject],
    target: &[StoredObject],
    word_for_word: bool,
) -> ObjectComparison {
    let key = |object: &StoredObject| format!("{} {}", object.kind.sql().to_lowercase(), object.name);
    let here: BTreeMap<String, &StoredObject> = target.iter().map(|object| (key(object), object)).collect();
    let mut comparison = ObjectComparison { source: source.len(), ..ObjectComparison::default() };
    let mut seen = BTreeSet::new();
    for object in source {
        let name = key(object);
        match here.get(&name) {
            None => comparison.missing.push(name.clone()),
            Some(other) if !word_for_word || same_object(object, other) => comparison.equal += 1,
            Some(_) => comparison.different.push(name.clone()),
        }
        seen.insert(name);
    }
    comparison.extra = here.keys().filter(|name| !seen.contains(*name)).cloned().collect();
    comparison
}

/// Everything but the definer, the status of events, and the character set that a text was declared in: none
/// of them is brought back on purpose (see [`super::create`]).
fn same_object(source: &StoredObject, target: &StoredObject) -> bool {
    source.create_sql == target.create_sql
        && source.sql_mode == target.sql_mode
        && source.collation == target.collation
        && source.table == target.table
        && source.order == target.order
        && source.time_zone == target.time_zone
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_collation_implies_makes_no_difference() {
        let printed = "`a` varchar(9) COLLATE utf8mb4_unicode_ci";
        let again = "`a` varchar(9) CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci";
        assert_eq!(as_implied(again), printed);
        assert_eq!(as_implied(printed), printed);
        for other in ["`a` text CHARACTER SET latin1", "`a` text CHARACTER SET utf8mb3 COLLATE utf8mb4_bin"] {
            assert_eq!(as_implied(other), other);
        }
    }
}
