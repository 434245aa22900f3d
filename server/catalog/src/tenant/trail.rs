//! Reading the audit trail.

use domain::{Cursor, Page, Timestamp};

use crate::{
    AuditEntry, Outcome, TenantCatalog,
    audit::{self, Note},
    db::all,
    decode::{After, page, page_size},
    error::Result,
};

#[derive(sqlx::FromRow)]
struct Row {
    id: String,
    at: i64,
    actor: String,
    action: String,
    subject: String,
    outcome: String,
    detail: String,
}

impl TenantCatalog<'_> {
    /// Entries of this organisation, newest first, 100 at a time.
    pub async fn list_audit(&self, after: Option<&Cursor>) -> Result<Page<AuditEntry>> {
        let limit = page_size(100);
        let after = After::read(after)?;
        let after_at = after.as_ref().map(After::at).transpose()?;
        let mut reader = self.read().await?;
        let rows = all!(
            &mut reader,
            Row,
            "select id, at, actor, action, subject, outcome, detail from audit where tenant_id = $1 \
             and (cast($2 as bigint) is null or at < $2 or (at = $2 and id < $3)) order by at desc, id desc limit $4",
            self.key(),
            after_at.map(|at| at.0),
            after.map(|after| after.id),
            i64::from(limit) + 1,
        )?;
        let rows = page(rows, limit, |row| (row.at.to_string(), row.id.clone()));
        Ok(rows.map(|row| AuditEntry {
            at: Timestamp(row.at),
            actor: row.actor,
            action: row.action,
            subject: row.subject,
            outcome: row.outcome,
            detail: row.detail,
        }))
    }

    /// Writes an entry for something that happened outside the catalog, e.g. an export.
    pub async fn record(
        &self,
        action: &'static str,
        subject: &str,
        outcome: Outcome,
        detail: &str,
    ) -> Result<()> {
        let mut tx = self.begin().await?;
        let (tenant, actor) = (Some(self.tenant), &self.actor);
        let note =
            Note { tenant, actor, action, subject: subject.to_owned(), outcome, detail: detail.to_owned() };
        audit::record(&mut tx, &*self.catalog.clock, note).await?;
        tx.commit().await
    }
}
