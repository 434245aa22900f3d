//! The only crate that knows SQL of the control plane.
//!
//! Nobody can query without proof. A [`Principal`] says who it is and is made only from a stored session (or
//! for the person at the machine's own command line); [`Principal::allow`] turns it into a [`Scope`], the proof
//! that it may do one thing in one organisation; [`Catalog::tenant`] turns the scope into a [`TenantCatalog`],
//! whose every statement is bound to that organisation. Work without a person goes through
//! [`Catalog::system`], which has only the few statements across organisations, and through [`Lease`], which a
//! worker holds while it owns a run.
//!
//! There are two databases and one code path: SQLite embedded, Postgres to scale out. Statements are portable
//! text; what really differs is in `db`.

mod access;
mod audit;
mod db;
mod decode;
mod error;
mod secret;
mod system;
mod tenant;
mod trail;

use std::sync::Arc;

use domain::{Clock, access::may::May};

pub use access::{
    AnswerSlot, Denied, FirstOperator, Hold, Installation, Invited, MOST_PASSKEYS, MOST_TOKENS, Membership,
    NewToken, Organisation, OwnSession, Principal, Refused, SESSION_ADDRESS, SESSION_AGENT,
    SESSION_PROVED_AT, SESSION_SIGNED_IN_AT, SESSION_USER, Scope, SecondFactors, SessionLimits, Sessions,
    SetupState, SignInRecord, StoredAnswer, StoredPasskey, StoredTotp, Token, TokenOutcome, TokenRefused,
    Unproven,
};
pub use audit::{Actor, AuditEntry, Outcome};
pub use db::RowSecurity;
pub use decode::PAGE_MAX;
pub use error::{ApprovalVoid, Conflict, Error, Result};
pub use secret::Sealed;
pub use system::{
    Abandoned, Begun, ChangeSet, Claim, Credential, DueRun, Expiring, Fired, Lease, NewBackup, NewPart,
    NewSplit, NoticeToSend, Owed, Published, Queue, Reclaimed, Renewed, SourceCandidates, SystemCatalog,
    SystemTask, Tenant, ToTell, Vault, Whole,
};
pub use tenant::{
    Absence, Alone, Approval, ApprovalQuery, ApprovalWhole, Asked, Backup, BackupQuery, ChainLink,
    ChangeConnection, Channels, Continues, Copy, CustomRole, DayCount, Decision, Delivery, EvidenceRow,
    Files, GivenRole, Group, GroupMember, GroupWish, Inferred, Invitation, LONGEST_CHAIN, Leaving,
    MOST_WEBHOOKS, MapHead, MapQuery, MapTable, MapVersion, Member, NewAbsence, NewChannels, NewConnection,
    NewInvitation, NewUser, NewWebhook, Restore, RestoreEvent, RestoreQuery, RuleRow, Run, RunEvent,
    RunInput, RunOutput, RunQuery, RunRequest, ScheduleRow, SourceRow, Split, StoredByDay,
    TENANT_BACKUPS_WAITING, TableChoices, TableColumn, TenantCatalog, TenantPart, TenantQuery, TenantRow,
    UNDO_MS, UserRow, VaultUse, Webhook, Which,
};

pub use trail::{
    Anchor, Checked, HeadOver, NewHead, StoredHead, TrailEntry, TrailPage, TrailPlace, TrailQuery, Unanchored,
};

/// The catalog: sources, runs, backups, people, and what they did.
#[derive(Clone)]
pub struct Catalog {
    db: db::Db,
    clock: Arc<dyn Clock>,
    session_limits: SessionLimits,
    recorder: trail::Recorder,
}

impl std::fmt::Debug for Catalog {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Catalog").field("database", &self.database()).finish_non_exhaustive()
    }
}

impl Catalog {
    /// Opens `sqlite:///path/catalog.db` (created if missing) or `postgres://…`. Does not migrate.
    pub async fn open(url: &str, clock: Arc<dyn Clock>) -> Result<Self> {
        let db = db::Db::open(url).await?;
        let recorder = trail::Recorder::start(db.clone());
        Ok(Self { db, clock, session_limits: SessionLimits::default(), recorder })
    }
    /// The same with other limits for sessions.
    #[must_use]
    pub const fn with_session_limits(mut self, limits: SessionLimits) -> Self {
        self.session_limits = limits;
        self
    }
    /// Brings the schema up to date. Safe to call from several servers at once.
    pub async fn migrate(&self) -> Result<()> {
        self.db.migrate().await
    }
    /// Migrations that this program knows and the database does not have yet, in order. Fails if the database
    /// has one that this program does not know: then the program is older than the schema.
    pub async fn pending_migrations(&self) -> Result<Vec<String>> {
        self.db.pending_migrations().await
    }
    /// `SQLite` or `Postgres`.
    pub const fn database(&self) -> &'static str {
        self.db.name()
    }
    /// How far the database keeps organisations apart by itself.
    pub async fn row_security(&self) -> Result<RowSecurity> {
        self.db.row_security().await
    }
    /// Whether the database answers.
    pub async fn ping(&self) -> Result<()> {
        self.db.ping().await
    }
    /// Closes every connection; later calls fail.
    pub async fn close(&self) {
        self.db.close().await;
    }
    /// The clock that stamps rows and makes ids.
    pub fn clock(&self) -> &Arc<dyn Clock> {
        &self.clock
    }
    /// The rows of one organisation, for whoever has proven that they may do `P` there.
    pub fn tenant<P: May>(&self, scope: &Scope<P>) -> TenantCatalog<'_> {
        TenantCatalog::new(self, scope.tenant(), Some(scope.powers()), scope.actor().clone())
    }
    /// The rows of the organisation that a claimed run belongs to.
    pub fn of_run(&self, claim: &Claim) -> TenantCatalog<'_> {
        TenantCatalog::new(self, claim.run().tenant_id, None, Actor::system("run"))
    }
    /// What the holder of a run may write; every write is refused once the lease is lost.
    pub fn lease<'c>(&'c self, claim: &'c Claim) -> Lease<'c> {
        Lease::new(self, claim)
    }
    /// The few statements across organisations.
    pub const fn system(&self, task: SystemTask) -> SystemCatalog<'_> {
        SystemCatalog::new(self, task)
    }
    /// The session store for tower-sessions.
    pub fn sessions(&self) -> Sessions {
        Sessions::new(self.db.clone(), Arc::clone(&self.clock), self.session_limits)
    }
}
