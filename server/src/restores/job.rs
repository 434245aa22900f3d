//! Restores a backup into a database that does not exist yet.

use domain::backups::Evidence;
use engine::{Error, Kind, pipeline};

use crate::{
    backups::verify_job::place_of,
    work::job::{Job, JobError, incomplete},
};

/// Names that are spelled out at most.
const SHOWN: usize = 5;

/// Restores the run's backup and compares what arrived.
pub async fn run(job: &Job) -> Result<(), JobError> {
    let run = job.run();
    let wish = run.restore().cloned().ok_or_else(|| incomplete(run, "target"))?;
    let backup = job.rows().get_backup(wish.backup_id).await?;
    let connection = job.rows().get_connection(wish.connection_id).await?;
    let target = job.target(job.endpoint(&connection).await?).await;
    job.say(format!("Start {} restores into {} on {}.", run.starts, wish.database, target.endpoint.shown()))
        .await?;
    let place = place_of(&backup);
    let evidence = pipeline::restore(job.vault(), &place, &target, &wish.database, &job.control).await?;
    if !evidence.equal {
        let message =
            format!("the database is there, but it is not what was backed up: {}", differences(&evidence));
        return Err(Error::new(Kind::Integrity, format!("restore into {}", wish.database), message)
            .hint("Look at it before anybody uses it. Drop it to try again, or restore another backup.")
            .into());
    }
    let rows: u64 = evidence.tables.iter().map(|table| table.rows_restored).sum();
    let summary = format!(
        "Restored into {}: {} tables with {rows} rows and {} views, triggers, routines and events, all as they were backed up.",
        wish.database,
        evidence.tables.len(),
        evidence.objects,
    );
    job.lease().complete_restore(&summary).await?;
    Ok(())
}

fn differences(evidence: &Evidence) -> String {
    let tables =
        evidence.tables.iter().filter(|table| !table.equal).map(|table| format!("table {}", table.table));
    let objects = evidence
        .differences
        .iter()
        .map(|object| format!("{} {} ({})", object.kind, object.name, object.difference));
    let all: Vec<String> = tables.chain(objects).chain(evidence.remarks.iter().cloned()).collect();
    let more = all.len().saturating_sub(SHOWN);
    let mut text = all[..all.len().min(SHOWN)].join(", ");
    if more > 0 {
        text.push_str(&format!(" and {more} more"));
    }
    text
}
