//! From a request to its preview.

use std::sync::Arc;

use domain::{
    backups::Progress,
    restores::{Difference, TableDifference, TenantRestore},
    sources::DatabaseName,
    spelling::Spelling,
    tenancy::TenantKey,
};
use tokio::{runtime::Handle, sync::mpsc};

use super::{
    super::{
        Control, Vault,
        archive::Archive,
        count, failpoint,
        meter::Meter,
        native::{
            blocks::Blocks,
            layout::Layout,
            owners::Owners,
            sink,
            whose::{Whose, parts_of},
        },
        remove::sweep_attempt,
    },
    RestorePlace,
    changes::{self, Changes},
    choose::{self, Choice, Compared},
    compare::Comparing,
    content::{Content, Side, TableChange},
    look::{Live, look},
    references::{References, When},
    rights,
    sides::{self, BackupRows},
    stopping::{Stopping, blocking, check},
    triggers,
    writer::{ChangeWriter, Numbers},
};
use crate::{
    Error, Kind, Result,
    format::{Codec, keys::Place},
    source::mysql::{connect::Endpoint, wire::Wire},
    storage::PutMode,
};

/// Blocks on their way to the store. A giant row is one block, so that few of them are held at a time.
const ON_THE_WAY: usize = 1;

/// Computes what putting a tenant's rows back would change, and stores it sealed at `at`.
///
/// Only the tenant's part of the backup is read. The live database is read at one snapshot; nothing is locked and
/// nothing changed there. On failure what was stored is removed again.
pub async fn plan_tenant_restore(
    vault: &Vault,
    backup: &Place,
    wish: &TenantRestore,
    live: &Endpoint,
    database: &DatabaseName,
    at: &RestorePlace,
    control: &Control,
) -> Result<Difference> {
    let place = at.place(&wish.tenant);
    let result = run(vault, backup, wish, live, database, &place, control).await;
    if result.as_ref().is_err_and(|error| error.kind() != Kind::Fenced) {
        // The first error is the one to report.
        let _ = sweep_attempt(vault, &place).await;
    }
    result
}

