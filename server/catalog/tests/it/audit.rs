//! The audit trail: complete, append only.

use catalog::Outcome;

use crate::world::{contract, raw};

contract! {
    nothing_in_it_can_be_changed_or_removed(world) {
        for statement in ["update audit set actor = 'nobody'", "delete from audit"] {
            let error = raw(&world.url, statement).await.unwrap_err();
            assert!(error.to_string().contains("append only"), "{error}");
        }
    }

    an_entry_exists_if_and_only_if_the_change_does(world) {
        let count = async || world.our().list_audit(None).await.unwrap().rows.len();
        let before = count().await;
        let request = || catalog::RunRequest::InferMap { source_id: world.ours.source, tenant_column: "TenantId".into() };
        let run = world.our().create_run(request(), None).await.unwrap();
        assert_eq!(count().await, before + 1);
        assert!(world.our().create_run(request(), None).await.is_err());
        assert_eq!(count().await, before + 1);
        world.our().record("backup.export", &format!("run {run}"), Outcome::Done, "as a file").await.unwrap();
        let newest = world.our().list_audit(None).await.unwrap().rows.remove(0);
        assert_eq!((newest.action.as_str(), newest.actor.as_str(), newest.outcome.as_str()), ("backup.export", "command line", "done"));
    }

    the_trail_is_read_page_by_page(world) {
        for n in 0..250 {
            world.our().record("test", &n.to_string(), Outcome::Done, "").await.unwrap();
        }
        let (mut after, mut seen) = (None, 0);
        loop {
            let page = world.our().list_audit(after.as_ref()).await.unwrap();
            seen += page.rows.iter().filter(|entry| entry.action == "test").count();
            after = page.next;
            if after.is_none() { break; }
        }
        assert_eq!(seen, 250);
    }
}
