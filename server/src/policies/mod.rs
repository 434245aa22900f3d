//! When a source is backed up and how long the result is kept.

pub mod schedule;
pub mod sweep;

use app::{
    approvals::api::Outcome,
    policies::api::{PoliciesPort, SetSchedule},
};
use async_trait::async_trait;
use domain::Fault;

use crate::{caller::Caller, fault::Result};

impl Caller {
    async fn schedule_set(&self, request: SetSchedule) -> Result<Outcome> {
        schedule::set(self, self.allow().await?, request).await
    }
}

#[async_trait]
impl PoliciesPort for Caller {
    async fn set_schedule(&self, request: SetSchedule) -> Result<Outcome, Fault> {
        self.answer("set a schedule", self.schedule_set(request).await)
    }
}
