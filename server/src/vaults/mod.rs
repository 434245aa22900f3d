//! Where copies are kept.

pub mod installation;
pub mod sweep;

use app::vaults::api::{InstallationView, VaultsPort};
use async_trait::async_trait;
use domain::Fault;

use crate::{caller::Caller, fault::Result};

impl Caller {
    async fn installation_view(&self) -> Result<InstallationView> {
        installation::installation(self, self.allow().await?).await
    }
}

#[async_trait]
impl VaultsPort for Caller {
    async fn installation(&self) -> Result<InstallationView, Fault> {
        self.answer("show the installation", self.installation_view().await)
    }
}
