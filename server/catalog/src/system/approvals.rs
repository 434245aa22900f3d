//! Requests that something is due for, whosever they are.

use domain::{TenantId, id::ApprovalId};

use crate::{SystemCatalog, TenantCatalog, audit::Actor, db::all, decode::id, error::Result};

/// The task, as it is written to the trail.
const TASK: &str = "approvals";

impl SystemCatalog<'_> {
    /// Requests for which something may be due: to be told, to be carried out, to be ended.
    pub async fn approvals_to_tend(&self, limit: u32) -> Result<Vec<(TenantId, ApprovalId)>> {
        let mut reader = self.catalog.db.read().await?;
        let rows = all!(
            &mut reader,
            (String, String),
            "select tenant_id, id from approval_requests where state = 'approved' \
             or (state = 'waiting' and (expires_at <= $1 or told = 0 or (told = 1 and ($1 - created_at) * 2 >= expires_at - created_at) \
             or (told = 2 and ($1 - created_at) * 5 >= (expires_at - created_at) * 4))) \
             or (state not in ('waiting', 'approved') and told < 4) order by created_at, id limit $2",
            self.catalog.clock.now().0,
            i64::from(limit),
        )?;
        let read = |(tenant, request): (String, String)| {
            Ok((id("approval_requests", &tenant)?, id("approval_requests", &request)?))
        };
        rows.into_iter().map(read).collect()
    }

    /// Does what is due for one of them: tells, reminds, carries out, or ends it. `mails` says whether a mail server is
    /// configured. Returns whether anything was done.
    pub async fn tend_approval(&self, tenant: TenantId, request: ApprovalId, mails: bool) -> Result<bool> {
        TenantCatalog::new(self.catalog, tenant, None, Actor::system(TASK))
            .tend_approval(request, mails)
            .await
    }
}
