//! The way back.

pub mod change_live;
pub mod decide;
pub mod job;
pub mod plan;
pub mod request_read;
pub mod request_view;
pub mod requests;
pub mod start;
pub mod sweep;

use app::restores::api::{RestoresPort, StartRestore};
use async_trait::async_trait;
use domain::{Fault, RunId};

use crate::{
    caller::Caller,
    fault::Result,
    work::job::{Job, JobError},
};

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

/// Refuses a kind of run that this version cannot do.
pub async fn unsupported(job: &Job) -> std::result::Result<(), JobError> {
    let attempt = format!("do a {}", job.run().kind.title().to_lowercase());
    Err(engine::Error::new(engine::Kind::Input, attempt, "this version cannot do it").into())
}
