//! Whether everything can be restored.

pub mod overview;
pub mod standing;

use app::health::api::{HealthPort, Overview};
use async_trait::async_trait;
use domain::Fault;

use crate::{caller::Caller, fault::Result};

impl Caller {
    async fn overview_now(&self) -> Result<Overview> {
        overview::overview(self, self.allow().await?).await
    }
}

#[async_trait]
impl HealthPort for Caller {
    async fn overview(&self) -> Result<Overview, Fault> {
        self.answer("draw the overview", self.overview_now().await)
    }
}
