//! Takes a physical backup.

use std::path::PathBuf;

use domain::{BackupId, SourceId};
use tokio::process::ChildStdout;
use tokio_util::io::InspectReader;

use super::{
    chain,
    content::PhysicalContent,
    witnessed::{log_window, witnessed},
};
use crate::{
    Error, Kind, Result,
    format::{
        Codec, Owner, VERSION, context::SegmentKind, header, index::IndexPart, keys::Place,
        manifest::Manifest,
    },
    pipeline::{
        Control, Receipt, Vault,
        archive::context,
        backup::prepare,
        count, failpoint,
        meter::Meter,
        phases::Phases,
        pour::pour,
        publish::{find_of, publish, read_back, store_index},
        remove::sweep_attempt,
        writer::{SegmentWriter, Written},
    },
    seal::secret::random_array,
    source::{
        SourceProgress,
        mysql::{
            connect::Endpoint,
            physical::{
                Workplace,
                copy::{self, Copying},
                preflight::{self, Ground},
                programs::engine_name,
                witness,
            },
        },
    },
};

/// What the new backup stands on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Parent {
    /// Nothing: a full backup.
    None,
    /// The newest physical backup of the source; there must be one.
    Newest,
    /// This one.
    Backup(BackupId),
}

/// What to back up, and where it goes in the vault.
pub struct PhysicalRequest {
    /// The place; a new attempt for every start.
    pub place: Place,
    /// Server and account.
    pub endpoint: Endpoint,
    /// Compression.
    pub codec: Codec,
    /// What it continues.
    pub parent: Parent,
    /// Whether the rows of the source are read at the copy's position, so that the copy can be compared with them.
    pub sums: bool,
    /// Where the programs are, if they are not in the usual places.
    pub programs: Option<PathBuf>,
    /// Where the copying program keeps its notes while it runs: little, but not nothing.
    pub scratch: PathBuf,
}

/// Takes a backup. On failure everything of this attempt is removed again, as far as the store allows.
pub async fn backup(vault: &Vault, request: &PhysicalRequest, control: &Control) -> Result<Receipt> {
    let result = run(vault, request, control).await;
    if result.as_ref().is_err_and(|error| error.kind() != Kind::Fenced) {
        // The first error is the one to report.
        let _ = sweep_attempt(vault, &request.place).await;
    }
    result
}

/// The parent, once it is known to fit.
struct Base {
    backup: BackupId,
    reached: u64,
}

async fn run(vault: &Vault, request: &PhysicalRequest, control: &Control) -> Result<Receipt> {
    let place = &request.place;
    let mut phases = Phases::new(control.clock.clone());
    phases.begin("prepare");
    let ground = preflight::preflight(&request.endpoint, request.programs.as_deref()).await?;
    let base = base(vault, request, &ground).await?;
    let workplace = Workplace::create(&request.scratch)?;
    let data_key = prepare(vault, place).await?;
    failpoint("slots.stored");

    phases.begin("snapshot");
    let family = ground.facts.family;
    let before = witness::databases(&request.endpoint, family).await?;
    let window = log_window(&request.endpoint).await?;
    if let Some(base) = base.as_ref().filter(|base| window.1 < base.reached) {
        return Err(Error::new(
            Kind::Input,
            format!("continue backup {}", base.backup),
            format!(
                "its log reached {}, and the server's is at {}: the server was set back since",
                base.reached, window.1
            ),
        )
        .hint("Take a full backup."));
    }
    let reached = base.as_ref().map(|base| base.reached);
    let (copying, stream) = copy::start(&ground, &request.endpoint, reached, workplace.path())?;
    let moment = witness::at_standstill(&request.endpoint, family, request.sums, copying.stage());
    failpoint("source.opened");

    phases.begin("copy");
    let progress = Meter::new(control, "copy");
    progress.expect(if reached.is_some() { 0 } else { ground.bytes });
    let (head, segment) = header::create(context(vault, place, SegmentKind::Data, request.codec), &data_key)?;
    let mut writer = SegmentWriter::new(vault, place.clone(), head, segment);
    let poured = copied(stream, &mut writer, request.codec, control, &progress, copying.stage()).await;
    let notes = match poured {
        // The program's own end says more than the broken pipe it left.
        Ok(()) => copying.finish(&control.cancel).await,
        Err(error) if error.kind() == Kind::Source => Err(ended(copying, control).await.unwrap_or(error)),
        Err(error) => {
            drop(copying);
            Err(error)
        }
    };
    let notes = match notes {
        Ok(notes) => notes,
        Err(error) => {
            writer.abort().await;
            moment.abort();
            return Err(error);
        }
    };
    workplace.remove()?;
    failpoint("dump.read");

    phases.begin("compare");
    progress.phase("compare");
    let seed = u64::from_be_bytes(random_array()?);
    let moment = moment.await.ok().flatten();
    let witnessed = witnessed(request, &ground, &notes, before, window, moment, seed, control).await;
    let witnessed = match witnessed {
        Ok(witnessed) => witnessed,
        Err(error) => {
            writer.abort().await;
            return Err(error);
        }
    };
    failpoint("dump.checked");

    phases.begin("store");
    progress.phase("store");
    let Written { packs, index } = writer.finish().await?;
    let (plain_bytes, frames) = (index.plain_bytes, index.frames.len() as u64);
    let tables = witnessed.databases.iter().map(|database| database.inventory.tables.len()).sum();
    let objects = witnessed.databases.iter().map(|database| database.objects.len()).sum();
    let parent = base.map(|base| base.backup);
    let (server_version, client_version) =
        (ground.facts.version.clone(), ground.facts.client_version.clone());
    let content = PhysicalContent {
        server: ground.facts,
        data_directory: ground.data_directory.display().to_string(),
        parent,
        log: notes.log,
        settings: ground.settings,
        settled: witnessed.settled,
        proof: witnessed.proof,
        seed,
        databases: witnessed.databases,
        notes: witnessed.notes,
    };
    let index = store_index(vault, place, &data_key, &IndexPart { segments: vec![index], content }).await?;
    failpoint("index.stored");
    for object in packs.iter().chain([&index]) {
        read_back(vault, object).await?;
    }
    refuse_without_keys(vault, place).await?;
    let manifest = Manifest {
        format: "HFA1".into(),
        version: u32::from(VERSION),
        installation: vault.installation(),
        owner: place.owner.clone(),
        source: place.source,
        backup: place.backup,
        attempt: place.attempt,
        kind: if parent.is_some() { "incremental" } else { "full" }.into(),
        parent,
        engine: engine_name(family).into(),
        created_at: control.clock.now(),
        coordinate: witnessed.coordinate,
        server_version,
        client_version,
        holdfast_version: env!("CARGO_PKG_VERSION").into(),
        codec: request.codec,
        plain_bytes,
        frames,
        segments: 1,
        packs,
        index,
    };
    publish(vault, manifest, count(tables), count(objects), phases, control).await
}

