//! How old entries leave the trail, and what nobody can pass off as that.

use catalog::SystemTask;
use domain::audit::{
    Act, Chain,
    retention::KEPT_MS,
    verify::{Damage, Verifier},
};

use crate::{
    trail::{anchor, look, signed, tamper},
    trail_proof::{damage, export, rewrite},
    world::{DAY, World, contract},
};

/// Both steps, with the head in between that the sweep makes. Gives how many entries went.
async fn expire(world: &World) -> u64 {
    let system = world.catalog.system(SystemTask::Audit);
    if system.announce_trail_removal().await.unwrap() == 0 {
        return 0;
    }
    assert_eq!(system.remove_announced_trail().await.unwrap(), 0, "not before a head covers what says so");
    anchor(world).await;
    system.remove_announced_trail().await.unwrap()
}

async fn verified(world: &World) -> (Option<u64>, u64) {
    let lines = export(world, world.ours, None).await;
    let mut verifier = Verifier::begin(&lines[0], &signed).unwrap();
    for line in &lines[1..] {
        verifier.line(line).unwrap();
    }
    let verdict = verifier.finish().unwrap();
    (verdict.first, verdict.last)
}

contract! {
    entries_go_after_seven_years_and_what_remains_is_proven(world) {
        look(world, world.ours, 3).await;
        look(world, world.theirs, 1).await;
        anchor(world).await;
        world.clock.advance_ms(DAY);
        look(world, world.ours, 2).await;
        anchor(world).await;
        let system = world.catalog.system(SystemTask::Audit);
        world.clock.advance_ms(KEPT_MS - DAY - 1);
        look(world, world.ours, 1).await;
        anchor(world).await;
        assert_eq!(expire(world).await, 0, "a millisecond too early");
        world.clock.advance_ms(1);
        // Two of the set-up and three of ours, two and one of theirs, and those of the installation.
        let platform = system.check_trail(Chain::Platform, &signed).await.unwrap().entries;
        assert_eq!(expire(world).await, 8 + platform);
        assert_eq!(expire(world).await, 0, "the second head is a day younger");
        for chain in system.trail_chains().await.unwrap() {
            assert_eq!(system.check_trail(chain, &signed).await.unwrap().damage, None);
        }
        assert_eq!(system.check_heads(&signed).await.unwrap().damage, None, "heads stay");
        assert_eq!(verified(world).await, (Some(6), 9), "and so is what is taken away");
        let newest = world.our().trail_entry(9).await.unwrap().entry.event.unwrap();
        assert_eq!((newest.act, newest.who.key().as_str()), (Act::AuditExpire, "system:audit"));
        assert!(world.our().trail_entry(5).await.is_err() && world.our().trail_entry(6).await.is_ok());
        // A day later the next head goes, and with it what proved the first removal is not missed.
        world.clock.advance_ms(DAY);
        assert_eq!(expire(world).await, 2);
        assert_eq!(damage(world).await, None);
        assert_eq!(verified(world).await.0, Some(8));
    }

    nothing_younger_goes_whatever_somebody_writes_into_the_table(world) {
        look(world, world.ours, 3).await;
        anchor(world).await;
        world.clock.advance_ms(KEPT_MS);
        look(world, world.ours, 2).await;
        anchor(world).await;
        let system = world.catalog.system(SystemTask::Audit);
        assert!(system.announce_trail_removal().await.unwrap() > 0);
        let tenant = world.ours.id;
        let early = tamper(&world.url, &format!("delete from audit_entries where tenant_id = '{tenant}' and sequence = 1")).await;
        assert!(early.unwrap_err().to_string().contains("append only"), "not before a head covers what says so");
        anchor(world).await;
        for statement in [
            format!("delete from audit_entries where tenant_id = '{tenant}' and sequence = 6"),
            format!("delete from audit_marks where tenant_id = '{tenant}' and head = 2"),
            "delete from audit_removed".to_owned(),
            "update audit_removed set last_entry = 100, entry = 101".to_owned(),
            // The second mark, as if it were as old as the first.
            format!(
                "insert into audit_removed (tenant_id, round, head, first_entry, last_entry, previous, hash, entries, place, \
                 path, entry) select r.tenant_id, 2, m.head, m.first_entry, m.last_entry, m.previous, m.hash, m.entries, 0, \
                 r.path, r.entry from audit_removed r join audit_marks m on m.tenant_id = r.tenant_id and m.head = 2 \
                 where r.tenant_id = '{tenant}'"
            ),
        ] {
            let error = tamper(&world.url, &statement).await.unwrap_err();
            assert!(error.to_string().contains("append only"), "{statement}: {error}");
        }
        assert!(system.remove_announced_trail().await.unwrap() >= 5);
        assert_eq!(damage(world).await, None);
    }

    what_is_removed_past_the_guards_is_found(world) {
        look(world, world.ours, 3).await;
        anchor(world).await;
        world.clock.advance_ms(KEPT_MS);
        look(world, world.ours, 2).await;
        anchor(world).await;
        assert!(expire(world).await > 0);
        let tenant = world.ours.id;
        let of = format!("where tenant_id = '{tenant}'");
        // One entry more than was announced.
        let guards = if world.url.starts_with("sqlite") {
            "drop trigger audit_removed_is_right; drop trigger audit_removed_never_changed; drop trigger audit_marks_never_changed; \
             drop trigger audit_marks_never_removed;"
        } else {
            "alter table audit_removed disable trigger user; alter table audit_marks disable trigger user;"
        };
        rewrite(world, &format!("{guards} delete from audit_entries {of} and sequence = 6")).await;
        assert_eq!(damage(world).await, Some(Damage::Sequence { after: 0, found: 7 }));
        // With the table changed to fit: the mark it names was over no entry that is seven years old.
        let fit = format!(
            "update audit_removed set (first_entry, last_entry, previous, hash, entries) = (select m.first_entry, m.last_entry, \
             m.previous, m.hash, m.entries from audit_marks m where m.tenant_id = '{tenant}' and m.head = 2) {of}; \
             delete from audit_entries {of} and sequence = 7; delete from audit_marks {of} and head = 2"
        );
        tamper(&world.url, &fit).await.unwrap();
        assert_eq!(damage(world).await, Some(Damage::Removed(8)));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sqlite_puts_nothing_in_the_place_of_what_was_written_down() {
    let world = World::sqlite().await;
    look(&world, world.ours, 3).await;
    anchor(&world).await;
    world.catalog.system(SystemTask::Audit).head_laid(1, world.vault).await.unwrap();
    let tenant = world.ours.id;
    let before = world.our().list_audit(None).await.unwrap();
    let columns = |table: &str| match table {
        "audit_chains" => "tenant_id, sequence, hash, urgent",
        "audit_entries" => {
            "tenant_id, sequence, previous, hash, event, at, actor, act, object, outcome, urgent"
        }
        "audit_heads" => "number, installation, at, leaves, root, previous, signature",
        "audit_marks" => "tenant_id, head, first_entry, last_entry, previous, hash, entries",
        _ => "head, vault_id, at",
    };
    // Each with one value changed; `INSERT OR REPLACE` fires no trigger for the row that it puts another in the place of.
    for (table, old, new) in [
        ("audit_chains", "hash", "zeroblob(32)"),
        ("audit_chains", "sequence", "0"),
        ("audit_entries", "actor", "'user:eve'"),
        ("audit_heads", "at", "at + 1"),
        ("audit_heads", "signature", "zeroblob(64)"),
        ("audit_marks", "hash", "zeroblob(32)"),
        ("audit_marks", "head", "head + 1"),
        ("audit_anchors", "at", "at - 1"),
    ] {
        let all = columns(table);
        let chosen: Vec<_> = all.split(", ").map(|column| if column == old { new } else { column }).collect();
        let filter =
            if all.contains("tenant_id") { format!("where tenant_id = '{tenant}'") } else { String::new() };
        for verb in ["insert or replace", "replace"] {
            let sql =
                format!("{verb} into {table} ({all}) select {} from {table} {filter}", chosen.join(", "));
            match tamper(&world.url, &format!("pragma foreign_keys = off; {sql}")).await {
                Err(error) => {
                    let error = error.to_string();
                    assert!(
                        error.contains("append only") || error.contains("must continue"),
                        "{sql}: {error}"
                    );
                }
                // What is there stays, as with "do nothing".
                Ok(()) => assert!(["audit_heads", "audit_anchors"].contains(&table), "{sql}"),
            }
        }
    }
    let system = world.catalog.system(SystemTask::Audit);
    assert_eq!(damage(&world).await, None);
    assert_eq!(system.check_heads(&signed).await.unwrap().damage, None);
    assert_eq!(system.heads_to_lay(world.vault).await.unwrap(), []);
    assert_eq!(world.our().list_audit(None).await.unwrap(), before);
}
