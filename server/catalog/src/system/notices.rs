//! The outbox: notices are rows first, deliveries later, so that a crash loses none.

use domain::{SourceId, TenantId, Timestamp, alerts::NoticeKind, id::NoticeId};

use crate::{
    Sealed, SystemCatalog,
    db::{Tx, all, dialect, exec, first},
    decode::{id, storable, word},
    error::Result,
    tenant::{Notice, owed_since},
};

macro_rules! due_notices {
    () => {
        "select tenant_id, id, kind, channel, target, subject, body, path, created_at, attempts from notices \
         where state = 'waiting' and next_at <= $1 order by next_at, id limit $2"
    };
}

/// A notice to deliver now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NoticeToSend {
    /// Which; also the idempotency key for the receiver.
    pub id: NoticeId,
    /// Whose.
    pub tenant_id: TenantId,
    /// Why.
    pub kind: NoticeKind,
    /// `email` or `webhook`.
    pub channel: String,
    /// Address or URL.
    pub target: String,
    /// Signing secret of the webhook, if one is stored.
    pub webhook_secret: Option<Sealed>,
    /// What it is about: one line.
    pub subject: String,
    /// What happened and what to do, in words.
    pub body: String,
    /// Path of the page to look at, e.g. `/runs/…`.
    pub path: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// Attempts, this one included.
    pub attempts: i64,
}

/// A source whose scheduled backup is late.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Owed {
    /// Whose.
    pub tenant_id: TenantId,
    /// Which source.
    pub source_id: SourceId,
    /// Its database.
    pub database: String,
    /// The earliest slot after the newest backup.
    pub since: Timestamp,
}

#[derive(sqlx::FromRow)]
struct Row {
    tenant_id: String,
    id: String,
    kind: String,
    channel: String,
    target: Option<String>,
    subject: String,
    body: String,
    path: String,
    created_at: i64,
    attempts: i64,
}

/// A notice is given to one caller for this long; one that dies with it loses no more than this.
const TAKEN_MS: i64 = 60_000;

