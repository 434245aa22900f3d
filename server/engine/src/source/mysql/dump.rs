//! The engine over the server's own dump program.
//!
//! It is asked for base tables and rows only, and its text is handed on byte for byte. What makes it a backup
//! is around it: snapshots at one position ([`super::snapshot`]), a lexer that reads along ([`super::lexer`]),
//! sums over the rows, and the end check.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use domain::sources::{Coordinate, ServerFamily};
use mysql_async::Conn;
use tokio_util::sync::CancellationToken;

use super::clients::{Clients, Pair};
use super::end::MysqldumpEnd;
use super::rows::Summing;
use super::snapshot::{self, Lock, Position};
use super::stream::DumpStream;
use super::{inspect, objects, probe};
use crate::source::inventory::{Inventory, ServerFacts};
use crate::source::tool::{OptionFile, Running, Tool};
use crate::source::{Engine, OpenRequest, OpenSource, Proof};
use crate::{Error, Kind, Result};

/// How often one position is tried for.
const TRIES: u32 = 4;

/// The first implementation, and the reference for all others.
pub struct Mysqldump {
    clients: Arc<Clients>,
    readers: usize,
}

impl Mysqldump {
    /// With these programs; `readers` connections sum rows beside the dump (at least one).
    pub fn new(clients: Arc<Clients>, readers: usize) -> Self {
        Self { clients, readers: readers.max(1) }
    }
}

/// A dump whose snapshot is open.
struct Opened {
    running: Running,
    stream: DumpStream,
    options: OptionFile,
    readers: Vec<Conn>,
    coordinate: Coordinate,
    proof: Proof,
}

#[async_trait]
impl Engine for Mysqldump {
    fn name(&self) -> &'static str {
        "mysqldump"
    }

    async fn open(&self, request: OpenRequest<'_>) -> Result<OpenSource> {
        let who = request.endpoint.shown();
        let cancel = request.cancel.clone();
        let opening = self.open_uncancelled(request, who);
        tokio::select! {
            opened = opening => opened,
            () = cancel.cancelled() => Err(Error::cancelled("open the database")),
        }
    }
}

impl Mysqldump {
    async fn open_uncancelled(&self, request: OpenRequest<'_>, who: String) -> Result<OpenSource> {
        let OpenRequest { endpoint, database, .. } = request;
        let mut control = endpoint.connect().await?;
        let family = inspect::server_facts(&mut control, &who, "").await?.family;
        let pair = self.clients.pair(family)?;
        let facts = inspect::server_facts(&mut control, &who, &pair.version).await?;
        let inventory = inspect::inventory(&mut control, &who, family, database).await?;
        probe::refuse_if_blind(&mut control, &who, &facts, database).await?;
        refuse_foreign_sequences(&inventory, database.as_str())?;
        let objects = objects::read(&mut control, &who, database).await?;

        let mut opened = None;
        for attempt in 1..=TRIES {
            let last = attempt == TRIES;
            opened = self.try_open(&request, &who, &mut control, &facts, pair, &inventory, last).await?;
            if opened.is_some() {
                break;
            }
            tokio::time::sleep(Duration::from_millis(300 * u64::from(attempt))).await;
        }
        let Some(opened) = opened else {
            return Err(Error::new(
                Kind::Source,
                format!("open {database}"),
                "no consistent moment could be found",
            )
            .later());
        };
        // Nothing more is asked of it; how the goodbye goes does not matter.
        let _closed = control.disconnect().await;

        let summing = (opened.proof == Proof::SamePosition).then(|| {
            let (seed, cancel) = (request.seed, &request.cancel);
            Summing::start(opened.readers, &who, database, &inventory, seed, true, cancel)
        });
        let end = MysqldumpEnd {
            running: opened.running,
            _options: opened.options,
            shared: opened.stream.shared(),
            summing,
            endpoint: endpoint.clone(),
            database: database.clone(),
            family,
            inventory: inventory.clone(),
            objects: objects.clone(),
            cancel: request.cancel.clone(),
        };
        Ok(OpenSource {
            coordinate: opened.coordinate,
            proof: opened.proof,
            server: facts,
            inventory,
            objects,
            dump: Box::new(opened.stream),
            end: Box::new(end),
        })
    }

