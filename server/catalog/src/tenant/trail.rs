//! Reading the audit trail.

use domain::{Cursor, Page};

use crate::{AuditEntry, TenantCatalog, error::Result};

impl TenantCatalog<'_> {
    /// Entries of this organisation, newest first, 100 at a time.
    pub async fn list_audit(&self, after: Option<&Cursor>) -> Result<Page<AuditEntry>> { todo!() }
    /// Writes an entry for something that happened outside the catalog, e.g. an export.
    pub async fn record(&self, action: &'static str, subject: &str, outcome: crate::Outcome, detail: &str) -> Result<()> { todo!() }
}
