//! The three runs of a tenant restore: computing the difference, applying it, undoing it.
//!
//! What a run does is in the request's row, which it reads anew: it applies what was approved there and nothing that
//! somebody put into a queue.

use catalog::Restore;
use domain::{restores::TenantRestore, sources::DatabaseName};
use engine::{
    pipeline::tenant_restore::{
        Applied, RestorePlace, apply_tenant_restore, plan_tenant_restore, undo_tenant_restore,
    },
    source::mysql::connect::Endpoint,
};

use crate::{
    backups::verify_job::place_of,
    tenancy::routes::{self, Taken},
    work::{
        job::{Job, JobError, incomplete},
        lease::said,
    },
};

/// Where the change set of a request lies.
pub fn change_set(restore: &Restore, attempt: u32) -> RestorePlace {
    RestorePlace { source: restore.source_id, restore: restore.id.uuid(), attempt }
}

async fn request(job: &Job) -> Result<Restore, JobError> {
    let run = job.run();
    let id = run.restore_id().ok_or_else(|| incomplete(run, "request"))?;
    Ok(job.rows().get_restore(id).await?)
}

/// The live database of a request.
async fn live(job: &Job, restore: &Restore) -> Result<(Endpoint, DatabaseName), JobError> {
    let source = job.rows().get_source(restore.source_id).await?.source;
    let connection = job.rows().get_connection(source.connection_id).await?;
    // Only backups of databases can be asked for rows.
    let database = source.protects.database().cloned().ok_or_else(|| incomplete(job.run(), "database"))?;
    Ok((job.endpoint(&connection).await?, database))
}

/// Computes the difference between the backup and the live rows. Changes nothing.
pub async fn plan(job: &Job) -> Result<(), JobError> {
    let restore = request(job).await?;
    let backup = job.rows().get_backup(restore.backup_id).await?;
    let (endpoint, database) = live(job, &restore).await?;
    let start = job.run().starts;
    job.say(format!(
        "Start {start} compares tenant {} in the backup with {database} on {}.",
        restore.tenant,
        endpoint.shown()
    ))
    .await?;
    let wish = TenantRestore {
        backup_id: backup.id,
        tenant: restore.tenant.clone(),
        selection: job.rows().restore_selection(restore.id).await?,
    };
    routes::check(&job.rows(), job.vault(), &backup, Taken::Restored(&wish.selection)).await?;
    let attempt = u32::try_from(job.claim.fence()).unwrap_or(u32::MAX);
    let at = change_set(&restore, attempt);
    let difference =
        plan_tenant_restore(job.vault(), &place_of(&backup), &wish, &endpoint, &database, &at, &job.control)
            .await?;
    job.lease().complete_plan(&difference, attempt).await?;
    Ok(())
}

/// Applies exactly what was approved.
pub async fn apply(job: &Job) -> Result<(), JobError> {
    let restore = request(job).await?;
    let (at, digest) = approved(job, &restore)?;
    if !job.claim.may_be_done() {
        may_still(job, &restore, &digest).await?;
    }
    let (endpoint, database) = live(job, &restore).await?;
    begin(job, &endpoint, &database).await?;
    let applied =
        apply_tenant_restore(job.vault(), &at, &restore.tenant, &digest, &endpoint, &database, &job.control)
            .await?;
    job.lease().complete_apply(&summary(&applied, "as they are in the backup")).await?;
    Ok(())
}

/// Whether what was agreed to may still be applied: by the people, and by the routes to the tenants.
///
/// Not asked if an earlier start may have done it already: what is must be found out then, whoever lost which role. That
/// start's own successor asks once it has seen that nothing was done.
async fn may_still(job: &Job, restore: &Restore, digest: &str) -> Result<(), JobError> {
    let agreed = job.lease().check_approval(Some(digest)).await;
    agreed.map_err(|error| said("see whether the restore may still be applied", error))?;
    let backup = job.rows().get_backup(restore.backup_id).await?;
    let selection = job.rows().restore_selection(restore.id).await?;
    routes::check(&job.rows(), job.vault(), &backup, Taken::Restored(&selection)).await
}

async fn begin(job: &Job, endpoint: &Endpoint, database: &DatabaseName) -> Result<(), JobError> {
    let (start, server) = (job.run().starts, endpoint.shown());
    if job.claim.may_be_done() {
        job.say(format!("Start {start} looks at {database} on {server}: an earlier one may have changed it."))
            .await
    } else {
        job.say(format!("Start {start} changes {database} on {server}.")).await
    }
}

/// Brings the rows back to what they were before.
pub async fn undo(job: &Job) -> Result<(), JobError> {
    let restore = request(job).await?;
    let (at, digest) = approved(job, &restore)?;
    let (endpoint, database) = live(job, &restore).await?;
    begin(job, &endpoint, &database).await?;
    let undone =
        undo_tenant_restore(job.vault(), &at, &restore.tenant, &digest, &endpoint, &database, &job.control)
            .await?;
    job.lease().complete_undo(&summary(&undone, "as they were before")).await?;
    Ok(())
}

/// What was agreed to: the change set, and its digest.
fn approved(job: &Job, restore: &Restore) -> Result<(RestorePlace, String), JobError> {
    let missing = || incomplete(job.run(), "difference");
    let attempt = restore.attempt.ok_or_else(missing)?;
    let digest = restore.figures.as_ref().map(|figures| figures.digest.clone()).ok_or_else(missing)?;
    Ok((change_set(restore, attempt), digest))
}

fn summary(applied: &Applied, how: &str) -> String {
    if applied.already {
        return format!("An earlier start had done it: the rows are {how}.");
    }
    format!("{} rows of {} tables were changed; they are {how}.", applied.rows, applied.tables)
}