async fn run(
    vault: &Vault,
    backup: &Place,
    wish: &TenantRestore,
    endpoint: &Endpoint,
    database: &DatabaseName,
    place: &Place,
    control: &Control,
) -> Result<Difference> {
    let attempt = "plan the restore of a tenant";
    if backup.backup != wish.backup_id {
        return Err(Error::new(Kind::Input, attempt, "the place is that of another backup"));
    }
    let phase = |phase: &str| (control.progress)(Progress { phase: phase.into(), ..Progress::default() });
    phase("open");
    let archive = Archive::open(vault, backup).await?;
    let content = &archive.index.content;
    let split = content.split.as_ref().ok_or_else(|| {
        Error::new(Kind::Input, attempt, "the backup is not split by tenant")
            .hint("Choose a backup of the native engine; this one can be restored into a new database only.")
    })?;
    let spelled = split.spelled(&wish.tenant);
    if spelled != wish.tenant {
        // What is stored under another spelling would not go with the tenant's key.
        return Err(Error::new(Kind::Input, attempt, format!("{} is tenant {spelled} there", wish.tenant))
            .hint("Ask for the tenant by that key, as `holdfast tenant list` shows it."));
    }
    let blocks = Arc::new(Blocks::open(vault, backup, &archive, &Whose::Tenant(wish.tenant.clone())).await?);
    phase("look");
    let looking = look(endpoint, database);
    let found = tokio::select! {
        found = looking => found?,
        () = control.cancel.cancelled() => return Err(Error::cancelled(attempt)),
    };
    let Choice { tables, obstacles, remarks, tenant, spelling } =
        choose::choose(&found, content, split, &wish.tenant, &wish.selection)?;
    if split.spelling != Some(spelling) {
        refuse_several(vault, backup, &archive, wish, (&tenant, spelling)).await?;
    }
    let tables = Arc::new(tables);

    let layout = Arc::new(Layout::new());
    let (mut owners, _) = Owners::new(vault, place, Codec::Zstd, Arc::clone(&layout));
    let entry = owners.add(place.owner.clone(), None).await?;
    let segment = owners.segment(&entry, 0)?;
    let (bundle, _) = owners.finish();
    // Keys are there before anything is sealed with them.
    vault
        .storage()
        .put(&place.slots(bundle.generation)?, bundle.encode()?.into(), PutMode::CreateNew)
        .await?;

    let stopping = Stopping::new(control);
    let wire = snapshot(endpoint, database, &stopping).await?;
    let (pieces, coming) = mpsc::channel(ON_THE_WAY);
    let comparing = blocking("compare the tenant's rows", {
        let (tables, blocks, layout) = (Arc::clone(&tables), Arc::clone(&blocks), Arc::clone(&layout));
        let work = Compare {
            wire,
            tables,
            blocks,
            tenant,
            in_backup: wish.tenant.clone(),
            seed: content.seed,
            token: stopping.token.clone(),
            control: control.clone(),
            handle: Handle::current(),
        };
        move || work.run(ChangeWriter::new(layout, segment, pieces)?)
    });
    let meter = Meter::new(control, "compare");
    let (stored, compared) = tokio::join!(sink::store(&**vault.storage(), place, coming, &meter), comparing);
    // If storing failed, the comparison gave up because of it.
    let (changed, numbers, mut wire) = match compared {
        Err(error) if error.kind() == Kind::Cancelled && !control.cancel.is_cancelled() => {
            return Err(stored.err().unwrap_or(error));
        }
        result => result?,
    };
    let packs = stored?;
    failpoint("tenant.compared");

    phase("check");
    let layout = Arc::into_inner(layout)
        .ok_or_else(|| Error::new(Kind::Format, attempt, "a writer is still at work"))?
        .finish()?;
    let segments: Vec<_> = layout.all.into_iter().map(|(_, index)| index).collect();
    let keys: Vec<_> = (0u32..)
        .zip(&packs)
        .map(|(number, pack)| Ok((place.pack(number)?, pack.version.clone())))
        .collect::<Result<_>>()?;
    let written = Blocks::of_owner(vault, place, Codec::Zstd, keys, &entry, segments.clone()).await?;
    let difference = Difference {
        tables: changed.iter().map(shown).collect(),
        foreign_rows: 0,
        obstacles,
        remarks: remarks.into_iter().chain(triggers::remarks(&tables, &changed, &found, database)).collect(),
        digest: String::new(),
        bytes_read: blocks.bytes_read(),
        bytes_whole: archive.manifest.stored_bytes(),
    };
    let mut set = Content {
        wish: wish.clone(),
        attempt: backup.attempt,
        server_uuid: found.server.server_uuid.clone(),
        server: Some(found.identity.clone()),
        database: database.clone(),
        seed: content.seed,
        spelling: Some(spelling),
        tables: changed,
        difference,
        numbers,
    };
    set.difference.digest = set.digest()?;
    let asked = blocking("ask for the keys of other rows", {
        let (changes, found) = (Changes::new(set.clone(), Arc::new(written)), Arc::new(found));
        let (tables, token, handle) = (Arc::clone(&tables), stopping.token.clone(), Handle::current());
        let database = database.clone();
        move || {
            let asked = ask(&mut wire, &tables, &found, &changes, &token, &handle)?;
            Ok((asked, rights::remark(&mut wire, &database, &changes.content.tables)?))
        }
    })
    .await?;
    let (asked, may_not_write) = asked;
    set.difference.remarks.extend(may_not_write);
    set.difference.foreign_rows = asked.foreign_rows;
    set.difference.obstacles.extend(asked.obstacles);
    phase("store");
    let difference = set.difference.clone();
    changes::publish(vault, place, &entry, segments, packs, set, control).await?;
    failpoint("tenant.planned");
    Ok(difference)
}