/// The backup with this id and what it remembers, if one of its attempts was published.
pub async fn find(
    vault: &Vault,
    owner: &Owner,
    source: SourceId,
    backup: BackupId,
) -> Result<Option<(Receipt, PhysicalContent)>> {
    find_of(vault, owner, source, backup, |content: &PhysicalContent| {
        let tables = content.databases.iter().map(|database| database.inventory.tables.len()).sum();
        (tables, content.databases.iter().map(|database| database.objects.len()).sum())
    })
    .await
}

/// Finds the parent, and checks that this server can continue it.
async fn base(vault: &Vault, request: &PhysicalRequest, ground: &Ground) -> Result<Option<Base>> {
    let source = request.place.source;
    let found = match request.parent {
        Parent::None => return Ok(None),
        Parent::Newest => chain::newest(vault, source).await?,
        Parent::Backup(id) => chain::published(vault, &request.place.owner, source, id).await?,
    };
    let attempt = "find what to continue";
    let Some(place) = found else {
        return Err(Error::new(Kind::Input, attempt, "the vault has no such physical backup of this server")
            .hint("Take a full backup first."));
    };
    let chain = chain::open(vault, &place).await?;
    let Some(newest) = chain.last() else {
        return Err(Error::new(Kind::Input, attempt, "its chain is empty"));
    };
    let content = &newest.archive.index.content;
    if content.server.server_uuid != ground.facts.server_uuid || content.server.family != ground.facts.family
    {
        return Err(Error::new(
            Kind::Input,
            attempt,
            format!("backup {} is of another server", place.backup),
        )
        .hint("Take a full backup."));
    }
    if content.server.series() != ground.facts.series() {
        return Err(Error::new(
            Kind::Input,
            attempt,
            format!(
                "backup {} is of version {}, and the server is {} by now",
                place.backup, content.server.version, ground.facts.version
            ),
        )
        .hint("Take a full backup after an upgrade."));
    }
    Ok(Some(Base { backup: place.backup, reached: content.log.to }))
}

/// Moves the stream into the segment, but not at the price of a server that stands still.
async fn copied(
    stream: ChildStdout,
    writer: &mut SegmentWriter<'_>,
    codec: Codec,
    control: &Control,
    progress: &Meter,
    stage: tokio::sync::watch::Receiver<copy::Stage>,
) -> Result<()> {
    let (told, mut bytes) = (progress.listener(), 0u64);
    let mut stream = InspectReader::new(stream, |new: &[u8]| {
        bytes += new.len() as u64;
        told(SourceProgress { bytes, ..SourceProgress::default() });
    });
    tokio::select! {
        poured = pour(&mut stream, writer, codec, control, progress) => poured,
        error = copy::too_long(stage) => Err(error),
        () = control.cancel.cancelled() => Err(Error::cancelled("back up")),
    }
}

async fn ended(copying: Copying, control: &Control) -> Option<Error> {
    copying.finish(&control.cancel).await.err()
}

/// Keys that somebody removed meanwhile make everything unreadable.
async fn refuse_without_keys(vault: &Vault, place: &Place) -> Result<()> {
    if vault.storage().head(&place.slots(1)?, None).await?.is_some() {
        return Ok(());
    }
    Err(Error::new(
        Kind::Key,
        format!("publish backup {}", place.backup),
        "its keys were removed while it was made",
    )
    .later())
}
