//! The list of what happened: the trail, and before it what older versions wrote down without a chain.

use catalog::{AuditEntry, RunRequest};
use domain::audit::{Act, Deed, Object};

use crate::{
    trail::tamper,
    world::{World, contract},
};

async fn all(world: &World) -> Vec<AuditEntry> {
    let (mut after, mut rows) = (None, Vec::new());
    loop {
        let page = world.our().list_audit(after.as_ref()).await.unwrap();
        assert!(page.rows.len() <= 100);
        rows.extend(page.rows);
        after = page.next;
        if after.is_none() {
            return rows;
        }
    }
}

/// Entries as a version wrote them that had no chain yet.
async fn older(world: &World, tenant: domain::TenantId, count: u32) {
    let mut sql = String::new();
    for n in 0..count {
        sql.push_str(&format!(
            "insert into audit (id, tenant_id, at, actor_kind, actor_id, actor, action, subject, outcome, detail) values \
             ('{tenant}-{n:05}', '{tenant}', {}, 'user', 'x', 'Ada', 'older.act', 'run {n}', 'done', '');",
            1000 + n / 3
        ));
    }
    tamper(&world.url, &sql).await.unwrap();
}

contract! {
    older_entries_can_be_read_and_neither_changed_nor_removed(world) {
        older(world, world.ours.id, 1).await;
        for statement in ["update audit set actor = 'nobody'", "delete from audit"] {
            let error = tamper(&world.url, statement).await.unwrap_err();
            assert!(error.to_string().contains("append only"), "{error}");
        }
        assert_eq!(all(world).await.last().unwrap().action, "older.act");
    }

    an_entry_exists_if_and_only_if_the_change_does(world) {
        let before = all(world).await.len();
        let request = || RunRequest::InferMap { source_id: world.ours.source, tenant_column: "TenantId".into() };
        let run = world.our().create_run(request(), None).await.unwrap();
        let trail = all(world).await;
        assert_eq!(trail.len(), before + 1);
        let newest = &trail[0];
        assert_eq!((newest.action.as_str(), newest.actor.as_str(), newest.outcome.as_str()), ("tenant_map.infer", "command line", "done"));
        assert_eq!(newest.subject, format!("source {}", world.ours.source));
        assert!(newest.detail.contains(&format!("run {run}")), "{}", newest.detail);
        assert!(world.our().create_run(request(), None).await.is_err());
        assert_eq!(all(world).await.len(), before + 1);
    }

    page_by_page_the_trail_comes_first_and_then_what_is_older(world) {
        let set_up = all(world).await.len();
        older(world, world.ours.id, 250).await;
        older(world, world.theirs.id, 3).await;
        for count in [98, 2, 51] {
            for _ in 0..count {
                world.our().record_deed(Deed::done(Act::AuditRead, Object::trail())).await.unwrap();
            }
            let rows = all(world).await;
            let new = rows.iter().take_while(|entry| entry.action != "older.act").count();
            let old: std::collections::BTreeSet<_> = rows[new..].iter().map(|entry| entry.subject.as_str()).collect();
            assert_eq!((rows.len() - new, old.len()), (250, 250), "each once, and none of the others'");
            assert!(new >= set_up + count);
            assert!(rows.is_sorted_by(|a, b| a.at >= b.at));
        }
    }
}
