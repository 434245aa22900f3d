//! The vocabulary of Holdfast and its pure rules.
//!
//! Nothing here does I/O, waits or reads a clock: rules take the time and ids they need and return a value
//! with reasons, so that the same value can be previewed in a page, signed by an approver and executed by a
//! worker. The crate compiles to WebAssembly.
//!
//! Reading order: [`id`] and [`clock`], [`fault`] (the only error that crosses the wire), [`access`] and [`powers`] (who may
//! do what), [`sources`], [`tenancy`] and [`spelling`] (whose rows are whose), [`policies`], [`backups`] (runs and
//! recovery points), [`files`] (of a whole server), [`restores`] and [`definers`], [`vaults`], [`health`], [`audit`], [`approvals`] (what needs a
//! second person).

pub mod access;
pub mod alerts;
pub mod approvals;
pub mod audit;
pub mod backups;
pub mod clock;
pub mod definers;
pub mod fault;
pub mod files;
pub mod health;
pub mod id;
pub mod lines;
pub mod page;
pub mod policies;
pub mod powers;
pub mod restores;
pub mod sign_in;
pub mod size;
pub mod sources;
pub mod spelling;
pub mod tenancy;
pub mod vaults;

pub use clock::{Clock, FixedClock, Timestamp};
pub use fault::{Fault, Refusal};
pub use id::{
    AbsenceId, ApprovalId, BackupId, ConnectionId, EvidenceId, GroupId, InstallationId, InvitationId,
    RestoreId, RoleId, RunId, ScheduleId, SourceId, TenantId, TokenId, UserId, VaultId,
};
pub use lines::Lines;
pub use page::{Cursor, Page};
pub use size::ByteSize;
