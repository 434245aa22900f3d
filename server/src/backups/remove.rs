//! Removing a backup by hand: not done. What a person or a stolen token could remove, nobody could restore; a backup
//! ends by its schedule's retention alone.

use std::convert::Infallible;

use catalog::Scope;
use domain::{BackupId, Refusal, access::may};

use crate::{caller::Caller, fault::Result};

/// Refuses, to whoever may at least see that there is such a backup.
pub async fn remove(caller: &Caller, scope: Scope<may::ManagePolicies>, id: BackupId) -> Result<Infallible> {
    caller.rows(&scope).get_backup(id).await?;
    Err(Refusal::KeptByRetention.into())
}
