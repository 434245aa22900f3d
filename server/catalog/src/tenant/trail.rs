//! Reading what happened as a plain list: the trail first, then what versions wrote that had no chain yet.
//!
//! Those older entries can only be read. They were all written before the first entry of the chain, and nothing proves
//! them; they are kept because they are the history that there is.

use domain::{Cursor, Page, Timestamp};

use crate::{
    AuditEntry, TenantCatalog, TrailEntry, TrailQuery,
    db::all,
    decode::{After, cursor, page, page_size},
    error::Result,
};

/// Where a cursor stands among the older entries.
const OLDER: &str = "older:";

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

impl From<Row> for AuditEntry {
    fn from(row: Row) -> Self {
        Self {
            at: Timestamp(row.at),
            actor: row.actor,
            action: row.action,
            subject: row.subject,
            outcome: row.outcome,
            detail: row.detail,
        }
    }
}

impl From<TrailEntry> for AuditEntry {
    fn from(entry: TrailEntry) -> Self {
        let said = |facts: &domain::audit::Facts| {
            facts.iter().map(|(field, fact)| format!("{} {fact}", field.key())).collect::<Vec<_>>().join(", ")
        };
        let (actor, detail) = match &entry.event {
            Some(event) if event.before.is_empty() => (event.who.name().to_owned(), said(&event.after)),
            Some(event) => (
                event.who.name().to_owned(),
                format!("{}; before: {}", said(&event.after), said(&event.before)),
            ),
            None => (entry.actor, String::new()),
        };
        let subject = entry.object.replacen(':', " ", 1);
        Self { at: entry.at, actor, action: entry.act, subject, outcome: entry.outcome, detail }
    }
}

impl TenantCatalog<'_> {
    /// Entries of this organisation, newest first, 100 at a time.
    pub async fn list_audit(&self, after: Option<&Cursor>) -> Result<Page<AuditEntry>> {
        let limit = page_size(100);
        if after.is_some_and(|cursor| cursor.0.starts_with(OLDER)) {
            return self.older(after, limit).await;
        }
        let query = TrailQuery { after: after.cloned(), limit, ..TrailQuery::default() };
        let trail = self.search_trail(&query).await?;
        let mut rows: Vec<AuditEntry> = trail.rows.into_iter().map(AuditEntry::from).collect();
        if trail.next.is_some() {
            return Ok(Page { rows, next: trail.next });
        }
        let room = limit.saturating_sub(u32::try_from(rows.len()).unwrap_or(u32::MAX));
        if room == 0 {
            return Ok(Page { rows, next: Some(cursor((i64::MAX.to_string(), OLDER.to_owned()))) });
        }
        let older = self.older(None, room).await?;
        rows.extend(older.rows);
        Ok(Page { rows, next: older.next })
    }

    async fn older(&self, after: Option<&Cursor>, limit: u32) -> Result<Page<AuditEntry>> {
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
            after.map(|after| after.id.trim_start_matches(OLDER).to_owned()),
            i64::from(limit) + 1,
        )?;
        let rows = page(rows, limit, |row: &Row| (row.at.to_string(), format!("{OLDER}{}", row.id)));
        Ok(rows.map(AuditEntry::from))
    }
}
