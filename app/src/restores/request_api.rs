//! Restores of one tenant into the live database: from a preview to an undo.
//!
//! What is agreed to is the digest of a difference, which covers all of it.

use async_trait::async_trait;
use domain::{
    BackupId, Cursor, Fault, Lines, Page, RestoreId, SourceId, Timestamp,
    restores::{Figures, RequestState, Selection, SelectionSummary, TableDifference},
    tenancy::TenantKey,
};
use leptos::prelude::*;
use serde::{Deserialize, Serialize};

use super::difference_api::{DifferenceFilter, RowDifferences, RowFilter};
#[cfg(feature = "ssr")]
use crate::port::backend;
use crate::{backups::api::RunDetail, port::ApiError};

/// Which requests to list, newest first; every field narrows.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct RestoreFilter {
    /// In one state.
    pub state: Option<RequestState>,
    /// Into one source.
    pub source: Option<SourceId>,
    /// Of one tenant, by its whole key.
    pub tenant: Option<TenantKey>,
    /// Where to go on.
    pub after: Option<Cursor>,
}

/// One request in a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RestoreRow {
    /// Which.
    pub id: RestoreId,
    /// Into which source.
    pub source_id: SourceId,
    /// The source's database.
    pub database: String,
    /// Whose rows.
    pub tenant: TenantKey,
    /// From which backup.
    pub backup_id: BackupId,
    /// The instant that it holds.
    pub snapshot_at: Timestamp,
    /// Which of the tenant's rows, in figures.
    pub selection: SelectionSummary,
    /// How it stands.
    pub state: RequestState,
    /// Rows that would change or have changed, once that is known.
    pub changes: Option<u64>,
    /// Who made it.
    pub requested_by: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it got into its state.
    pub changed_at: Timestamp,
}

/// One request with what its page shows beside its tables and rows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each answers a question of its own; any mix of them can be"
)]
pub struct RestoreDetail {
    /// As in the list.
    pub row: RestoreRow,
    /// The whole selection; none if it names rows and the reader may not see rows.
    pub selection: Option<Selection>,
    /// What happened, oldest first.
    pub history: Vec<RestoreEvent>,
    /// The difference, once it is computed.
    pub difference: Option<Figures>,
    /// The run at work on it, or the one that ended last.
    pub run: Option<RunDetail>,
    /// Whether the reader made it.
    pub is_mine: bool,
    /// Whether nobody but who made it could agree to it.
    pub is_alone: bool,
    /// Whether the reader and who asked are not independent: one of them added the other, gave them their role, or set
    /// their password.
    pub is_dependent: bool,
    /// Whether nobody knows if the last step changed the live rows.
    pub is_unsure: bool,
    /// Whether the reader may agree to it, by role and as a second person.
    pub may_approve: bool,
    /// Whether what is needed to undo it is still stored.
    pub can_undo: bool,
}

/// One step of a request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RestoreEvent {
    /// When.
    pub at: Timestamp,
    /// The state it got into.
    pub state: RequestState,
    /// Who did it: a person's name, `worker`.
    pub by: String,
    /// What they said to it.
    pub comment: Option<String>,
    /// The run that it was done by.
    pub run_id: Option<domain::RunId>,
}

/// What of a tenant is put back, as a form says it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum What {
    /// Every row of every table.
    Everything,
    /// Every row of some tables.
    Tables,
    /// Some rows of one table.
    Rows,
}

/// A preview to compute.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct PlanRestore {
    /// From which backup.
    pub backup_id: BackupId,
    /// Whose rows.
    pub tenant: TenantKey,
    /// Which of them.
    pub what: What,
    /// The tables as [`Lines::names`] reads them, for [`What::Tables`].
    #[serde(default)]
    pub tables: Lines,
    /// The table, for [`What::Rows`].
    #[serde(default)]
    pub table: String,
    /// Primary keys as [`Lines::rows`] reads them, for [`What::Rows`].
    #[serde(default)]
    pub keys: Lines,
}

/// A step of a request that says which difference was looked at.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct DecideRestore {
    /// Which request.
    pub id: RestoreId,
    /// The digest of the difference that was looked at.
    pub digest: String,
    /// What is said to it.
    #[serde(default)]
    pub comment: String,
}

/// A step that changes live rows.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ChangeLive {
    /// Which request.
    pub id: RestoreId,
    /// The digest of the difference that was looked at.
    pub digest: String,
    /// The database's name, typed by the person who means it.
    pub database: String,
    /// The tenant's key, typed likewise.
    pub tenant: String,
}

