//! The trail that nobody can rewrite: what is under a signed head, what is taken away as a file, and what is found when
//! somebody who owns the database rewrites it all the same.

use catalog::SystemTask;
use domain::{
    Clock, Timestamp,
    audit::{
        Chain, Origin,
        export::Line,
        verify::{Damage, Verdict, Verifier},
    },
};

use crate::{
    trail::{anchor, look, signed, tamper},
    world::{Tenant, World, contract},
};

/// Entries that an organisation of the test has from the beginning: its connection and its source.
const SET_UP: u64 = 2;

/// Takes the guards away first, as the owner of a database can.
pub async fn rewrite(world: &World, sql: &str) {
    let triggers = [
        "audit_entries_never_changed",
        "audit_entries_never_removed",
        "audit_entries_continue",
        "audit_entries_move_on",
        "audit_chains_only_forward",
    ];
    let mut all = String::new();
    for trigger in triggers {
        if world.url.starts_with("sqlite") {
            all.push_str(&format!("drop trigger if exists {trigger};"));
        } else {
            let table = if trigger.contains("chains") { "audit_chains" } else { "audit_entries" };
            all.push_str(&format!("drop trigger if exists {trigger} on {table};"));
        }
    }
    tamper(&world.url, &format!("{all}{sql}")).await.unwrap();
}

pub async fn damage(world: &World) -> Option<Damage> {
    let chain = Chain::Tenant(world.ours.id);
    world.catalog.system(SystemTask::Audit).check_trail(chain, &signed).await.unwrap().damage
}

/// The whole trail as a file would hold it.
pub async fn export(world: &World, tenant: Tenant, from: Option<Timestamp>) -> Vec<Line> {
    let rows = world.tenant(tenant);
    let (begin, mut at) = rows.begin_trail_export(from, &[7; 32]).await.unwrap();
    let mut lines = vec![begin];
    while let Some((part, next)) = rows.export_trail(at).await.unwrap() {
        lines.extend(part);
        at = next;
    }
    let count = |wanted: fn(&Line) -> bool| lines.iter().filter(|line| wanted(line)).count() as u64;
    let entries = count(|line| matches!(line, Line::Entry { .. }));
    let heads = count(|line| matches!(line, Line::Head { .. }));
    lines.push(Line::End { entries, heads });
    lines
}

fn verify(lines: &[Line]) -> Result<Verdict, Damage> {
    let mut verifier = Verifier::begin(&lines[0], &signed)?;
    for line in &lines[1..] {
        verifier.line(line)?;
    }
    verifier.finish()
}

