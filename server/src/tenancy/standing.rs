//! Whether a tenant can be restored, with the sentence that says why.

use catalog::{SourceRow, TenantRow};
use domain::{
    Timestamp,
    backups::Verification,
    health::{SourceFacts, Standing, TenantStanding, standing},
};

/// How a tenant stands. Only a backup that is proven and complete is green: one in which rows of the tenant may lie
/// among the shared ones may bring back less than it had, and is said to.
pub fn judge(row: &TenantRow, source: Option<&SourceRow>, now: Timestamp) -> (TenantStanding, String) {
    let newest = row.newest.as_ref();
    let facts = SourceFacts {
        newest_proven: row.proven_at,
        newest: newest.map(|part| (part.snapshot_at, part.verification)),
        owed_since: source.and_then(|source| source.owed_since),
        created_at: row.first_seen_at,
    };
    let is_proven = |verification| matches!(verification, Verification::RestoreOk | Verification::Stale);
    let standing = match (standing(facts, now), newest) {
        (Standing::NotRestorable, Some(newest)) if is_proven(newest.verification) && !newest.is_complete => {
            let because = "The newest backup is proven, but rows of the tenant may lie among the shared ones: look at the \
                           tenant map.";
            return (TenantStanding::Incomplete, because.into());
        }
        (standing, _) => standing,
    };
    let because = match (standing, newest) {
        (_, None) => "No backup that is kept holds it.".into(),
        (Standing::Restorable, Some(newest)) if Some(newest.snapshot_at) > row.proven_at => {
            "The newest backup is being proven; an older one was.".into()
        }
        (Standing::Restorable, _) => "The newest backup is proven and holds every table of it.".into(),
        (_, Some(newest)) if newest.verification == Verification::Failed => {
            "The newest backup did not restore to what was backed up.".into()
        }
        (Standing::New, _) => "The first backup that holds it waits to be proven.".into(),
        (Standing::Late, Some(newest)) if Some(newest.snapshot_at) > row.proven_at => {
            "The newest backup waits to be proven; an older one was.".into()
        }
        (Standing::Late, _) => {
            "The newest backup that holds it is older than its source's schedule allows.".into()
        }
        (Standing::NotRestorable, _) => "There are backups, but none has been proven yet.".into(),
    };
    (TenantStanding::As(standing), because)
}
