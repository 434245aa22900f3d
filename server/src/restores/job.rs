//! Restores a backup into a database that does not exist yet.
//!
//! What a killed worker left is removed by the next start, and nothing else ever is: the run writes down that it is
//! about to make the database, the database carries the run's mark until it is whole (see
//! [`engine::source::mysql::new_database`]), and that it is whole is written down before the mark comes off. So at
//! every moment one of the two says whose it is, and in the end there is a whole database or none.

use catalog::{Begun, Whole};
use domain::{backups::Evidence, restores::RestoreToNew};
use engine::{
    Error, Kind,
    pipeline::{self, failpoint},
    source::mysql::new_database::{Found, Maker, NewDatabase},
};

use crate::{
    backups::verify_job::place_of,
    tenancy::routes::{self, Taken},
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
    let maker = Maker::new(run.id.uuid());
    let new = NewDatabase { endpoint: &target.endpoint, database: &wish.database, maker: &maker };
    if let Some(found) = clear(job, new).await? {
        job.say(format!("An earlier start had restored {} and compared it already.", wish.database)).await?;
        return finish(job, &wish, new, found).await;
    }
    // Asked here too: the map may have changed since somebody asked for it.
    if let Some(taken) = Taken::loaded(&wish.only) {
        routes::check(&job.rows(), job.vault(), &backup, taken).await?;
    }
    job.say(format!("Start {} restores into {} on {}.", run.starts, wish.database, target.endpoint.shown()))
        .await?;
    job.lease().begin_database(wish.connection_id, &wish.database).await?;
    let what = pipeline::Wish { only: &wish.only, definers: &wish.definers };
    let evidence =
        pipeline::restore(job.vault(), &place_of(&backup), &target, new, what, &job.control).await?;
    let found = Whole { equal: evidence.equal, summary: summary(&wish, &evidence) };
    job.lease().database_is_whole(&found).await?;
    finish(job, &wish, new, found).await
}

/// Makes room: removes what an earlier start left. If that was whole already, gives what was found in it.
async fn clear(job: &Job, new: NewDatabase<'_>) -> Result<Option<Whole>, JobError> {
    let begun = job.lease().begun_database().await?;
    let is_there = new.look().await?;
    match (begun, is_there) {
        (_, Found::Nothing) => Ok(None),
        (Some(Begun { whole: Some(found) }), _) => Ok(Some(found)),
        (Some(Begun { whole: None }), Found::Ours | Found::Empty) => {
            new.remove().await?;
            job.say(format!("An earlier start left {} unfinished; it was removed.", new.database)).await?;
            Ok(None)
        }
        (Some(Begun { whole: None }) | None, _) => {
            let attempt = format!("restore into {}", new.database);
            Err(Error::new(Kind::Input, attempt, "a database of that name exists already")
                .hint("Choose a name that is not in use.")
                .into())
        }
    }
}

/// Takes the mark off, and tells the catalog.
async fn finish(job: &Job, wish: &RestoreToNew, new: NewDatabase<'_>, found: Whole) -> Result<(), JobError> {
    failpoint("restore.whole");
    new.finish().await?;
    failpoint("restore.finished");
    if found.equal {
        job.lease().complete_restore(&found.summary).await?;
        return Ok(());
    }
    Err(Error::new(Kind::Integrity, format!("restore into {}", wish.database), found.summary)
        .hint("Look at it before anybody uses it. Drop it to try again, or restore another backup.")
        .into())
}

fn summary(wish: &RestoreToNew, evidence: &Evidence) -> String {
    if !evidence.equal {
        return format!("the database is there, but it is not what was backed up: {}", differences(evidence));
    }
    let rows: u64 = evidence.tables.iter().map(|table| table.rows_restored).sum();
    let remarks: String = evidence.remarks.iter().map(|remark| format!(" ({remark})")).collect();
    format!(
        "Restored into {}: {} tables with {rows} rows and {} views, triggers, routines and events, all as they were backed up.{remarks}",
        wish.database,
        evidence.tables.len(),
        evidence.objects,
    )
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