impl SystemCatalog<'_> {
    /// Takes notices that are due; each is given to one caller only for the next minute. Those whose channel was
    /// closed meanwhile end here.
    pub async fn take_notices(&self, limit: u32) -> Result<Vec<NoticeToSend>> {
        let now = self.catalog.clock.now();
        let mut tx = self.catalog.db.begin().await?;
        let rows = all!(
            &mut tx,
            Row,
            dialect!(
                &tx,
                sqlite: due_notices!(),
                postgres: concat!(due_notices!(), " for update skip locked")
            ),
            now.0,
            i64::from(limit),
        )?;
        let mut taken = Vec::new();
        for row in rows {
            exec!(
                &mut tx,
                "update notices set attempts = attempts + 1, next_at = $3 where tenant_id = $1 and id = $2",
                row.tenant_id.as_str(),
                row.id.as_str(),
                now.plus_ms(TAKEN_MS).0,
            )?;
            let target = first!(
                &mut tx,
                (Option<String>, Option<String>, Option<Vec<u8>>),
                "select email_to, webhook_url, webhook_secret from channels where tenant_id = $1",
                row.tenant_id.as_str(),
            )?;
            let (email, url, secret) = target.unwrap_or_default();
            let (target, secret) = match row.target {
                // To one person, whatever the channels of the organisation.
                Some(person) => (Some(person), None),
                None if row.channel == "email" => (email, None),
                None => (url, secret),
            };
            let Some(target) = target else {
                self.end_notice(&mut tx, &row.tenant_id, &row.id, "failed", Some("the channel was closed"))
                    .await?;
                continue;
            };
            taken.push(NoticeToSend {
                id: id("notices", &row.id)?,
                tenant_id: id("notices", &row.tenant_id)?,
                kind: word("notices", &row.kind, NoticeKind::find)?,
                channel: row.channel,
                target,
                webhook_secret: secret.map(Sealed),
                subject: row.subject,
                body: row.body,
                path: row.path,
                created_at: Timestamp(row.created_at),
                attempts: row.attempts + 1,
            });
        }
        tx.commit().await?;
        Ok(taken)
    }

    async fn end_notice(
        &self,
        tx: &mut Tx,
        tenant: &str,
        id: &str,
        state: &str,
        error: Option<&str>,
    ) -> Result<()> {
        exec!(
            tx,
            "update notices set state = $3, next_at = null, error = cast($4 as text), finished_at = $5 \
             where tenant_id = $1 and id = $2 and state = 'waiting'",
            tenant,
            id,
            state,
            error.map(storable),
            self.catalog.clock.now().0,
        )
        .map(drop)
    }

    /// It was delivered.
    pub async fn notice_sent(&self, notice: &NoticeToSend) -> Result<()> {
        let mut tx = self.catalog.db.begin().await?;
        self.end_notice(&mut tx, &notice.tenant_id.to_string(), &notice.id.to_string(), "sent", None).await?;
        tx.commit().await
    }

    /// It was not: try again at `next_at`, or never if `None`.
    pub async fn notice_failed(
        &self,
        notice: &NoticeToSend,
        error: &str,
        next_at: Option<Timestamp>,
    ) -> Result<()> {
        let (tenant, id) = (notice.tenant_id.to_string(), notice.id.to_string());
        let mut tx = self.catalog.db.begin().await?;
        match next_at {
            None => self.end_notice(&mut tx, &tenant, &id, "failed", Some(error)).await?,
            Some(at) => {
                exec!(
                    &mut tx,
                    "update notices set next_at = $3, error = $4 where tenant_id = $1 and id = $2 and state = 'waiting'",
                    tenant,
                    id,
                    at.0,
                    storable(error),
                )?;
            }
        }
        tx.commit().await
    }

    /// Sources with an enabled schedule whose earliest slot after the newest backup lies before `before`. When a
    /// backup came is told by our own clock, as slots are: a server's that is wrong must neither raise an alarm
    /// nor silence one.
    pub async fn owed(&self, before: Timestamp) -> Result<Vec<Owed>> {
        let mut reader = self.catalog.db.read().await?;
        let rows = all!(
            &mut reader,
            (String, String, String, String, i64, Option<i64>),
            "select h.tenant_id, h.source_id, s.database_name, h.cron, h.since, (select max(b.created_at) from backups b \
             where b.tenant_id = h.tenant_id and b.source_id = h.source_id and b.tenant_key is null) as newest \
             from schedules h join sources s on s.tenant_id = h.tenant_id and s.id = h.source_id \
             where h.enabled = 1 order by h.tenant_id, h.source_id"
        )?;
        let mut owed = Vec::new();
        for (tenant, source, database, cron, since, newest) in rows {
            let slot = owed_since(&cron, Timestamp(since), newest.map(Timestamp));
            if let Some(since) = slot.filter(|slot| *slot < before) {
                let (tenant_id, source_id) = (id("schedules", &tenant)?, id("schedules", &source)?);
                owed.push(Owed { tenant_id, source_id, database, since });
            }
        }
        Ok(owed)
    }

    /// Puts a notice "overdue" into the outbox of every channel, once per source and slot. Returns how many.
    pub async fn notify_overdue(&self, owed: &Owed) -> Result<u64> {
        let mut tx = self.catalog.db.begin().await?;
        let body = format!(
            "A backup of {} was due at {} and none has arrived since.\nLook at its runs, and whether a worker is running.",
            owed.database,
            owed.since.exact()
        );
        let notice = Notice {
            tenant: owed.tenant_id,
            kind: NoticeKind::BackupOverdue,
            dedupe_key: format!("overdue:{}:{}", owed.source_id, owed.since.0),
            subject: format!("Backup of {} is overdue", owed.database),
            body: &body,
            path: format!("/sources/{}", owed.source_id),
        };
        let queued = notice.queue(&mut tx, &*self.catalog.clock).await?;
        tx.commit().await?;
        Ok(queued)
    }
}
