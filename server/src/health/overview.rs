//! The first question of every morning, answered from the catalog: can everything be restored, what is wrong, what
//! runs now?

use app::{
    health::api::{Concern, Day, Overview},
    sources::api::SourceRow,
};
use catalog::{Alone, Approval, ApprovalQuery, BackupQuery, DayCount, Run, RunQuery, Scope, Which};
use domain::{
    ByteSize, Timestamp,
    access::may,
    approvals::{Class, State},
    backups::{RunKind, RunState},
    health::Standing,
    sources::{Connection, Severity},
};

use crate::{
    backups::view::{backup_row, run_row},
    caller::Caller,
    fault::Result,
    sources::view::source_rows,
};

const DAY_MS: i64 = 86_400_000;
const DAYS: u32 = 14;
const LATEST: u32 = 6;
const FAILED: u32 = 20;

/// Everything the overview shows.
pub async fn overview(caller: &Caller, scope: Scope<may::ReadBackups>) -> Result<Overview> {
    let rows = caller.rows(&scope);
    let now = caller.services.clock.now();
    let midnight = Timestamp(now.0.div_euclid(DAY_MS) * DAY_MS);
    let days: Vec<Timestamp> =
        (0..i64::from(DAYS)).rev().map(|ago| midnight.plus_ms(-ago * DAY_MS)).collect();
    let sources = source_rows(rows.list_sources().await?, now);
    let counts = rows.days(days.first().copied().unwrap_or(midnight)).await?;
    let (expected, completed) = rows.expected_and_completed(now.plus_ms(-7 * DAY_MS)).await?;
    let active = rows.list_runs(&RunQuery { active: true, ..RunQuery::default() }).await?;
    let failed = RunQuery { state: Some(RunState::Failed), limit: FAILED, ..RunQuery::default() };
    let failed = rows.list_runs(&failed).await?;
    let open = ApprovalQuery { which: Which::Open, limit: LATEST, ..ApprovalQuery::default() };
    let open = rows.list_approvals(&open).await?;
    let alone = rows.works_alone().await?;
    let connections = rows.list_connections().await?;
    let latest = rows.list_backups(&BackupQuery { limit: LATEST, ..BackupQuery::default() }).await?;
    let stored = rows.vault_use().await?.iter().map(|used| used.stored.0).sum();
    let stored_by_day = rows.stored_by_day(DAYS).await?.into_iter().map(|day| day.stored).collect();
    let strip = sources.iter().map(|source| strip(source, &days, &counts)).collect();
    let ages = sources.iter().map(|source| source.restorable_to.map(|at| now.since_ms(at)));
    let worst_age_ms = ages.collect::<Option<Vec<_>>>().and_then(|ages| ages.into_iter().max());
    Ok(Overview {
        now,
        concerns: concerns(&sources, &connections, &failed.rows, (&open.rows, alone.as_ref()), now),
        active: active.rows.into_iter().map(run_row).collect(),
        latest: latest.rows.into_iter().map(backup_row).collect(),
        strip,
        days,
        expected,
        completed,
        stored: ByteSize(stored),
        stored_by_day,
        worst_age_ms,
        slowest_restore_ms: rows.restore_times().await?.into_iter().map(|(_, ms)| ms).max(),
        sources,
    })
}

fn strip(source: &SourceRow, days: &[Timestamp], counts: &[DayCount]) -> Vec<Day> {
    let of_day = |day: &Timestamp| {
        let count = counts.iter().find(|count| count.source_id == source.id && count.day == *day);
        match count {
            Some(count) if count.proven > 0 => Day::Proven,
            Some(count) if count.failed > 0 || (count.missing > 0 && count.stored == 0) => Day::Missing,
            Some(count) if count.stored > 0 => Day::Stored,
            _ => Day::Nothing,
        }
    };
    days.iter().map(of_day).collect()
}

/// Sources that cannot be restored, then those that are late, then failures of the last day that nothing newer has
/// made good; and what waits for somebody to agree.
fn concerns(
    sources: &[SourceRow],
    connections: &[Connection],
    failed: &[Run],
    (open, alone): (&[Approval], Option<&Alone>),
    now: Timestamp,
) -> Vec<Concern> {
    let of_source = |source: &SourceRow| {
        let (severity, title) = match source.standing {
            Standing::NotRestorable => (Severity::Bad, "Not restorable"),
            Standing::Late => (Severity::Warn, "Late"),
            Standing::New | Standing::Restorable => return None,
        };
        Some(Concern {
            severity,
            title: title.into(),
            subject: source.database.clone(),
            path: format!("/sources/{}", source.id),
            detail: source.because.clone(),
            since: source.restorable_to.unwrap_or(now),
        })
    };
    let mut all: Vec<_> = sources.iter().filter_map(of_source).collect();
    all.extend(failed.iter().filter_map(|run| of_failure(run, sources, connections, now)));
    all.extend(open.iter().filter(|request| request.state == State::Waiting).map(of_request));
    all.extend(alone.map(of_working_alone));
    all.sort_by_key(|concern| std::cmp::Reverse(concern.severity));
    all
}

fn of_request(request: &Approval) -> Concern {
    let is_review = request.class == Class::ReviewEmergency;
    Concern {
        severity: if is_review { Severity::Bad } else { Severity::Warn },
        title: if is_review { "Has to be reviewed".into() } else { "Waits for approval".into() },
        subject: request.title.clone(),
        path: format!("/approvals/{}", request.id),
        detail: if is_review {
            "Somebody did this alone, as an emergency. Somebody else looks at it and closes the review."
                .into()
        } else {
            format!("{} asks for it. Somebody else agrees or refuses.", request.requester)
        },
        since: request.created_at,
    }
}

/// Never silently: as long as it is so, everybody who looks reads it.
fn of_working_alone(alone: &Alone) -> Concern {
    Concern {
        severity: Severity::Warn,
        title: "No second person".into(),
        subject: "This organisation works alone".into(),
        path: "/settings/approvals".into(),
        detail: "Nobody is asked to agree to anything; each such act is told to whoever gets the notices."
            .into(),
        since: alone.since,
    }
}

fn of_failure(
    run: &Run,
    sources: &[SourceRow],
    connections: &[Connection],
    now: Timestamp,
) -> Option<Concern> {
    let ended = run.finished_at.filter(|ended| now.since_ms(*ended) < DAY_MS)?;
    let source = run.source_id.and_then(|id| sources.iter().find(|source| source.id == id));
    let connection = run.connection_id.and_then(|id| connections.iter().find(|one| one.id == id));
    let made_good = match run.kind {
        RunKind::Backup | RunKind::Verify => source.and_then(|source| source.restorable_to),
        RunKind::Probe => connection.and_then(|connection| connection.probed_at),
        // Somebody waits for its result, whatever happens to the source.
        RunKind::Restore
        | RunKind::PlanRestore
        | RunKind::ApplyRestore
        | RunKind::UndoRestore
        | RunKind::Export
        | RunKind::InferMap => None,
    };
    if made_good.is_some_and(|at| at > run.created_at) {
        return None;
    }
    Some(Concern {
        severity: if run.kind == RunKind::Probe { Severity::Warn } else { Severity::Bad },
        title: format!("{} failed", run.kind.title()),
        subject: run.subject.clone(),
        path: format!("/runs/{}", run.id),
        detail: run.error.as_ref().map(|error| error.message.clone()).unwrap_or_default(),
        since: ended,
    })
}
