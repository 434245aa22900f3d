//! The audit trail: read, anchored outside the database, checked, and taken away as a file that can be checked without
//! this server.

pub mod export;
pub mod read;
pub mod sweep;

use app::audit::api::{AuditPort, TrailDetail, TrailFilter, TrailList};
use async_trait::async_trait;
use domain::Fault;

use crate::{caller::Caller, fault::Result};

impl Caller {
    async fn trail(&self, filter: TrailFilter) -> Result<TrailList> {
        read::list(self, self.allow().await?, filter).await
    }
    async fn trail_entry(&self, of_installation: bool, number: u64) -> Result<TrailDetail> {
        read::entry(self, self.allow().await?, of_installation, number).await
    }
}

#[async_trait]
impl AuditPort for Caller {
    async fn list_trail(&self, filter: TrailFilter) -> Result<TrailList, Fault> {
        self.answer("search the audit trail", self.trail(filter).await)
    }
    async fn get_trail_entry(&self, of_installation: bool, number: u64) -> Result<TrailDetail, Fault> {
        self.answer("show an entry of the audit trail", self.trail_entry(of_installation, number).await)
    }
}
