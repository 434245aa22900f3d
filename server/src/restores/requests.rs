//! Requests of tenant restores, as the pages ask for them.

use app::restores::request_api::{
    ChangeLive, DecideRestore, DifferenceFilter, PlanRestore, RequestsPort, RestoreDetail, RestoreFilter,
    RestoreRef, RestoreRow, RowDifferences, RowFilter,
};
use async_trait::async_trait;
use domain::{
    Fault, Page, RestoreId,
    access::may::{self, May},
    restores::TableDifference,
};

use crate::{caller::Caller, fault::Result};

impl Caller {
    /// No request exists: whatever is asked about one is about nothing.
    async fn no_request<P: May, T>(&self) -> Result<T> {
        self.allow::<P>().await?;
        Err(Fault::NotFound.into())
    }
    async fn no_requests<T>(&self) -> Result<Page<T>> {
        self.allow::<may::ReadBackups>().await?;
        Ok(Page::empty())
    }
    async fn planned_restore(&self, request: PlanRestore) -> Result<RestoreId> {
        let scope = self.allow::<may::RequestRestore>().await?;
        self.rows(&scope).get_backup(request.backup_id).await?;
        Err(Fault::Unavailable { what: "the engine that keeps tenants apart".into() }.into())
    }
}

#[async_trait]
impl RequestsPort for Caller {
    async fn list_restores(&self, _: RestoreFilter) -> Result<Page<RestoreRow>, Fault> {
        self.answer("list restores", self.no_requests().await)
    }
    async fn get_restore(&self, _: RestoreId) -> Result<RestoreDetail, Fault> {
        self.answer("show a restore", self.no_request::<may::ReadBackups, _>().await)
    }
    async fn list_differences(&self, _: DifferenceFilter) -> Result<Page<TableDifference>, Fault> {
        self.answer("list differences", self.no_request::<may::ReadBackups, _>().await)
    }
    async fn list_row_differences(&self, _: RowFilter) -> Result<RowDifferences, Fault> {
        self.answer("show changed rows", self.no_request::<may::ReadBackups, _>().await)
    }
    async fn plan_restore(&self, request: PlanRestore) -> Result<RestoreId, Fault> {
        self.answer("plan a restore", self.planned_restore(request).await)
    }
    async fn request_restore(&self, _: DecideRestore) -> Result<(), Fault> {
        self.answer("ask for a restore", self.no_request::<may::RequestRestore, _>().await)
    }
    async fn approve_restore(&self, _: DecideRestore) -> Result<(), Fault> {
        self.answer("approve a restore", self.no_request::<may::ApproveRestore, _>().await)
    }
    async fn reject_restore(&self, _: DecideRestore) -> Result<(), Fault> {
        self.answer("reject a restore", self.no_request::<may::ApproveRestore, _>().await)
    }
    async fn withdraw_restore(&self, _: RestoreRef) -> Result<(), Fault> {
        self.answer("withdraw a restore", self.no_request::<may::RequestRestore, _>().await)
    }
    async fn apply_restore(&self, _: ChangeLive) -> Result<(), Fault> {
        self.answer("apply a restore", self.no_request::<may::ApplyRestore, _>().await)
    }
    async fn undo_restore(&self, _: ChangeLive) -> Result<(), Fault> {
        self.answer("undo a restore", self.no_request::<may::ApplyRestore, _>().await)
    }
}