/// One request.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct RestoreRef {
    /// Which.
    pub id: RestoreId,
}

/// What a page may ask about requests of tenant restores.
#[async_trait]
pub trait RequestsPort: Send + Sync {
    /// Requests, newest first.
    async fn list_restores(&self, filter: RestoreFilter) -> Result<Page<RestoreRow>, Fault>;
    /// One request.
    async fn get_restore(&self, id: RestoreId) -> Result<RestoreDetail, Fault>;
    /// Tables of its difference. Without a difference, none.
    async fn list_differences(&self, filter: DifferenceFilter) -> Result<Page<TableDifference>, Fault>;
    /// Changed rows of one table. [`Fault::NotFound`] if the difference does not have the table.
    async fn list_row_differences(&self, filter: RowFilter) -> Result<RowDifferences, Fault>;
    /// Makes a request and queues the run that computes its difference. Changes nothing.
    async fn plan_restore(&self, request: PlanRestore) -> Result<RestoreId, Fault>;
    /// Asks for approval.
    async fn request_restore(&self, request: DecideRestore) -> Result<(), Fault>;
    /// Agrees to it, as a second person.
    async fn approve_restore(&self, request: DecideRestore) -> Result<(), Fault>;
    /// Refuses it.
    async fn reject_restore(&self, request: DecideRestore) -> Result<(), Fault>;
    /// Takes it back.
    async fn withdraw_restore(&self, request: RestoreRef) -> Result<(), Fault>;
    /// Queues the run that applies exactly what was approved.
    async fn apply_restore(&self, request: ChangeLive) -> Result<(), Fault>;
    /// Queues the run that undoes it.
    async fn undo_restore(&self, request: ChangeLive) -> Result<(), Fault>;
}

/// Computes what a restore would change.
#[server(name = PlanRestoreFn, prefix = "/fn", endpoint = "restores/plan")]
pub async fn plan_restore(request: PlanRestore) -> Result<RestoreId, ApiError> {
    let id = backend()?.plan_restore(request).await?;
    Ok(crate::redirect_to(&page_of(id), id))
}

/// Asks for approval.
#[server(name = RequestRestoreFn, prefix = "/fn", endpoint = "restores/request")]
pub async fn request_restore(request: DecideRestore) -> Result<(), ApiError> {
    let path = page_of(request.id);
    backend()?.request_restore(request).await?;
    crate::redirect_to(&path, ());
    Ok(())
}

/// Agrees.
#[server(name = ApproveRestoreFn, prefix = "/fn", endpoint = "restores/approve")]
pub async fn approve_restore(request: DecideRestore) -> Result<(), ApiError> {
    let path = page_of(request.id);
    backend()?.approve_restore(request).await?;
    crate::redirect_to(&path, ());
    Ok(())
}

/// Refuses.
#[server(name = RejectRestoreFn, prefix = "/fn", endpoint = "restores/reject")]
pub async fn reject_restore(request: DecideRestore) -> Result<(), ApiError> {
    let path = page_of(request.id);
    backend()?.reject_restore(request).await?;
    crate::redirect_to(&path, ());
    Ok(())
}

/// Takes it back.
#[server(name = WithdrawRestoreFn, prefix = "/fn", endpoint = "restores/withdraw")]
pub async fn withdraw_restore(request: RestoreRef) -> Result<(), ApiError> {
    let path = page_of(request.id);
    backend()?.withdraw_restore(request).await?;
    crate::redirect_to(&path, ());
    Ok(())
}

/// Applies it.
#[server(name = ApplyRestoreFn, prefix = "/fn", endpoint = "restores/apply")]
pub async fn apply_restore(request: ChangeLive) -> Result<(), ApiError> {
    let path = page_of(request.id);
    backend()?.apply_restore(request).await?;
    crate::redirect_to(&path, ());
    Ok(())
}

/// Undoes it.
#[server(name = UndoRestoreFn, prefix = "/fn", endpoint = "restores/undo")]
pub async fn undo_restore(request: ChangeLive) -> Result<(), ApiError> {
    let path = page_of(request.id);
    backend()?.undo_restore(request).await?;
    crate::redirect_to(&path, ());
    Ok(())
}

#[cfg(feature = "ssr")]
fn page_of(id: RestoreId) -> String {
    format!("/restores/{id}")
}
