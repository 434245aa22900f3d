//! What people are told without asking.

pub mod channels;
pub mod deliver;
pub mod settings;
pub mod sweep;
pub mod webhooks;

use app::{
    alerts::api::{AlertsPort, Channels, SetChannels},
    approvals::api::Outcome,
};
use async_trait::async_trait;
use domain::Fault;

use crate::{caller::Caller, fault::Result};

impl Caller {
    async fn notice_channels(&self) -> Result<Channels> {
        settings::read(self, self.allow().await?).await
    }
    async fn channels_set(&self, request: SetChannels) -> Result<Outcome> {
        settings::set(self, self.allow().await?, request).await
    }
    async fn channels_tested(&self) -> Result<()> {
        settings::test(self, self.allow().await?).await
    }
}

#[async_trait]
impl AlertsPort for Caller {
    async fn channels(&self) -> Result<Channels, Fault> {
        self.answer("show where notices go", self.notice_channels().await)
    }
    async fn set_channels(&self, request: SetChannels) -> Result<Outcome, Fault> {
        self.answer("change where notices go", self.channels_set(request).await)
    }
    async fn test_channels(&self) -> Result<(), Fault> {
        self.answer("send a test notice", self.channels_tested().await)
    }
}
