//! When a source is backed up.

use async_trait::async_trait;
use domain::{Fault, ScheduleId, SourceId, Timestamp, policies::schedule::ScheduleKind};
use leptos::prelude::*;
use serde::{Deserialize, Serialize};

use crate::{approvals::api::Outcome, port::ApiError};
#[cfg(feature = "ssr")]
use crate::{approvals::api::went_to, port::backend};

/// A schedule as it is shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ScheduleView {
    /// Which.
    pub id: ScheduleId,
    /// What it asks for.
    pub kind: ScheduleKind,
    /// Five fields, UTC.
    pub cron: String,
    /// Whether it runs.
    pub enabled: bool,
    /// The next slot.
    pub next_at: Option<Timestamp>,
    /// Slots that nobody ran, since it exists.
    pub missed: i64,
}

/// A change to a source's schedule.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct SetSchedule {
    /// Which source.
    pub source_id: SourceId,
    /// Five fields, UTC.
    pub cron: String,
    /// Whether it runs.
    #[serde(default)]
    pub enabled: bool,
    /// Of what changes between full backups; of whole servers only.
    #[serde(default)]
    pub incremental: bool,
    /// Why, where somebody else has to agree.
    #[serde(default)]
    pub reason: String,
}

/// What a page may ask about policies.
#[async_trait]
pub trait PoliciesPort: Send + Sync {
    /// Sets the schedule of full backups, or of what changes between them.
    /// One that backs up less often waits for somebody else.
    async fn set_schedule(&self, request: SetSchedule) -> Result<Outcome, Fault>;
}

/// Sets the schedule of full backups, or of what changes between them.
#[server(name = SetScheduleFn, prefix = "/fn", endpoint = "policies/set_schedule")]
pub async fn set_schedule(request: SetSchedule) -> Result<Outcome, ApiError> {
    let path = format!("/sources/{}?done=schedule", request.source_id);
    let outcome = backend()?.set_schedule(request).await?;
    Ok(crate::redirect_to(&went_to(outcome, &path), outcome))
}