    /// One try: `None` if the positions differ and another try may help. The last try settles for less proof.
    #[expect(clippy::too_many_arguments, reason = "one step of open, split off for its length")]
    async fn try_open(
        &self,
        request: &OpenRequest<'_>,
        who: &str,
        control: &mut Conn,
        facts: &ServerFacts,
        pair: &Pair,
        inventory: &Inventory,
        last: bool,
    ) -> Result<Option<Opened>> {
        let family = facts.family;
        let lock = snapshot::lock(control, who).await?;
        if lock == Lock::Busy && !last {
            return Ok(None);
        }
        let opening = async {
            let before = snapshot::position(control, who, family).await?;
            let readers = self.readers.min(inventory.tables.len());
            let readers = snapshot::readers(request.endpoint, family, readers).await?;
            let (running, options) = start(request, family, pair, inventory, before.is_some())?;
            let mut stream = DumpStream::new(request, &inventory.tables);
            let mut running = running;
            stream.attach(&mut running, who).await?;
            let after = snapshot::position(control, who, family).await?;
            Ok::<_, Error>((before, after, readers, running, options, stream))
        };
        let opening = tokio::time::timeout(snapshot::HOLD, opening).await;
        if lock == Lock::Held {
            snapshot::unlock(control, who).await?;
        }
        let Ok(opening) = opening else {
            let error = Error::new(
                Kind::Source,
                format!("open {}", request.database),
                "the server took too long to open a snapshot",
            );
            return if last { Err(error.later()) } else { Ok(None) };
        };
        let (before, after, mut readers, running, options, stream) = opening?;

        let dumped = stream.position();
        let equal = match lock {
            Lock::Held => before == after && same(dumped.as_ref(), before.as_ref()),
            Lock::Denied | Lock::Busy => all_at(dumped.as_ref(), &mut readers, family).await,
        };
        // MySQL without the lock can never prove it; more tries would not help.
        let hopeless = lock == Lock::Denied && (family == ServerFamily::Mysql || dumped.is_none());
        if !equal && !last && !hopeless {
            return Ok(None);
        }
        let proof = if equal { Proof::SamePosition } else { Proof::DumpRows };
        // Only a position that belongs to this very dump is worth recording.
        let position = match (dumped, before) {
            (Some((file, position)), before) => {
                let known = before.filter(|before| before.file == file && before.position == position);
                match known {
                    Some(known) => Some(known),
                    None => Some(Position {
                        gtid: snapshot::gtid_of(control, &file, position).await,
                        file,
                        position,
                    }),
                }
            }
            (None, before) => before.filter(|_| equal),
        };
        let coordinate = snapshot::coordinate(control, who, facts, position).await?;
        Ok(Some(Opened { running, stream, options, readers, coordinate, proof }))
    }
}

fn same(dumped: Option<&(String, u64)>, before: Option<&Position>) -> bool {
    match (dumped, before) {
        (Some((file, position)), Some(before)) => *file == before.file && *position == before.position,
        (Some(_), None) => false,
        // The client notes no position where it would need a lock of its own; ours stood still.
        (None, _) => true,
    }
}

/// Whether the dump and all readers say the same position of themselves.
async fn all_at(dumped: Option<&(String, u64)>, readers: &mut [Conn], family: ServerFamily) -> bool {
    let (Some(dumped), ServerFamily::Mariadb) = (dumped, family) else { return false };
    for reader in readers {
        if snapshot::of_snapshot(reader).await.as_ref() != Some(dumped) {
            return false;
        }
    }
    true
}

