//! What is answered. Apart from the rows of the pages, so that a page may change and programs go on.

use app::{
    backups::api::{BackupDetail, BackupRow, RunDetail, RunRow},
    sources::api::SourceRow,
};
use domain::{
    BackupId, ConnectionId, RestoreId, RunId, SourceId,
    backups::{CopyState, Proof, Retention, RunKind, RunState, Verification},
    health::Standing,
    tenancy::TenantKey,
};

use super::describe::{When, answers};

answers! {
    /// A protected database.
    Source {
        /// Its id.
        id: SourceId,
        /// The database.
        database: String,
        /// The server, by its label.
        connection: String,
        /// The server.
        connection_id: ConnectionId,
        /// Whether it can be restored.
        standing: Standing,
        /// One sentence that explains the standing.
        because: String,
        /// The instant that the newest proven backup holds.
        restorable_to: Option<When>,
        /// When it is backed up next.
        next_run_at: Option<When>,
        /// A run at work on it.
        active_run: Option<RunId>,
    }
    /// Every protected database.
    Sources {
        /// Worst standing first.
        rows: Vec<Source>,
    }
    /// A recovery point.
    Backup {
        /// Its id.
        id: BackupId,
        /// The source it was taken from.
        source_id: SourceId,
        /// That source's database.
        database: String,
        /// The instant that it holds.
        snapshot_at: When,
        /// A person's label.
        label: Option<String>,
        /// What is known about whether it can be restored.
        verification: Verification,
        /// When that was found.
        verified_at: Option<When>,
        /// Whether it is kept.
        retention: Retention,
        /// Bytes as read from the source.
        plain_bytes: u64,
        /// Bytes stored in the vault.
        stored_bytes: u64,
        /// The one tenant it was taken for; null if it holds the whole database.
        tenant: Option<TenantKey>,
    }
    /// Some backups.
    Backups {
        /// Newest first.
        rows: Vec<Backup>,
        /// Send this as `after` to get those that follow; null on the last page.
        next: Option<String>,
    }
    /// A copy in a vault.
    Copy {
        /// The vault's name.
        vault: String,
        /// How it stands.
        state: CopyState,
        /// Number of objects.
        objects: u32,
    }
    /// A verification: the backup was restored elsewhere and compared.
    Evidence {
        /// When it was found.
        at: When,
        /// By which run.
        run_id: RunId,
        /// What it proves.
        proof: Proof,
        /// Whether everything agrees.
        equal: bool,
    }
    /// A recovery point with what is known of it.
    BackupWhole {
        /// The backup.
        backup: Backup,
        /// The run that took it.
        run_id: RunId,
        /// A run at work on it.
        active_run: Option<RunId>,
        /// Version of the server it was taken from.
        server_version: String,
        /// Tables in it.
        tables: u32,
        /// SHA-256 of the manifest, in hex.
        manifest_sha256: String,
        /// Its copies.
        copies: Vec<Copy>,
        /// Verifications, newest first.
        evidence: Vec<Evidence>,
    }
    /// Why a run failed, or why its last start did.
    RunFailure {
        /// A stable word for the kind.
        kind: String,
        /// What was attempted and what happened.
        message: String,
        /// What to do about it.
        hint: Option<String>,
        /// Whether trying again may help.
        retry_may_help: bool,
    }
    /// One execution.
    Run {
        /// Its id.
        id: RunId,
        /// What it does.
        kind: RunKind,
        /// How it stands.
        state: RunState,
        /// Of which source.
        source_id: Option<SourceId>,
        /// What it works on, in words.
        subject: String,
        /// Who asked for it.
        requested_by: String,
        /// A person's label.
        label: Option<String>,
        /// When it was asked for.
        created_at: When,
        /// When it first started.
        started_at: Option<When>,
        /// When it ended.
        finished_at: Option<When>,
        /// When it will be tried again.
        next_at: Option<When>,
        /// Per cent done, if that can be told.
        percent: Option<u8>,
        /// Why it failed.
        error: Option<RunFailure>,
        /// Whether somebody asked it to stop.
        cancel_requested: bool,
        /// The backup that it made or works on.
        backup_id: Option<BackupId>,
        /// The one tenant it works for.
        tenant: Option<TenantKey>,
        /// The restore request that it works on.
        restore_id: Option<RestoreId>,
    }
    /// Some runs.
    Runs {
        /// Newest first.
        rows: Vec<Run>,
        /// Send this as `after` to get those that follow; null on the last page.
        next: Option<String>,
    }
    /// One line of a run's log.
    RunLine {
        /// When.
        at: When,
        /// What happened.
        message: String,
    }
    /// One execution with its log.
    RunWhole {
        /// The run.
        run: Run,
        /// What happened, oldest first.
        log: Vec<RunLine>,
    }
    /// Something that is protected from now on.
    SourceMade {
        /// Its id.
        source_id: SourceId,
    }
    /// Something that was begun.
    Begun {
        /// The run that does it.
        run_id: RunId,
    }
}

