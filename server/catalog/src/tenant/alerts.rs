//! Where notices go.

use domain::{
    Clock, TenantId, Timestamp,
    alerts::NoticeKind,
    audit::{Act, Deed, Field, Object},
};

use super::Member;
use crate::{
    Sealed, TenantCatalog,
    db::{AsConn, Tx, all, exec, first},
    decode::{page_size, storable},
    error::Result,
};

/// Where notices go.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Channels {
    /// Address for e-mail.
    pub email_to: Option<String>,
    /// URL of the webhook.
    pub webhook_url: Option<String>,
    /// Whether a signing secret is stored.
    pub has_webhook_secret: bool,
}

/// Where notices shall go.
#[derive(Debug, Clone, Default)]
pub struct NewChannels {
    /// Address for e-mail.
    pub email_to: Option<String>,
    /// URL of the webhook.
    pub webhook_url: Option<String>,
    /// A new signing secret, sealed; `None` keeps the stored one while the URL stays the same: another
    /// receiver must not be sent signatures of a secret that was not entered for it.
    pub webhook_secret: Option<Sealed>,
}

/// One delivery.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    /// When the notice was made.
    pub at: Timestamp,
    /// `email` or `webhook`.
    pub channel: String,
    /// What it is about.
    pub subject: String,
    /// `waiting`, `sent` or `failed`.
    pub state: String,
    /// Why the last attempt failed.
    pub error: Option<String>,
}

#[derive(sqlx::FromRow)]
struct Row {
    email_to: Option<String>,
    webhook_url: Option<String>,
    has_secret: i64,
}

async fn read_channels(on: &mut impl AsConn, tenant: TenantId) -> Result<Channels> {
    let row = first!(
        on,
        Row,
        "select email_to, webhook_url, cast(case when webhook_secret is null then 0 else 1 end as bigint) as has_secret \
         from channels where tenant_id = $1",
        tenant.to_string(),
    )?;
    Ok(row.map_or_else(Channels::default, |row| Channels {
        email_to: row.email_to,
        webhook_url: row.webhook_url,
        has_webhook_secret: row.has_secret == 1,
    }))
}

/// A notice to be put into the outbox.
pub(crate) struct Notice<'a> {
    pub tenant: TenantId,
    pub kind: NoticeKind,
    /// What it must be sent for once only.
    pub dedupe_key: String,
    pub subject: String,
    pub body: &'a str,
    pub path: String,
}

impl Notice<'_> {
    /// Puts it into the outbox for one person, as a letter.
    pub async fn queue_to(&self, tx: &mut Tx, clock: &dyn Clock, person: &Member) -> Result<u64> {
        exec!(
            tx,
            "insert into notices (tenant_id, id, kind, channel, target, dedupe_key, subject, body, path, state, attempts, \
             next_at, created_at) values ($1, $2, $3, 'email', $4, $5, $6, $7, $8, 'waiting', 0, $9, $9) \
             on conflict do nothing",
            self.tenant.to_string(),
            clock.uuid().to_string(),
            self.kind.key(),
            person.email.as_str(),
            format!("{}:{}", self.dedupe_key, person.id),
            storable(&self.subject),
            storable(self.body),
            self.path.as_str(),
            clock.now().0,
        )
    }

    /// Puts it into the outbox of every channel of the organisation. Returns how many.
    pub async fn queue(&self, tx: &mut Tx, clock: &dyn Clock) -> Result<u64> {
        let channels = read_channels(tx, self.tenant).await?;
        let wanted = [("email", channels.email_to.is_some()), ("webhook", channels.webhook_url.is_some())];
        let mut queued = 0;
        for (channel, _) in wanted.into_iter().filter(|(_, wanted)| *wanted) {
            queued += exec!(
                tx,
                "insert into notices (tenant_id, id, kind, channel, dedupe_key, subject, body, path, state, attempts, \
                 next_at, created_at) values ($1, $2, $3, $4, $5, $6, $7, $8, 'waiting', 0, $9, $9) \
                 on conflict do nothing",
                self.tenant.to_string(),
                clock.uuid().to_string(),
                self.kind.key(),
                channel,
                self.dedupe_key.as_str(),
                storable(&self.subject),
                storable(self.body),
                self.path.as_str(),
                clock.now().0,
            )?;
        }
        Ok(queued)
    }
}

impl TenantCatalog<'_> {
    /// Where notices go.
    pub async fn channels(&self) -> Result<Channels> {
        let mut reader = self.read().await?;
        read_channels(&mut reader, self.tenant).await
    }

    /// Changes where notices go.
    pub async fn set_channels(&self, new: NewChannels) -> Result<()> {
        let mut tx = self.begin().await?;
        let deed = self.store_channels(&mut tx, new).await?;
        self.audit(&mut tx, deed).await?;
        tx.commit().await
    }

    /// The same in a transaction of the caller's, who writes down what was done.
    pub(super) async fn store_channels(&self, tx: &mut Tx, new: NewChannels) -> Result<Deed> {
        let before = read_channels(tx, self.tenant).await?;
        // Addresses are somebody's, and a webhook's may hold a secret: only whether there is one is said.
        let deed = Deed::done(Act::ChannelsSet, Object::channels())
            .before(Field::Email, before.email_to.is_some())
            .before(Field::Webhook, before.webhook_url.is_some())
            .after(Field::Email, new.email_to.is_some())
            .after(Field::Webhook, new.webhook_url.is_some());
        let secret = new.webhook_secret.filter(|_| new.webhook_url.is_some()).map(|sealed| sealed.0);
        exec!(
            tx,
            "insert into channels (tenant_id, email_to, webhook_url, webhook_secret) values ($1, $2, $3, $4) \
             on conflict (tenant_id) do update set email_to = excluded.email_to, webhook_url = excluded.webhook_url, \
             webhook_secret = case when excluded.webhook_url is null then null \
             when excluded.webhook_secret is not null then excluded.webhook_secret \
             when excluded.webhook_url = channels.webhook_url then channels.webhook_secret end",
            self.key(),
            new.email_to,
            new.webhook_url,
            secret,
        )?;
        Ok(deed)
    }

    /// Puts a test notice into the outbox of every channel. Returns how many.
    pub async fn queue_test_notice(&self) -> Result<u64> {
        let mut tx = self.begin().await?;
        let notice = Notice {
            tenant: self.tenant,
            kind: NoticeKind::Test,
            dedupe_key: format!("test:{}", self.catalog.clock.uuid()),
            subject: "Holdfast test notice".into(),
            body: "Somebody asked for this test. If you can read it, notices reach you.",
            path: "/settings".into(),
        };
        let queued = notice.queue(&mut tx, &*self.catalog.clock).await?;
        let deed = Deed::done(Act::ChannelsTest, Object::channels()).after(Field::Count, queued);
        self.audit(&mut tx, deed).await?;
        tx.commit().await?;
        Ok(queued)
    }

    /// The newest deliveries, newest first.
    pub async fn list_deliveries(&self, limit: u32) -> Result<Vec<Delivery>> {
        let mut reader = self.read().await?;
        let rows = all!(
            &mut reader,
            (i64, String, String, String, Option<String>),
            "select created_at, channel, subject, state, error from notices where tenant_id = $1 \
             order by created_at desc, id desc limit $2",
            self.key(),
            i64::from(page_size(limit)),
        )?;
        let read = |(at, channel, subject, state, error): (i64, String, String, String, Option<String>)| {
            Delivery { at: Timestamp(at), channel, subject, state, error }
        };
        Ok(rows.into_iter().map(read).collect())
    }
}
