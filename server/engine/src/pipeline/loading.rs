//! Loading an archive into a database and comparing it: the common road of verification and restore.

use std::sync::Arc;

use domain::{
    ByteSize,
    backups::{Evidence, FloatColumn, ObjectDifference, Progress, Proof, TableEvidence},
    restores::Part,
    sources::{DatabaseName, ServerFamily},
};

use super::{Control, DatabaseContent, Vault, archive::Archive, native::restore, phases::Phases, reader};
use crate::{
    Error, Kind, Result,
    format::keys::Place,
    source::{
        self,
        mysql::{
            clients::Clients,
            compare::{self, Comparison, Original},
            connect::Endpoint,
            create::{self, Events, ObjectFailure},
            load,
            owners::Owners,
        },
    },
};

/// A server to restore on.
#[derive(Clone)]
pub struct Target {
    /// Server and account. The account makes schemas and one-shot accounts; dumps are never loaded under it.
    pub endpoint: Endpoint,
    /// The client programs of this machine.
    pub clients: Arc<Clients>,
}

/// Tables of a server that is read again at the same time.
const READERS: usize = 2;

/// Checks that the archive and the target belong to one family and that nothing newer is loaded into older.
pub(super) async fn family(content: &DatabaseContent, target: &Target) -> Result<ServerFamily> {
    let mut conn = target.endpoint.connect().await?;
    let who = target.endpoint.shown();
    let facts = source::mysql::inspect::server_facts(&mut conn, &who, "").await?;
    let _closed = conn.disconnect().await;
    let attempt = format!("restore {} on {who}", content.database);
    if facts.family != content.server.family {
        let message = format!("it was taken from {}, and this is {}", content.server.family, facts.family);
        return Err(Error::new(Kind::Input, attempt, message).hint("Choose a server of the same family."));
    }
    if major(&facts.version) < major(&content.server.version) {
        let message = format!(
            "it was taken from version {}, and this is the older {}",
            content.server.version, facts.version
        );
        return Err(
            Error::new(Kind::Input, attempt, message).hint("Choose a server of the same or a newer version.")
        );
    }
    Ok(facts.family)
}

/// The first two numbers of a version.
fn major(version: &str) -> (u32, u32) {
    let mut numbers = version.split(|c: char| !c.is_ascii_digit()).map(|part| part.parse().unwrap_or(0));
    (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0))
}

/// Where it is loaded.
pub(super) struct Into<'a> {
    pub database: &'a DatabaseName,
    pub family: ServerFamily,
    pub clients: &'a Clients,
    /// Loads the dump: may touch the database and nothing else.
    pub loader: &'a Endpoint,
    /// Owns views, triggers, routines and events.
    pub owner: &'a Endpoint,
    /// Whom these belong to instead.
    pub owners: &'a Owners,
    pub events: Events,
    /// What of it.
    pub only: &'a Part,
}

/// What became of it.
pub(super) struct Outcome {
    pub comparison: Comparison,
    pub failures: Vec<ObjectFailure>,
    pub content: DatabaseContent,
    /// Why the client ran without a sandbox, if it did.
    pub without_sandbox: Option<String>,
    /// Bytes that were read from the vault for a part of the backup, and those of all of it.
    pub read: Option<(ByteSize, ByteSize)>,
}

/// Loads everything and compares it with what the archive remembers of the source.
pub(super) async fn load_and_compare(
    vault: &Vault,
    place: &Place,
    mut archive: Archive,
    target: Into<'_>,
    phases: &mut Phases,
    control: &Control,
) -> Result<Outcome> {
    let chosen = match &archive.index.content.split {
        Some(_) => Some(restore::part::choose(vault, place, &mut archive, target.only).await?),
        None if target.only.is_everything() => None,
        None => {
            return Err(Error::new(
                Kind::Input,
                "choose what to restore",
                "this backup is one stream of SQL, of which no part can be taken alone",
            )
            .hint("Restore all of it, or choose a backup that was taken by the engine of Holdfast's own."));
        }
    };
    let content = archive.index.content.clone();
    let tables = u32::try_from(content.inventory.tables.len()).unwrap_or(u32::MAX);
    let start = Progress {
        phase: "load".into(),
        bytes_expected: Some(archive.manifest.plain_bytes),
        tables_expected: tables,
        stored_bytes: archive.manifest.stored_bytes(),
        ..Progress::default()
    };
    phases.begin("load");
    (control.progress)(start.clone());
    let whole = ByteSize(archive.manifest.stored_bytes());
    let mut read = None;
    let loaded = if let (Some(chosen), Some(split)) = (chosen, &content.split) {
        let into =
            restore::Target { loader: target.loader, database: target.database, family: target.family };
        let blocks = Arc::clone(&chosen.blocks);
        let bytes =
            restore::load(&content, split, chosen.blocks, &chosen.tables, into, start.clone(), control)
                .await?;
        if !target.only.is_everything() {
            read = Some((ByteSize(blocks.bytes_read()), whole));
        }
        load::Loaded { bytes, without_sandbox: None }
    } else {
        by_client(vault, place, archive, &target, &start, control).await?
    };
    control.stop_if_cancelled("restore")?;

    phases.begin("objects");
    (control.progress)(Progress { phase: "objects".into(), bytes: loaded.bytes, ..start.clone() });
    let made =
        create::create(target.owner, target.database, &content.objects, target.owners, target.events).await?;
    control.stop_if_cancelled("restore")?;

    phases.begin("compare");
    (control.progress)(Progress { phase: "compare".into(), bytes: loaded.bytes, ..start });
    let original = Original {
        server: &content.server,
        inventory: &content.inventory,
        objects: &content.objects,
        sums: &content.sums,
        seed: content.seed,
    };
    let comparison =
        compare::compare(original, target.owner, target.database, target.clients, READERS, &control.cancel)
            .await?;
    // Last: a view whose owner has no right here is printed in another way, and nothing could be built on it.
    let failures = made.give(target.owner, target.database, target.owners).await?;
    Ok(Outcome { comparison, failures, content, without_sandbox: loaded.without_sandbox, read })
}