/// A backup in which one tenant is several, because its columns were not brought to one spelling when it was taken:
/// the rows of one of them alone are not the tenant's, and the others' would be deleted.
async fn refuse_several(
    vault: &Vault,
    backup: &Place,
    archive: &Archive,
    wish: &TenantRestore,
    (tenant, spelling): (&TenantKey, Spelling),
) -> Result<()> {
    let parts = parts_of(vault, backup, archive, &Whose::All).await?;
    let keys = parts.iter().filter_map(|(_, part)| part.content.tenant.as_ref());
    let same: Vec<_> = keys
        .filter(|key| **key != wish.tenant && spelling.key(key.as_str()).as_ref() == Some(tenant))
        .map(TenantKey::as_str)
        .collect();
    if same.is_empty() {
        return Ok(());
    }
    Err(Error::new(
        Kind::Input,
        "plan the restore of a tenant",
        format!("tenant {tenant} is in this backup under several keys: {}, {}", wish.tenant, same.join(", ")),
    )
    .hint("Choose a newer backup, or restore this one into a new database and move the rows by hand."))
}

fn ask(
    wire: &mut Wire,
    tables: &[Compared],
    live: &Live,
    changes: &Changes,
    token: &tokio_util::sync::CancellationToken,
    handle: &Handle,
) -> Result<super::references::Found> {
    // What was written can be read, before anybody relies on it.
    changes.prove(handle, token)?;
    let references = References {
        tables,
        live,
        changes,
        handle,
        token,
        seed: changes.content.seed,
        add: Side::New,
        when: When::Before,
    };
    references.ask(wire)
}

/// Connects, and stands at a snapshot.
async fn snapshot(endpoint: &Endpoint, database: &DatabaseName, stopping: &Stopping) -> Result<Wire> {
    let (endpoint, database) = (endpoint.clone(), database.clone());
    let wire = blocking("open a snapshot", move || {
        let mut wire = sides::connect(&endpoint, &database)?;
        wire.run("START TRANSACTION WITH CONSISTENT SNAPSHOT", "open a snapshot")?;
        Ok(wire)
    })
    .await?;
    stopping.end(wire.stopper());
    Ok(wire)
}

struct Compare {
    wire: Wire,
    tables: Arc<Vec<Compared>>,
    blocks: Arc<Blocks>,
    /// As the live database spells it.
    tenant: TenantKey,
    in_backup: TenantKey,
    seed: u64,
    token: tokio_util::sync::CancellationToken,
    control: Control,
    handle: Handle,
}

impl Compare {
    fn run(mut self, mut out: ChangeWriter) -> Result<(Vec<TableChange>, Numbers, Wire)> {
        let comparing = Comparing { tenant: &self.tenant, seed: self.seed, token: &self.token };
        let part = self.blocks.parts().iter().find(|part| part.tenant.as_ref() == Some(&self.in_backup));
        let owned = part.map(|part| part.content.tables.as_slice()).unwrap_or_default();
        let mut in_vault = self.blocks.by_table();
        let mut changed = Vec::new();
        for (number, table) in (0u32..).zip(self.tables.iter()) {
            check(&self.token, "compare the tenant's rows")?;
            (self.control.progress)(Progress {
                phase: "compare".into(),
                bytes: self.blocks.bytes_read(),
                tables: number,
                tables_expected: count(self.tables.len()),
                table: Some(table.plan.name.clone()),
                ..Progress::default()
            });
            let in_backup = owned.iter().find(|owned| owned.number == table.plan.number);
            let rows = in_backup.map_or(0, |owned| owned.rows);
            let refs = in_vault.remove(&table.plan.number).unwrap_or_default();
            let mut backup = BackupRows::new(&self.blocks, refs, rows, self.handle.clone());
            changed.push(comparing.table(number, table, &mut self.wire, &mut backup, &mut out)?);
        }
        Ok((changed, out.end()?, self.wire))
    }
}

fn shown(change: &TableChange) -> TableDifference {
    TableDifference {
        table: change.name.clone(),
        inserts: change.inserts,
        updates: change.updates,
        deletes: change.deletes,
        unchanged: change.unchanged,
    }
}
