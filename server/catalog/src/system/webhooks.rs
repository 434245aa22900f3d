//! Telling webhooks what happened: each follows the trail of its organisation, entry by entry and in its order.

use domain::{
    TenantId, Timestamp,
    alerts::NoticeKind,
    audit::{Act, Chain, Deed},
    id::WebhookId,
};

use super::SystemCatalog;
use crate::{
    Sealed, TrailEntry,
    audit::Actor,
    db::{Tx, all, dialect, exec},
    decode::{id, number, storable},
    error::Result,
    tenant::{Notice, webhook_acts},
    trail::following,
};

macro_rules! due_webhooks {
    () => {
        "select w.tenant_id, w.id, w.url, w.secret, w.acts, w.sent, w.attempts from webhooks w \
         join audit_chains c on c.tenant_id = w.tenant_id \
         where w.state = 'active' and w.next_at <= $1 and c.sequence > w.sent order by w.next_at, w.id limit $2"
    };
}

/// Entries that are looked at for one webhook at a time.
const ENTRIES: u32 = 200;
/// A webhook is given to one caller for this long after each entry that it was told: more than the next can take.
const TAKEN_MS: i64 = 5 * 60_000;

/// A webhook with what it has to be told.
#[derive(Debug, Clone)]
pub struct ToTell {
    /// Which.
    pub id: WebhookId,
    /// Whose.
    pub tenant_id: TenantId,
    /// Where.
    pub url: String,
    /// The signing secret.
    pub secret: Sealed,
    /// Attempts that failed for the first of the entries.
    pub attempts: i64,
    /// What, the oldest first.
    pub entries: Vec<TrailEntry>,
    /// The last entry that was looked at.
    pub looked: u64,
}

#[derive(sqlx::FromRow)]
struct Row {
    tenant_id: String,
    id: String,
    url: String,
    secret: Vec<u8>,
    acts: String,
    sent: i64,
    attempts: i64,
}

impl SystemCatalog<'_> {
    /// Takes webhooks for which there is something new; each is given to one caller only for the next minutes.
    pub async fn take_webhooks(&self, limit: u32) -> Result<Vec<ToTell>> {
        let now = self.catalog.clock.now();
        let mut tx = self.catalog.db.begin().await?;
        let rows = all!(
            &mut tx,
            Row,
            dialect!(
                &tx,
                sqlite: due_webhooks!(),
                postgres: concat!(due_webhooks!(), " for update of w skip locked")
            ),
            now.0,
            i64::from(limit),
        )?;
        let mut taken = Vec::new();
        for row in rows {
            exec!(
                &mut tx,
                "update webhooks set next_at = $3 where tenant_id = $1 and id = $2",
                row.tenant_id.as_str(),
                row.id.as_str(),
                now.plus_ms(TAKEN_MS).0,
            )?;
            let tenant_id = id("webhooks", &row.tenant_id)?;
            let sent = number("webhooks", row.sent)?;
            let wanted = webhook_acts(&row.acts)?;
            let mut entries = following(&mut tx, Chain::Tenant(tenant_id), sent, ENTRIES).await?;
            let looked = entries.last().map_or(sent, |last| last.sequence);
            entries.retain(|entry| wanted.iter().any(|act| act.key() == entry.act));
            taken.push(ToTell {
                id: id("webhooks", &row.id)?,
                tenant_id,
                url: row.url,
                secret: Sealed(row.secret),
                attempts: row.attempts,
                entries,
                looked,
            });
        }
        tx.commit().await?;
        Ok(taken)
    }

    /// It was told everything up to this entry. It stays taken.
    pub async fn webhook_told(&self, told: &ToTell, sequence: u64) -> Result<()> {
        let now = self.catalog.clock.now();
        let mut tx = self.catalog.db.begin().await?;
        exec!(
            &mut tx,
            "update webhooks set sent = $3, attempts = 0, error = null, last_sent_at = $4, next_at = $5 \
             where tenant_id = $1 and id = $2 and sent < $3",
            told.tenant_id.to_string(),
            told.id.to_string(),
            i64::try_from(sequence).unwrap_or(i64::MAX),
            now.0,
            now.plus_ms(TAKEN_MS).0,
        )?;
        tx.commit().await
    }

    /// It has been told all that was looked at.
    pub async fn webhook_done(&self, told: &ToTell) -> Result<()> {
        let mut tx = self.catalog.db.begin().await?;
        exec!(
            &mut tx,
            "update webhooks set sent = case when sent < $3 then $3 else sent end, next_at = $4 \
             where tenant_id = $1 and id = $2 and state = 'active'",
            told.tenant_id.to_string(),
            told.id.to_string(),
            i64::try_from(told.looked).unwrap_or(i64::MAX),
            self.catalog.clock.now().0,
        )?;
        tx.commit().await
    }

    /// It could not be told: it is tried again at `next_at`, or, if there is none, suspended until somebody says so, and the
    /// organisation is told.
    pub async fn webhook_failed(&self, told: &ToTell, error: &str, next_at: Option<Timestamp>) -> Result<()> {
        let mut tx = self.catalog.db.begin().await?;
        let (tenant, webhook) = (told.tenant_id.to_string(), told.id.to_string());
        let state = if next_at.is_some() { "active" } else { "suspended" };
        let changed = exec!(
            &mut tx,
            "update webhooks set state = $3, attempts = attempts + 1, error = $4, next_at = $5 \
             where tenant_id = $1 and id = $2 and state = 'active'",
            tenant,
            webhook,
            state,
            storable(error),
            next_at.unwrap_or(self.catalog.clock.now()).0,
        )?;
        if changed > 0 && next_at.is_none() {
            self.tell_of_suspension(&mut tx, told, error).await?;
        }
        tx.commit().await
    }

    async fn tell_of_suspension(&self, tx: &mut Tx, told: &ToTell, error: &str) -> Result<()> {
        let body = format!(
            "What happens is no longer posted to {}: {error}.\nMend the receiver, then resume the webhook; it goes on where \
             it stood and nothing is left out.",
            told.url
        );
        let notice = Notice {
            tenant: told.tenant_id,
            kind: NoticeKind::WebhookSuspended,
            dedupe_key: format!("webhook:{}:{}", told.id, self.catalog.clock.now().0),
            subject: "A webhook is suspended".into(),
            body: &body,
            path: "/settings/webhooks".into(),
        };
        notice.queue(tx, &*self.catalog.clock).await?;
        let actor = Actor::system(self.task.key());
        let of = crate::TenantCatalog::new(self.catalog, told.tenant_id, None, actor);
        of.audit(tx, Deed::done(Act::WebhookSuspend, told.id)).await
    }
}
