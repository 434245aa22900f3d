//! The scripted backend's audit trail.

use app::audit::api::{AuditPort, HeadView, TrailDetail, TrailFilter, TrailList, TrailRow};
use async_trait::async_trait;
use domain::{Cursor, Fault, audit::Outcome};

use super::{
    data::{self, HOUR, MARKUP, MINUTE, NOW, TURNED},
    script::Script,
};

fn row(number: u64, act: &str, outcome: Outcome) -> TrailRow {
    let backup = data::id::<domain::id::kind::Backup>(71);
    TrailRow {
        number,
        at: NOW.plus_ms(-MINUTE),
        who: format!("user:{}", data::id::<domain::id::kind::User>(1)),
        name: MARKUP.into(),
        behind: None,
        address: Some("192.0.2.7".into()),
        agent: Some(TURNED.into()),
        act: act.into(),
        object: format!("backup:{backup}"),
        outcome,
        approval: None,
        before: vec![("schedule".into(), "0 2 * * *".into())],
        after: vec![
            ("schedule".into(), "0 3 * * *".into()),
            ("backup".into(), backup.to_string()),
            ("label".into(), MARKUP.into()),
        ],
        is_newer: false,
        hash: "5a".repeat(32),
    }
}

#[async_trait]
impl AuditPort for Script {
    async fn list_trail(&self, filter: TrailFilter) -> Result<TrailList, Fault> {
        let next = filter.after.is_none().then(|| Cursor("2".into()));
        let rows = || {
            vec![
                row(4712, "restore.rows", Outcome::Done),
                row(4711, "allow", Outcome::Refused),
                TrailRow { is_newer: true, ..row(4710, "a.word.of.tomorrow", Outcome::Failed) },
            ]
        };
        self.answer(|| Ok(TrailList { rows: Vec::new(), next: None }), || TrailList { rows: rows(), next })
    }
    async fn get_trail_entry(&self, _: bool, number: u64) -> Result<TrailDetail, Fault> {
        let detail = |head| TrailDetail {
            row: row(number, "schedule.set", Outcome::Done),
            previous: "a5".repeat(32),
            first: 1,
            last: 4712,
            head,
            verify_command: "holdfast-recover audit verify FILE --signing-key 3f0c-91aa".into(),
        };
        let head = HeadView {
            number: 12,
            at: NOW.plus_ms(-HOUR),
            entries: (4000, 4712),
            vaults: vec![("main".into(), NOW)],
        };
        self.answer(|| Ok(detail(None)), || detail(Some(head)))
    }
}