contract! {
    heads_cover_what_is_new_and_nothing_twice(world) {
        let system = world.catalog.system(SystemTask::Audit);
        let set_up = system.anchor().await.unwrap().entries;
        look(world, world.ours, 3).await;
        world.start_backup(world.theirs).await;
        let due = system.anchor().await.unwrap();
        assert_eq!((due.newest, due.entries, due.is_urgent), (None, set_up + 4, true));
        let first = anchor(world).await;
        assert_eq!((first.head.number, first.head.leaves), (1, system.trail_chains().await.unwrap().len() as u64));
        assert_eq!(system.anchor().await.unwrap().entries, 0);
        world.start_backup(world.ours).await;
        let due = system.anchor().await.unwrap();
        assert_eq!((due.newest, due.entries, due.is_urgent), (Some(first.head.at), 1, false), "a backup can wait for the hour");
        let second = anchor(world).await;
        assert_eq!((second.head.number, second.head.previous), (2, first.head.hash()));
        let last = SET_UP + 4;
        assert_eq!((second.marks[0].first, second.marks[0].last), (last, last));
        assert!(!system.store_head(&second).await.unwrap(), "a number is taken once");
        assert_eq!(system.check_heads(&signed).await.unwrap().damage, None);
        let laid = system.heads_to_lay(world.vault).await.unwrap();
        assert_eq!(laid.iter().map(|laid| laid.head.number).collect::<Vec<_>>(), [1, 2]);
        system.head_laid(1, world.vault).await.unwrap();
        assert_eq!(system.heads_to_lay(world.vault).await.unwrap()[0].head, second.head);
        let checked = system.check_trail(Chain::Tenant(world.ours.id), &signed).await.unwrap();
        assert_eq!((checked.entries, checked.heads, checked.damage), (last, 2, None));
        let other = system.check_trail(Chain::Tenant(world.ours.id), &|_, _| false).await.unwrap();
        assert_eq!(other.damage, Some(Damage::Signature(1)));
    }

    an_export_is_proven_and_shows_nothing_of_others(world) {
        look(world, world.ours, 3).await;
        look(world, world.theirs, 2).await;
        world.catalog.record_sign_in_failure(None, &Origin::here()).await.unwrap();
        anchor(world).await;
        world.clock.advance_ms(1000);
        look(world, world.theirs, 2).await;
        anchor(world).await;
        world.clock.advance_ms(1000);
        let later = world.clock.now();
        look(world, world.ours, 2).await;
        look(world, world.theirs, 1).await;
        anchor(world).await;
        let lines = export(world, world.ours, None).await;
        let verdict = verify(&lines).unwrap();
        assert_eq!((verdict.first, verdict.last, verdict.heads, verdict.unanchored), (Some(1), SET_UP + 5, 2, 0));
        let text: String = lines.iter().map(|line| serde_json::to_string(line).unwrap()).collect();
        assert!(!text.contains(&world.theirs.id.to_string()) && !text.contains("platform"));
        let part = export(world, world.ours, Some(later)).await;
        let verdict = verify(&part).unwrap();
        assert_eq!((verdict.first, verdict.last, verdict.heads), (Some(SET_UP + 4), SET_UP + 5, 1));
        let theirs = export(world, world.theirs, None).await;
        assert_eq!(verify(&theirs).unwrap().last, SET_UP + 5);
        look(world, world.ours, 1).await;
        assert_eq!(verify(&export(world, world.ours, None).await).unwrap().unanchored, 1);
    }

    tampering_in_sql_is_found_and_the_first_bad_entry_named(world) {
        look(world, world.ours, 6).await;
        anchor(world).await;
        look(world, world.ours, 3).await;
        assert_eq!(damage(world).await, None);
        let tenant = world.ours.id;
        let at = |n: u32| format!("where tenant_id = '{tenant}' and sequence = {n}");
        // What is searched by, and not what was hashed.
        rewrite(world, &format!("update audit_entries set actor = 'user:eve' {}", at(5))).await;
        assert_eq!(damage(world).await, Some(Damage::Words(5)));
        // What was hashed.
        rewrite(world, &format!("update audit_entries set event = (select event from audit_entries {}) {}", at(1), at(4))).await;
        assert_eq!(damage(world).await, Some(Damage::Altered(4)));
        // One entry in the middle.
        rewrite(world, &format!("delete from audit_entries {}", at(3))).await;
        assert_eq!(damage(world).await, Some(Damage::Sequence { after: 2, found: 4 }));
        // Two in each other's place.
        let moved = format!("update audit_entries set sequence = 30 {}; update audit_entries set sequence = 1 {}; update audit_entries set sequence = 2 {};", at(1), at(2), at(30));
        rewrite(world, &moved).await;
        assert_eq!(damage(world).await, Some(Damage::Altered(1)));
    }

    a_trail_that_was_cut_off_or_made_up_anew_is_found(world) {
        look(world, world.ours, 1).await;
        anchor(world).await;
        look(world, world.ours, 2).await;
        let tenant = world.ours.id;
        rewrite(world, &format!("delete from audit_entries where tenant_id = '{tenant}' and sequence > 4")).await;
        assert_eq!(damage(world).await, Some(Damage::CutOff(4)));
        // With the chain's row moved back to fit, as somebody does who has read this.
        let back = format!(
            "delete from audit_entries where tenant_id = '{tenant}' and sequence > 2; update audit_chains set sequence = 2, \
             hash = (select hash from audit_entries where tenant_id = '{tenant}' and sequence = 2) where tenant_id = '{tenant}'"
        );
        rewrite(world, &back).await;
        assert_eq!(damage(world).await, Some(Damage::CutOff(2)), "the signed head knows of three");
    }
}
