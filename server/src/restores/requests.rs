//! Requests of tenant restores, as the pages ask for them.

use app::restores::{
    difference_api::{DifferenceFilter, RowDifferences, RowFilter},
    request_api::{
        ChangeLive, DecideRestore, PlanRestore, RequestsPort, RestoreDetail, RestoreFilter, RestoreRef,
        RestoreRow,
    },
};
use async_trait::async_trait;
use domain::{Fault, Page, RestoreId, RunId, restores::TableDifference};

use super::{change_live, decide, plan, request_read, request_rows};
use crate::{caller::Caller, fault::Result};

impl Caller {
    async fn restores(&self, filter: RestoreFilter) -> Result<Page<RestoreRow>> {
        request_read::list(self, self.allow().await?, filter).await
    }
    async fn restore(&self, id: RestoreId) -> Result<RestoreDetail> {
        request_read::get(self, self.allow().await?, id).await
    }
    async fn differences(&self, filter: DifferenceFilter) -> Result<Page<TableDifference>> {
        request_read::differences(self, self.allow().await?, filter).await
    }
    async fn row_differences(&self, filter: RowFilter) -> Result<RowDifferences> {
        request_rows::rows(self, self.allow().await?, filter).await
    }
    async fn planned_restore(&self, request: PlanRestore) -> Result<RestoreId> {
        plan::plan(self, self.allow().await?, request).await
    }
    async fn requested_restore(&self, request: DecideRestore) -> Result<()> {
        decide::request(self, self.allow().await?, request).await
    }
    async fn approved_restore(&self, request: DecideRestore) -> Result<()> {
        decide::approve(self, self.allow().await?, request).await
    }
    async fn rejected_restore(&self, request: DecideRestore) -> Result<()> {
        decide::reject(self, self.allow().await?, request).await
    }
    async fn withdrawn_restore(&self, request: RestoreRef) -> Result<()> {
        decide::withdraw(self, self.allow().await?, request).await
    }
    async fn applied_restore(&self, request: ChangeLive) -> Result<RunId> {
        change_live::apply(self, self.allow().await?, request).await
    }
    async fn undone_restore(&self, request: ChangeLive) -> Result<RunId> {
        change_live::undo(self, self.allow().await?, request).await
    }
}

#[async_trait]
impl RequestsPort for Caller {
    async fn list_restores(&self, filter: RestoreFilter) -> Result<Page<RestoreRow>, Fault> {
        self.answer("list restores", self.restores(filter).await)
    }
    async fn get_restore(&self, id: RestoreId) -> Result<RestoreDetail, Fault> {
        self.answer("show a restore", self.restore(id).await)
    }
    async fn list_differences(&self, filter: DifferenceFilter) -> Result<Page<TableDifference>, Fault> {
        self.answer("list differences", self.differences(filter).await)
    }
    async fn list_row_differences(&self, filter: RowFilter) -> Result<RowDifferences, Fault> {
        self.answer("show changed rows", self.row_differences(filter).await)
    }
    async fn plan_restore(&self, request: PlanRestore) -> Result<RestoreId, Fault> {
        self.answer("plan a restore", self.planned_restore(request).await)
    }
    async fn request_restore(&self, request: DecideRestore) -> Result<(), Fault> {
        self.answer("ask for a restore", self.requested_restore(request).await)
    }
    async fn approve_restore(&self, request: DecideRestore) -> Result<(), Fault> {
        self.answer("approve a restore", self.approved_restore(request).await)
    }
    async fn reject_restore(&self, request: DecideRestore) -> Result<(), Fault> {
        self.answer("reject a restore", self.rejected_restore(request).await)
    }
    async fn withdraw_restore(&self, request: RestoreRef) -> Result<(), Fault> {
        self.answer("withdraw a restore", self.withdrawn_restore(request).await)
    }
    async fn apply_restore(&self, request: ChangeLive) -> Result<(), Fault> {
        self.answer("apply a restore", self.applied_restore(request).await.map(drop))
    }
    async fn undo_restore(&self, request: ChangeLive) -> Result<(), Fault> {
        self.answer("undo a restore", self.undone_restore(request).await.map(drop))
    }
}
