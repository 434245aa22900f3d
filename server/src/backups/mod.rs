//! Runs and recovery points.

pub mod cancel;
pub mod downloads;
pub mod export;
pub mod files_job;
pub mod job;
pub mod read;
pub mod recover;
pub mod start;
pub mod sweep;
pub mod verify;
pub mod verify_job;
pub mod view;

use app::backups::api::{
    BackupDetail, BackupFilter, BackupRef, BackupRow, BackupsPort, RunDetail, RunFilter, RunRef, RunRow,
    StartBackup,
};
use async_trait::async_trait;
use domain::{BackupId, Fault, Page, RunId};

use crate::{caller::Caller, fault::Result};

impl Caller {
    async fn backups(&self, filter: BackupFilter) -> Result<Page<BackupRow>> {
        read::list(self, self.allow().await?, filter).await
    }
    async fn backup(&self, id: BackupId) -> Result<BackupDetail> {
        read::get(self, self.allow().await?, id).await
    }
    async fn started_backup(&self, request: StartBackup) -> Result<RunId> {
        start::start(self, self.allow().await?, request).await
    }
    async fn started_verification(&self, request: BackupRef) -> Result<RunId> {
        verify::start(self, self.allow().await?, request.id).await
    }
    async fn runs(&self, filter: RunFilter) -> Result<Page<RunRow>> {
        read::list_runs(self, self.allow().await?, filter).await
    }
    async fn run(&self, id: RunId) -> Result<RunDetail> {
        read::get_run(self, &self.allow().await?, id).await
    }
    async fn cancelled_run(&self, request: RunRef) -> Result<()> {
        cancel::cancel(self, self.allow().await?, request.id).await
    }
}

#[async_trait]
impl BackupsPort for Caller {
    async fn list_backups(&self, filter: BackupFilter) -> Result<Page<BackupRow>, Fault> {
        self.answer("list backups", self.backups(filter).await)
    }
    async fn get_backup(&self, id: BackupId) -> Result<BackupDetail, Fault> {
        self.answer("show a backup", self.backup(id).await)
    }
    async fn start_backup(&self, request: StartBackup) -> Result<RunId, Fault> {
        self.answer("start a backup", self.started_backup(request).await)
    }
    async fn verify_backup(&self, request: BackupRef) -> Result<RunId, Fault> {
        self.answer("start a verification", self.started_verification(request).await)
    }
    async fn list_runs(&self, filter: RunFilter) -> Result<Page<RunRow>, Fault> {
        self.answer("list runs", self.runs(filter).await)
    }
    async fn get_run(&self, id: RunId) -> Result<RunDetail, Fault> {
        self.answer("show a run", self.run(id).await)
    }
    async fn cancel_run(&self, request: RunRef) -> Result<(), Fault> {
        self.answer("cancel a run", self.cancelled_run(request).await)
    }
}