/// Feeds one stream of SQL to the stock client.
async fn by_client(
    vault: &Vault,
    place: &Place,
    archive: Archive,
    target: &Into<'_>,
    start: &Progress,
    control: &Control,
) -> Result<load::Loaded> {
    let mut plain = reader::plain(vault, place, archive).await?;
    let told = |bytes: u64| (control.progress)(Progress { bytes, ..start.clone() });
    let into = load::Target {
        endpoint: target.loader,
        database: target.database,
        family: target.family,
        clients: target.clients,
        cancel: &control.cancel,
    };
    load::load(into, &mut plain, &told).await.map_err(|error| inner(error, "load the backup"))
}

/// The engine's own error at the bottom of a broken stream says more than that it broke.
pub(super) fn inner(error: Error, attempt: &str) -> Error {
    let mut cause: Option<&(dyn std::error::Error + 'static)> = std::error::Error::source(&error);
    while let Some(current) = cause {
        if let Some(found) = current.downcast_ref::<Error>() {
            let mut copy = Error::new(found.kind(), attempt, found.to_string());
            if let Some(hint) = found.advice() {
                copy = copy.hint(hint);
            }
            return if found.retry() == crate::Retry::Later { copy.later() } else { copy };
        }
        // `io::Error` hides its inner error from `source`.
        cause = match current.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref) {
            Some(hidden) => Some(hidden as &(dyn std::error::Error + 'static)),
            None => current.source(),
        };
    }
    error
}

/// What the comparison says, in the words of the catalog.
pub(super) fn evidence(outcome: &Outcome, phases: Phases) -> Evidence {
    let Outcome { comparison, failures, content, without_sandbox, read } = outcome;
    let tables = comparison.tables.iter().map(|table| TableEvidence {
        table: table.table.clone(),
        rows_source: table.rows_source.unwrap_or(0),
        rows_restored: table.rows_target.unwrap_or(0),
        equal: table.equal,
        floats: table
            .float_columns
            .iter()
            .map(|float| FloatColumn {
                column: float.column.clone(),
                equal_to_six_digits: float.equal_to_six_digits,
                bit_exact: float.bit_exact,
            })
            .collect(),
    });
    let differs = |names: &[String], difference: &str| -> Vec<ObjectDifference> {
        names.iter().map(|name| difference_of(name, difference)).collect()
    };
    let lost = comparison
        .tables
        .iter()
        .filter(|table| table.rows_target.is_none() || table.rows_source.is_none())
        .map(|table| {
            let difference = if table.rows_target.is_none() { "missing" } else { "extra" };
            ObjectDifference {
                kind: "table".into(),
                name: table.table.clone(),
                difference: difference.into(),
            }
        });
    let definitions = comparison
        .tables
        .iter()
        .filter(|table| !table.definition_equal && comparison.definitions_compared)
        .map(|table| ObjectDifference {
            kind: "table definition".into(),
            name: table.table.clone(),
            difference: "different".into(),
        });
    let mut differences = differs(&comparison.objects.missing, "missing");
    differences.extend(differs(&comparison.objects.extra, "extra"));
    differences.extend(differs(&comparison.objects.different, "different"));
    differences.extend(lost);
    differences.extend(definitions);
    let mut remarks: Vec<String> = failures
        .iter()
        .map(|failure| {
            format!(
                "{} {} could not be created: {}",
                failure.kind.sql().to_lowercase(),
                failure.name,
                failure.message
            )
        })
        .collect();
    if !comparison.definitions_compared {
        remarks.push(
            "definitions were not compared word for word: it was restored on a server of another series, which \
             prints them differently"
                .into(),
        );
    }
    let inconsistent: Vec<&str> = content.inventory.inconsistent().map(|table| table.name.as_str()).collect();
    if !inconsistent.is_empty() {
        remarks.push(format!(
            "not transactional, so not part of the consistent read: {}",
            inconsistent.join(", ")
        ));
    }
    remarks.extend(content.lost());
    if let Some((read, whole)) = read {
        remarks.push(format!("{read} of the backup's {whole} were read from the vault"));
    }
    if let Some(why) = without_sandbox {
        remarks.push(format!("the loading client ran without a sandbox of its own: {why}"));
    }
    Evidence {
        proof: match content.proof {
            source::Proof::SamePosition => Proof::SamePosition,
            source::Proof::DumpRows => Proof::DumpRows,
        },
        equal: comparison.equal && failures.is_empty(),
        tables: tables.collect(),
        objects: u32::try_from(comparison.objects.source).unwrap_or(u32::MAX),
        differences,
        server: comparison.target_version.clone(),
        phases: phases.finish().into_iter().map(|phase| (phase.name, phase.took_ms)).collect(),
        remarks,
    }
}

/// Splits `view risk_summary` into its kind and its name.
fn difference_of(name: &str, difference: &str) -> ObjectDifference {
    let (kind, name) = name.split_once(' ').unwrap_or(("object", name));
    ObjectDifference { kind: kind.to_lowercase(), name: name.to_owned(), difference: difference.to_owned() }
}
