//! Recovery points: three states that move by themselves, pages, retention.

use catalog::{BackupQuery, Conflict, Error, NewChannels, RunQuery, RunRequest};
use domain::{
    ByteSize, Timestamp,
    backups::{CopyState, Retention, RunKind, RunState, Verification},
};

use crate::world::{DAY, HOUR, NOON, contract, evidence, failure};

contract! {
    backup_copy_follow_up_and_audit_come_together(world) {
        let (backup, verify) = world.backup(world.ours).await;
        let found = world.our().get_backup(backup).await.unwrap();
        assert_eq!((found.verification, found.retention), (Verification::None, Retention::Active));
        assert_eq!((found.database.as_str(), found.label.as_deref(), found.tables), ("grc2", Some("by hand"), 43));
        assert_eq!(found.coordinate.position, 4_711);
        let copies = world.our().list_copies(backup).await.unwrap();
        assert_eq!((copies.len(), copies[0].vault.as_str(), copies[0].state, copies[0].objects), (1, "main", CopyState::Present, 4));
        let follow_up = world.our().get_run(verify).await.unwrap();
        assert_eq!((follow_up.kind, follow_up.state, follow_up.backup_id), (RunKind::Verify, RunState::Queued, Some(backup)));
        assert_eq!(world.our().get_run(found.run_id).await.unwrap().state, RunState::Completed);
        assert_eq!(world.system().kept_attempts().await.unwrap(), [(backup, 1)].into());
        let trail = world.our().list_audit(None).await.unwrap();
        assert!(trail.rows.iter().any(|entry| entry.action == "backup.complete"));
        let source = world.our().get_source(world.ours.source).await.unwrap();
        assert_eq!((source.newest, source.newest_proven), (Some((NOON, Verification::None)), None));
    }

    evidence_and_verification_state_come_together(world) {
        let channels = NewChannels { webhook_url: Some("https://hook.example".into()), ..NewChannels::default() };
        world.our().set_channels(channels).await.unwrap();
        let (good, verify) = world.backup(world.ours).await;
        world.clock.advance_ms(HOUR);
        world.prove(verify, true).await;
        let found = world.our().get_backup(good).await.unwrap();
        assert_eq!((found.verification, found.verified_at), (Verification::RestoreOk, Some(NOON.plus_ms(HOUR))));
        let (bad, verify) = world.backup(world.ours).await;
        world.prove(verify, false).await;
        assert_eq!(world.our().get_backup(bad).await.unwrap().verification, Verification::Failed);
        assert_eq!(world.our().list_evidence(bad).await.unwrap()[0].evidence, evidence(false));
        assert_eq!(world.our().list_evidence(good).await.unwrap()[0].run_id, world.our().list_runs(&RunQuery {
            backup: Some(good), kind: Some(RunKind::Verify), ..RunQuery::default()
        }).await.unwrap().rows[0].id);
        let notices = world.system().take_notices(10).await.unwrap();
        assert_eq!((notices.len(), notices[0].kind), (1, domain::alerts::NoticeKind::VerificationFailed));
        let source = world.our().get_source(world.ours.source).await.unwrap();
        assert_eq!(source.newest, Some((NOON.plus_ms(HOUR), Verification::Failed)));
        assert_eq!(source.newest_proven, Some(NOON));
        assert_eq!(world.our().restore_times().await.unwrap(), [(world.ours.source, 4_000)]);
    }

    a_verification_that_had_to_wait_is_queued_later_and_a_failed_one_is_not_repeated(world) {
        let (_, verify) = world.backup(world.ours).await;
        let claim = world.claim(world.start_backup(world.ours).await).await;
        assert_eq!(world.catalog.lease(&claim).complete_backup(world.stored()).await.unwrap(), None);
        assert_eq!(world.system().queue_owed_verifications().await.unwrap(), [], "one is active");
        world.prove(verify, true).await;
        let queued = world.system().queue_owed_verifications().await.unwrap();
        assert_eq!(queued.len(), 1);
        let claim = world.claim(queued[0]).await;
        world.catalog.lease(&claim).fail(&failure()).await.unwrap();
        assert_eq!(world.system().queue_owed_verifications().await.unwrap(), []);
    }

    backups_are_filtered_and_listed_page_by_page(world) {
        let mut made = Vec::new();
        for n in 0..7 {
            world.clock.advance_ms(n % 2);
            let (backup, verify) = world.backup(world.ours).await;
            world.prove(verify, n % 3 == 0).await;
            made.push(backup);
        }
        made.reverse();
        let (mut query, mut seen) = (BackupQuery { limit: 2, ..BackupQuery::default() }, Vec::new());
        loop {
            let page = world.our().list_backups(&query).await.unwrap();
            seen.extend(page.rows.into_iter().map(|backup| backup.id));
            query.after = page.next;
            if query.after.is_none() { break; }
        }
        assert_eq!(seen, made);
        let count = async |query: BackupQuery| world.our().list_backups(&query).await.unwrap().rows.len();
        let label = |text: &str| BackupQuery { label: Some(text.into()), ..BackupQuery::default() };
        assert_eq!(count(label("BY H")).await, 7);
        assert_eq!(count(label("%")).await, 0, "a sign of the pattern is only a sign");
        assert_eq!(count(label("_")).await, 0);
        assert_eq!(count(BackupQuery { verification: Some(Verification::RestoreOk), ..BackupQuery::default() }).await, 3);
        assert_eq!(count(BackupQuery { source: Some(world.theirs.source), ..BackupQuery::default() }).await, 0);
    }

    what_is_in_use_is_not_removed_and_what_is_removed_is_not_used(world) {
        let (backup, verify) = world.backup(world.ours).await;
        let system = world.system();
        assert!(!system.mark_expiring(world.ours.id, backup).await.unwrap(), "its verification waits");
        world.prove(verify, true).await;
        assert!(!system.mark_expiring(world.theirs.id, backup).await.unwrap(), "not theirs");
        assert!(system.mark_expiring(world.ours.id, backup).await.unwrap());
        assert!(!system.mark_expiring(world.ours.id, backup).await.unwrap(), "once");
        let refused = world.our().create_run(RunRequest::Verify { backup_id: backup }, None).await;
        assert!(matches!(refused, Err(Error::Conflict(Conflict::Expired))), "{refused:?}");
        let expiring = system.expiring(10).await.unwrap();
        assert_eq!((expiring.len(), expiring[0].backup_id, expiring[0].copies.len()), (1, backup, 1));
        assert!(system.mark_copy_deleted(world.ours.id, backup, world.vault).await.unwrap());
        assert!(system.expiring(10).await.unwrap().is_empty());
        let found = world.our().get_backup(backup).await.unwrap();
        assert_eq!((found.retention, found.verification), (Retention::Deleted, Verification::RestoreOk));
        assert_eq!(world.our().list_backups(&BackupQuery::default()).await.unwrap().rows.len(), 0);
        let all = BackupQuery { removed: true, ..BackupQuery::default() };
        assert_eq!(world.our().list_backups(&all).await.unwrap().rows.len(), 1);
    }

    retention_sees_kept_backups_source_by_source(world) {
        for tenant in [world.ours, world.theirs] {
            for _ in 0..2 {
                let (_, verify) = world.backup(tenant).await;
                world.prove(verify, true).await;
                world.clock.advance_ms(DAY);
            }
        }
        let candidates = world.system().retention_candidates().await.unwrap();
        assert_eq!(candidates.len(), 2);
        assert!(candidates.iter().all(|source| source.backups.len() == 2));
        assert!(candidates[0].backups[0].snapshot_at < candidates[0].backups[1].snapshot_at);
    }

    a_server_whose_clock_was_ahead_does_not_make_later_backups_old(world) {
        let mut verify = None;
        for n in 0..=domain::policies::retention::KEEP_VERIFIED {
            let claim = world.claim(world.start_backup(world.ours).await).await;
            let mut stored = world.stored();
            if n < domain::policies::retention::KEEP_VERIFIED {
                stored.snapshot_at = stored.snapshot_at.plus_ms(365 * DAY);
            }
            verify = world.catalog.lease(&claim).complete_backup(stored).await.unwrap();
            world.prove(verify.unwrap(), true).await;
            world.clock.advance_ms(DAY);
        }
        let newest = world.our().get_run(verify.unwrap()).await.unwrap().backup_id.unwrap();
        let candidates = world.system().retention_candidates().await.unwrap().remove(0).backups;
        let first = candidates[0].id;
        let gone = domain::policies::retention::expired(candidates);
        assert_ne!(first, newest);
        assert_eq!(gone, [first]);
        let source = world.our().get_source(world.ours.source).await.unwrap();
        assert_eq!(source.newest.unwrap().0, world.catalog.clock().now().plus_ms(-DAY));
    }

    stored_bytes_are_told_day_by_day(world) {
        let (first, verify) = world.backup(world.ours).await;
        world.prove(verify, true).await;
        world.clock.advance_ms(DAY);
        world.backup(world.ours).await;
        world.clock.advance_ms(DAY);
        world.system().mark_expiring(world.ours.id, first).await.unwrap();
        world.system().mark_copy_deleted(world.ours.id, first, world.vault).await.unwrap();
        let bytes = async |days| {
            let days = world.our().stored_by_day(days).await.unwrap();
            assert!(days.windows(2).all(|pair| pair[1].day == Timestamp(pair[0].day.0 + DAY)));
            days.into_iter().map(|day| day.stored.0).collect::<Vec<_>>()
        };
        assert_eq!(bytes(4).await, [0, 1000, 2000, 1000]);
        assert_eq!(bytes(2).await, [2000, 1000]);
        let uses = world.our().vault_use().await.unwrap();
        assert_eq!((uses.len(), uses[0].backups, uses[0].stored), (1, 1, ByteSize(1000)));
    }
}
