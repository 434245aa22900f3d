//! Whether a source can be restored, with the sentence that says why.

use catalog::SourceRow;
use domain::{
    Timestamp,
    backups::Verification,
    health::{SourceFacts, Standing, standing},
};

/// How a source stands, and why.
pub fn judge(row: &SourceRow, now: Timestamp) -> (Standing, String) {
    let facts = SourceFacts {
        newest_proven: row.newest_proven,
        newest: row.newest,
        owed_since: row.owed_since,
        created_at: row.source.created_at,
    };
    let standing = standing(facts, now);
    (standing, because(&facts, standing, now))
}

fn because(facts: &SourceFacts, standing: Standing, now: Timestamp) -> String {
    let proven = facts.newest_proven.map(|at| format!("the instant {} is proven", at.exact()));
    let due = |slot: Timestamp| format!("a backup was due {} and none was taken", slot.relative(now));
    match (standing, facts.newest, facts.owed_since) {
        (Standing::New, Some(_), _) => "The first backup is stored and waits to be proven.".into(),
        (Standing::Restorable, Some((newest, _)), _) if Some(newest) > facts.newest_proven => {
            sentence(format!("{}; a newer backup is being proven", proven.unwrap_or_default()))
        }
        (Standing::Restorable, ..) => "The newest backup was restored elsewhere and compared.".into(),
        (Standing::New, _, Some(slot)) => format!("No backup yet; the first is due {}.", slot.relative(now)),
        (Standing::New, _, None) => "No backup yet, and no schedule is enabled.".into(),
        (Standing::NotRestorable, None, Some(slot)) => sentence(due(slot)),
        (Standing::NotRestorable, Some((_, Verification::Failed)), _) => {
            "The newest backup did not restore to what was backed up.".into()
        }
        (Standing::NotRestorable, ..) => "There are backups, but none has been proven yet.".into(),
        (Standing::Late, Some((newest, _)), _) if Some(newest) > facts.newest_proven => {
            let proven = proven.unwrap_or_default();
            sentence(format!("the newest backup waits to be proven; {proven}"))
        }
        (Standing::Late, _, slot) => {
            let due = slot.map(due).unwrap_or_default();
            sentence(format!("{due}; {}", proven.unwrap_or_default()))
        }
    }
}

fn sentence(text: String) -> String {
    let mut letters = text.chars();
    let first = letters.next().map(|first| first.to_uppercase().collect::<String>()).unwrap_or_default();
    format!("{first}{}.", letters.as_str())
}