/// Starts the dump program of `pair`. `note_position` asks it for its own position, where that needs no lock.
fn start(
    request: &OpenRequest<'_>,
    family: ServerFamily,
    pair: &Pair,
    inventory: &Inventory,
    note_position: bool,
) -> Result<(Running, OptionFile)> {
    let options = request.endpoint.options(family).write()?;
    let tool = command(&options, family, pair, request.database.as_str(), inventory, note_position);
    Ok((tool.start()?, options))
}

/// The command line. It holds names, never a password.
pub(super) fn command(
    options: &OptionFile,
    family: ServerFamily,
    pair: &Pair,
    database: &str,
    inventory: &Inventory,
    note_position: bool,
) -> Tool {
    let mut tool = Tool::new(&pair.dump).argument(options.argument()).arguments([
        "--single-transaction",
        "--skip-lock-tables",
        "--quick",
        "--hex-blob",
        "--skip-triggers",
        "--no-tablespaces",
        "--skip-add-drop-table",
        "--tz-utc",
        "--comments",
        "--default-character-set=utf8mb4",
        "--max-allowed-packet=1G",
    ]);
    tool = match family {
        // Reads the position from its own snapshot, without a lock.
        ServerFamily::Mariadb if note_position => tool.argument("--master-data=2"),
        ServerFamily::Mariadb => tool,
        // The GTIDs of the source must not be stamped onto whatever server a copy is loaded on.
        // Newer programs also read the server's masking policies, which take rights on the server's own tables;
        // older ones do not know the switch, which `loose` forgives.
        ServerFamily::Mysql => tool.arguments(["--set-gtid-purged=OFF", "--loose-skip-masking-policies"]),
    };
    let names: Vec<&str> = inventory
        .tables
        .iter()
        .map(|table| table.name.as_str())
        .chain(inventory.sequences.iter().map(String::as_str))
        .collect();
    if names.is_empty() {
        // An empty list of tables would mean all of them, views too.
        tool = tool.arguments(inventory.views.iter().map(|view| format!("--ignore-table={database}.{view}")));
    }
    tool.argument("--").argument(database).arguments(names)
}

/// MariaDB prints a default that draws from a sequence with the database's name in it, so that the table cannot
/// live anywhere else.
pub fn refuse_foreign_sequences(inventory: &Inventory, database: &str) -> Result<()> {
    if inventory.sequences.is_empty() {
        return Ok(());
    }
    let prefix = format!("nextval({}.", domain::sources::quote_identifier(database));
    match inventory.tables.iter().find(|table| table.create_sql.contains(&prefix)) {
        None => Ok(()),
        Some(table) => Err(Error::new(
            Kind::Source,
            format!("open {database}"),
            format!(
                "table {} takes a default from a sequence, which MariaDB ties to this database's name",
                table.name
            ),
        )
        .hint("Use AUTO_INCREMENT for that column; such a table cannot be restored under another name.")),
    }
}

/// Runs a dump of `database` only to sum its tuples; nothing is kept.
pub(super) async fn tuple_sums(
    clients: &Clients,
    endpoint: &super::connect::Endpoint,
    database: &domain::sources::DatabaseName,
    family: ServerFamily,
    inventory: &Inventory,
    seed: u64,
    cancel: &CancellationToken,
) -> Result<crate::source::sums::SourceSums> {
    let request =
        OpenRequest { endpoint, database, seed, cancel: cancel.clone(), progress: Arc::new(|_| ()) };
    let (mut running, options) = start(&request, family, clients.pair(family)?, inventory, false)?;
    let mut stream = DumpStream::new(&request, &inventory.tables);
    stream.attach(&mut running, &endpoint.shown()).await?;
    let copied = tokio::io::copy(&mut stream, &mut tokio::io::sink()).await;
    super::end::check_exit(running, cancel, &endpoint.shown(), database.as_str()).await?;
    copied.map_err(|error| {
        Error::new(Kind::Source, format!("read {database} again"), "the dump broke off")
            .later()
            .caused_by(error)
    })?;
    drop(options);
    let shared = stream.shared();
    super::end::check_whole(&shared, inventory, database.as_str())?;
    Ok(super::end::dumped_sums(&shared, inventory))
}
