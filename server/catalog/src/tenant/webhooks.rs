//! Webhooks: where programs are told what happens in their organisation.

use domain::{
    Timestamp,
    audit::{Act, Deed},
    id::WebhookId,
};

use crate::{
    Conflict, Sealed, TenantCatalog,
    db::{AsConn, all, exec, first},
    decode::{id, json, number, storable, to_json},
    error::{Error, Result},
};

/// Webhooks of one organisation at most: each reads the trail for itself.
pub const MOST_WEBHOOKS: usize = 20;

/// Where programs are told what happens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Webhook {
    /// Which.
    pub id: WebhookId,
    /// Where events are posted.
    pub url: String,
    /// What it is told of.
    pub acts: Vec<Act>,
    /// Whether it is told; if not, it was given up, and goes on where it stood when somebody says so.
    pub is_active: bool,
    /// The last entry of the trail that it was told of, or that was none for it.
    pub sent: u64,
    /// Attempts for the next one.
    pub attempts: i64,
    /// When it is tried next.
    pub next_at: Timestamp,
    /// Why the last attempt failed.
    pub error: Option<String>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was told something.
    pub last_sent_at: Option<Timestamp>,
}

/// A webhook to make.
#[derive(Debug, Clone)]
pub struct NewWebhook {
    /// Where events are posted.
    pub url: String,
    /// The secret by which they are signed, sealed.
    pub secret: Sealed,
    /// What it is told of.
    pub acts: Vec<Act>,
}

#[derive(sqlx::FromRow)]
struct Row {
    id: String,
    url: String,
    acts: String,
    state: String,
    sent: i64,
    attempts: i64,
    next_at: i64,
    error: Option<String>,
    created_at: i64,
    last_sent_at: Option<i64>,
}

impl TryFrom<Row> for Webhook {
    type Error = Error;
    fn try_from(row: Row) -> Result<Self> {
        Ok(Self {
            id: id("webhooks", &row.id)?,
            url: row.url,
            acts: acts(&row.acts)?,
            is_active: row.state == "active",
            sent: number("webhooks", row.sent)?,
            attempts: row.attempts,
            next_at: Timestamp(row.next_at),
            error: row.error,
            created_at: Timestamp(row.created_at),
            last_sent_at: row.last_sent_at.map(Timestamp),
        })
    }
}

/// What a webhook is told of. Acts that this version does not know are left out: it cannot tell of them either.
pub(crate) fn acts(text: &str) -> Result<Vec<Act>> {
    let keys: Vec<String> = json("webhooks", text)?;
    Ok(keys.iter().filter_map(|key| Act::find(key)).collect())
}

macro_rules! webhooks {
    ($rest:literal) => {
        concat!(
            "select id, url, acts, state, sent, attempts, next_at, error, created_at, last_sent_at from webhooks \
             where tenant_id = $1",
            $rest
        )
    };
}

impl TenantCatalog<'_> {
    /// Every webhook, the oldest first.
    pub async fn list_webhooks(&self) -> Result<Vec<Webhook>> {
        let rows = all!(&mut self.read().await?, Row, webhooks!(" order by created_at, id"), self.key())?;
        rows.into_iter().map(Webhook::try_from).collect()
    }

    /// One webhook.
    pub async fn get_webhook(&self, id: WebhookId) -> Result<Webhook> {
        self.find_webhook(&mut self.read().await?, id).await
    }

    async fn find_webhook(&self, on: &mut impl AsConn, id: WebhookId) -> Result<Webhook> {
        let row = first!(on, Row, webhooks!(" and id = $2"), self.key(), id.to_string())?;
        row.ok_or(Error::NotFound { what: "webhook" })?.try_into()
    }

    /// Makes a webhook. It is told what happens from now on.
    pub async fn create_webhook(&self, new: NewWebhook) -> Result<WebhookId> {
        let webhook = WebhookId::new(self.catalog.clock.uuid());
        let keys: Vec<_> = new.acts.iter().map(|act| act.key()).collect();
        let mut tx = self.begin().await?;
        // The organisation's row is held, so that two of these at once are counted one after the other.
        exec!(&mut tx, "update tenants set name = name where tenant_id = $1", self.key())?;
        let made = first!(&mut tx, (i64,), "select count(*) from webhooks where tenant_id = $1", self.key())?;
        if made.is_some_and(|(count,)| usize::try_from(count).is_ok_and(|count| count >= MOST_WEBHOOKS)) {
            return Err(Conflict::TooManyWebhooks.into());
        }
        exec!(
            &mut tx,
            "insert into webhooks (tenant_id, id, url, secret, acts, state, sent, attempts, next_at, created_at) \
             values ($1, $2, $3, $4, $5, 'active', \
             coalesce((select sequence from audit_chains where tenant_id = $1), 0), 0, $6, $6)",
            self.key(),
            webhook.to_string(),
            storable(&new.url),
            new.secret.0,
            to_json("webhooks", &keys)?,
            self.now(),
        )?;
        self.audit(&mut tx, Deed::done(Act::WebhookCreate, webhook)).await?;
        tx.commit().await?;
        Ok(webhook)
    }

    /// Removes a webhook: it is told nothing more.
    pub async fn remove_webhook(&self, id: WebhookId) -> Result<()> {
        let mut tx = self.begin().await?;
        let removed = exec!(
            &mut tx,
            "delete from webhooks where tenant_id = $1 and id = $2",
            self.key(),
            id.to_string(),
        )?;
        if removed == 0 {
            return Err(Error::NotFound { what: "webhook" });
        }
        self.audit(&mut tx, Deed::done(Act::WebhookRemove, id)).await?;
        tx.commit().await
    }

    /// Tries again at once, from where it stood. Once more is no fault.
    pub async fn resume_webhook(&self, id: WebhookId) -> Result<()> {
        let mut tx = self.begin().await?;
        let found = self.find_webhook(&mut tx, id).await?;
        exec!(
            &mut tx,
            "update webhooks set state = 'active', attempts = 0, next_at = $3 where tenant_id = $1 and id = $2",
            self.key(),
            id.to_string(),
            self.now(),
        )?;
        if !found.is_active {
            self.audit(&mut tx, Deed::done(Act::WebhookResume, id)).await?;
        }
        tx.commit().await
    }
}
