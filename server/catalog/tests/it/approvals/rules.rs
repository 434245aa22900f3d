//! Being told, reminded, and too late.

use catalog::{ApprovalQuery, NewChannels, SystemTask, Which};
use domain::{access::Role, approvals::State};

use super::{add, as_person, ask, of_user, state, switch_off, tend};
use crate::world::{DAY, World, contract};

/// Whom the newest letters go to, by address.
async fn letters(world: &World) -> Vec<String> {
    let taken = world.catalog.system(SystemTask::Notices).take_notices(50).await.unwrap();
    let mut to: Vec<_> = taken.iter().map(|notice| notice.target.clone()).collect();
    for notice in &taken {
        assert!(notice.path.starts_with("/approvals/"), "{notice:?}");
        assert!(
            !notice.body.contains("token") && !notice.path.contains('?'),
            "a link carries no secret: {notice:?}"
        );
        world.catalog.system(SystemTask::Notices).notice_sent(notice).await.unwrap();
    }
    to.sort_unstable();
    to
}

contract! {
    who_can_agree_is_told_reminded_at_half_and_all_who_administer_before_the_end(world) {
        let asker = add(world, "clerk", "asker", Role::TenantAdmin).await;
        add(world, "clerk", "approver", Role::Approver).await;
        add(world, "clerk", "admin", Role::TenantAdmin).await;
        add(world, "clerk", "viewer", Role::Viewer).await;
        let channels = NewChannels { email_to: Some("ops@example.org".into()), ..NewChannels::default() };
        world.our().set_channels(channels).await.unwrap();
        let request = ask(&of_user(world, asker).await, &switch_off(world)).await;
        tend(world).await;
        tend(world).await;
        assert_eq!(letters(world).await, ["admin@example.org", "approver@example.org", "ops@example.org"]);
        world.clock.advance_ms(DAY);
        tend(world).await;
        assert_eq!(letters(world).await, Vec::<String>::new(), "not half of three days");
        world.clock.advance_ms(DAY);
        tend(world).await;
        assert_eq!(letters(world).await, ["admin@example.org", "approver@example.org"]);
        world.clock.advance_ms(DAY / 2);
        tend(world).await;
        assert_eq!(letters(world).await, ["admin@example.org", "asker@example.org", "ops@example.org"]);
        world.clock.advance_ms(DAY / 2);
        tend(world).await;
        assert_eq!(state(world, request).await, State::Expired);
        tend(world).await;
        assert_eq!(letters(world).await, ["asker@example.org"]);
        tend(world).await;
        assert_eq!(letters(world).await, Vec::<String>::new());
        assert!(world.system().approvals_to_tend(10).await.unwrap().is_empty(), "nothing is left to do");
    }

    the_inbox_shows_page_by_page_what_waits_for_whom(world) {
        for _ in 0..3 {
            let (backup_id, verify) = world.backup(world.ours).await;
            world.prove(verify, true).await;
            ask(&world.our(), &domain::approvals::Change::DeleteBackup { backup_id }).await;
            world.clock.advance_ms(1);
        }
        let reader = as_person(world, "second").await;
        let mut seen = Vec::new();
        let mut query = ApprovalQuery { limit: 2, ..ApprovalQuery::default() };
        loop {
            let page = reader.list_approvals(&query).await.unwrap();
            seen.extend(page.rows.into_iter().map(|row| row.created_at));
            query.after = page.next;
            if query.after.is_none() {
                break;
            }
        }
        assert_eq!(seen.len(), 3);
        assert!(seen.windows(2).all(|pair| pair[0] > pair[1]), "newest first: {seen:?}");
        let count = async |which| world.our().list_approvals(&ApprovalQuery { which, ..ApprovalQuery::default() }).await.unwrap().rows.len();
        assert_eq!((count(Which::ForMe).await, count(Which::ByMe).await, count(Which::Open).await, count(Which::Decided).await), (0, 3, 3, 0));
    }
}