impl From<SourceRow> for Source {
    fn from(row: SourceRow) -> Self {
        Self {
            id: row.id,
            database: row.database,
            connection: row.connection,
            connection_id: row.connection_id,
            standing: row.standing,
            because: row.because,
            restorable_to: row.restorable_to.map(When::from),
            next_run_at: row.next_run_at.map(When::from),
            active_run: row.active_run,
        }
    }
}

impl From<BackupRow> for Backup {
    fn from(row: BackupRow) -> Self {
        Self {
            id: row.id,
            source_id: row.source_id,
            database: row.database,
            snapshot_at: row.snapshot_at.into(),
            label: row.label,
            verification: row.verification,
            verified_at: row.verified_at.map(When::from),
            retention: row.retention,
            plain_bytes: row.sizes.plain.0,
            stored_bytes: row.sizes.stored.0,
            tenant: row.tenant,
        }
    }
}

impl From<BackupDetail> for BackupWhole {
    fn from(detail: BackupDetail) -> Self {
        let copies = detail.copies.into_iter();
        let evidence = detail.evidence.into_iter();
        Self {
            backup: detail.row.into(),
            run_id: detail.run_id,
            active_run: detail.active_run,
            server_version: detail.server_version,
            tables: detail.tables,
            manifest_sha256: detail.manifest_sha256,
            copies: copies
                .map(|copy| Copy { vault: copy.vault, state: copy.state, objects: copy.objects })
                .collect(),
            evidence: evidence
                .map(|found| Evidence {
                    at: found.at.into(),
                    run_id: found.run_id,
                    proof: found.evidence.proof,
                    equal: found.evidence.equal,
                })
                .collect(),
        }
    }
}

impl From<RunRow> for Run {
    fn from(row: RunRow) -> Self {
        Self {
            id: row.id,
            kind: row.kind,
            state: row.state,
            source_id: row.source_id,
            subject: row.subject,
            requested_by: row.requested_by,
            label: row.label,
            created_at: row.created_at.into(),
            started_at: row.started_at.map(When::from),
            finished_at: row.finished_at.map(When::from),
            next_at: row.next_at.map(When::from),
            percent: row.progress.and_then(|progress| progress.percent()),
            error: row.error.map(|error| RunFailure {
                kind: error.kind,
                message: error.message,
                hint: error.hint,
                retry_may_help: error.retry_may_help,
            }),
            cancel_requested: row.cancel_requested,
            backup_id: row.backup_id,
            tenant: row.tenant,
            restore_id: row.restore_id,
        }
    }
}

impl From<RunDetail> for RunWhole {
    fn from(detail: RunDetail) -> Self {
        let log = detail.log.into_iter();
        Self {
            run: detail.row.into(),
            log: log.map(|line| RunLine { at: line.at.into(), message: line.message }).collect(),
        }
    }
}

/// Pages of the catalog as pages of the API.
macro_rules! pages {
    ($($page:ident of $row:ident from $from:ty;)+) => {
        $(impl From<domain::Page<$from>> for $page {
            fn from(page: domain::Page<$from>) -> Self {
                Self { rows: page.rows.into_iter().map($row::from).collect(), next: page.next.map(|next| next.0) }
            }
        })+
    };
}

pages! {
    Backups of Backup from BackupRow;
    Runs of Run from RunRow;
}

pub(super) use pages;
