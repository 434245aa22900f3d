//! The way back.

pub mod change_live;
pub mod decide;
pub mod job;
pub mod plan;
pub mod request_jobs;
pub mod request_read;
pub mod request_rows;
pub mod request_view;
pub mod requests;
pub mod start;
pub mod sweep;

use app::restores::api::{RestoresPort, StartRestore};
use async_trait::async_trait;
use domain::{Fault, RunId};

use crate::{caller::Caller, fault::Result};

impl Caller {
    async fn started_restore(&self, request: StartRestore) -> Result<RunId> {
        start::start(self, self.allow().await?, request).await
    }
}

#[async_trait]
impl RestoresPort for Caller {
    async fn start_restore(&self, request: StartRestore) -> Result<RunId, Fault> {
        self.answer("start a restore", self.started_restore(request).await)
    }
}
