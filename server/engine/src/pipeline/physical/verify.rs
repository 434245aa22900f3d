//! Proves that a physical backup can be restored: unpacks the chain, applies the logs, starts a private server on the
//! result, checks every page of every table, and compares everything with what was written down at the source.

use std::path::PathBuf;

use domain::backups::{Evidence, Progress};

use super::{assemble, chain, content::PhysicalContent, evidence};
use crate::{
    Result,
    format::keys::Place as BackupPlace,
    pipeline::{Control, Vault, failpoint, phases::Phases},
    source::mysql::{
        clients::{ClientPaths, Clients},
        compare::{self, Comparison, Original},
        inspect::{self, Session, text},
        physical::{Programs, Workplace, server::PrivateServer, unpack},
    },
};

/// Tables of the private server that are read at the same time.
const READERS: usize = 2;

/// Where a copy is unpacked for a while.
#[derive(Debug, Clone)]
pub struct Place {
    /// A directory with room for the whole server, in clear: choose a disk that may hold that.
    pub scratch: PathBuf,
    /// Where the programs are, if they are not in the usual places.
    pub programs: Option<PathBuf>,
}

/// One database of the copy, compared and checked.
pub(super) struct Compared {
    pub name: String,
    pub comparison: Comparison,
    /// Tables that the server itself calls damaged, and how.
    pub damaged: Vec<(String, String)>,
}

/// Verifies the backup at `backup`. A difference is evidence, not an error; an error means that nothing was proven
/// either way.
pub async fn verify(
    vault: &Vault,
    backup: &BackupPlace,
    place: &Place,
    control: &Control,
) -> Result<Evidence> {
    let mut phases = Phases::new(control.clock.clone());
    phases.begin("open");
    let workplace = Workplace::create(&place.scratch)?;
    let links = chain::open(vault, backup).await?;
    let family = links
        .last()
        .map_or(domain::sources::ServerFamily::Mariadb, |link| link.archive.index.content.server.family);
    let programs = Programs::find(family, place.programs.as_deref()).await?;
    unpack::refuse_without_room(&place.scratch, assemble::room(&links))?;
    let base = workplace.directory("data")?;
    let beside = workplace.path().join("increment");
    let content = assemble::assemble(vault, links, &programs, &base, &beside, &mut phases, control).await?;

    phases.begin("start");
    (control.progress)(Progress { phase: "start".into(), ..Progress::default() });
    let version = content.server.version.clone();
    let server =
        PrivateServer::start(&programs, &version, &content.settings, &base, &workplace, &control.cancel)
            .await?;
    failpoint("physical.started");
    phases.begin("compare");
    let compared = compared(&server, &content, control).await;
    phases.begin("clean up");
    server.stop().await;
    let removed = workplace.remove();
    let (databases, all, extra) = compared?;
    let mut evidence = evidence::evidence(&content, &databases, all, &extra, phases);
    if let Err(error) = removed {
        evidence.remarks.push(format!("the scratch copy was left behind and will be swept: {error}"));
    }
    Ok(evidence)
}

/// Every database that was written down, the version of the server, and databases that nobody wrote down.
async fn compared(
    server: &PrivateServer,
    content: &PhysicalContent,
    control: &Control,
) -> Result<(Vec<Compared>, String, Vec<String>)> {
    let endpoint = &server.endpoint;
    // Only dumps would need programs; rows are read directly.
    let clients = Clients::detect(&ClientPaths::default()).await;
    let who = endpoint.shown();
    let mut conn = endpoint.connect().await?;
    let facts = inspect::server_facts(&mut conn, &who, "").await?;
    let here = crate::source::mysql::physical::witness::names(endpoint).await?;
    let mut all = Vec::new();
    let tables: usize = content.databases.iter().map(|database| database.inventory.tables.len()).sum();
    let mut done = 0;
    for database in &content.databases {
        control.stop_if_cancelled("compare the copy")?;
        (control.progress)(Progress {
            phase: "compare".into(),
            tables: crate::pipeline::count(done),
            tables_expected: crate::pipeline::count(tables),
            table: Some(database.name.to_string()),
            ..Progress::default()
        });
        done += database.inventory.tables.len();
        if !here.contains(&database.name) {
            continue;
        }
        let mut session =
            Session { conn: &mut conn, who: &who, attempt: format!("check the tables of {}", database.name) };
        let mut damaged = Vec::new();
        for table in &database.inventory.tables {
            control.stop_if_cancelled("check the copy")?;
            let quoted = domain::sources::quote_identifier(&table.name);
            let answers = session
                .rows(&format!("CHECK TABLE {}.{quoted} EXTENDED", database.name.quoted()), &[])
                .await?;
            let wrong = answers.iter().find(|row| {
                let kind = text(row, 2).to_ascii_lowercase();
                kind == "error"
                    || kind == "warning"
                    || (kind == "status" && !text(row, 3).eq_ignore_ascii_case("ok"))
            });
            if let Some(row) = wrong {
                damaged.push((table.name.clone(), text(row, 3)));
            }
        }
        let original = Original {
            server: &content.server,
            inventory: &database.inventory,
            objects: &database.objects,
            sums: &database.sums,
            seed: content.seed,
        };
        let comparison =
            compare::compare(original, endpoint, &database.name, &clients, READERS, &control.cancel).await?;
        all.push(Compared { name: database.name.to_string(), comparison, damaged });
    }
    let _closed = conn.disconnect().await;
    let known = |name: &&domain::sources::DatabaseName| {
        content.databases.iter().any(|database| database.name == **name)
    };
    let extra = here.iter().filter(|name| !known(name)).map(ToString::to_string).collect();
    Ok((all, facts.version, extra))
}
