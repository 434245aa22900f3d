//! The outbox: notices are rows first, deliveries later, so that a crash loses none.

use domain::{SourceId, TenantId, Timestamp, alerts::NoticeKind, id::NoticeId};

use crate::{Sealed, SystemCatalog, error::Result};

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

impl SystemCatalog<'_> {
    /// Takes notices that are due; each is given to one caller only for the next minute.
    pub async fn take_notices(&self, limit: u32) -> Result<Vec<NoticeToSend>> { todo!() }
    /// It was delivered.
    pub async fn notice_sent(&self, notice: &NoticeToSend) -> Result<()> { todo!() }
    /// It was not: try again at `next_at`, or never if `None`.
    pub async fn notice_failed(&self, notice: &NoticeToSend, error: &str, next_at: Option<Timestamp>) -> Result<()> { todo!() }
    /// Sources with an enabled schedule whose earliest slot after the newest backup lies before `before`.
    pub async fn owed(&self, before: Timestamp) -> Result<Vec<Owed>> { todo!() }
    /// Puts a notice "overdue" into the outbox of every channel, once per source and slot. Returns how many.
    pub async fn notify_overdue(&self, owed: &Owed) -> Result<u64> { todo!() }
}
