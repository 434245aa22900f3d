//! Webhooks follow the trail: nothing is left out, nothing comes twice, nobody hears of another organisation.

use catalog::{Conflict, Error, MOST_WEBHOOKS, NewWebhook, Sealed, SystemTask, ToTell};
use domain::{alerts::NoticeKind, audit::Act};

use crate::world::{DAY, World, contract};

const MINUTE: i64 = 60_000;

fn new(acts: &[Act]) -> NewWebhook {
    NewWebhook { url: "https://hook.example/x".into(), secret: Sealed(vec![7]), acts: acts.to_vec() }
}

async fn taken(world: &World) -> Vec<ToTell> {
    world.catalog.system(SystemTask::Webhooks).take_webhooks(10).await.unwrap()
}

fn told(webhook: &ToTell) -> Vec<&str> {
    webhook.entries.iter().map(|entry| entry.act.as_str()).collect()
}

contract! {
    a_webhook_is_told_what_it_asked_for_and_of_nobody_else(world) {
        world.our().queue_test_notice().await.unwrap();
        let id = world.our().create_webhook(new(&[Act::ChannelsTest, Act::WebhookCreate])).await.unwrap();
        world.tenant(world.theirs).create_webhook(new(&[Act::ChannelsTest])).await.unwrap();
        world.our().queue_test_notice().await.unwrap();
        world.start_backup(world.ours).await;
        let taken = taken(world).await;
        let ours = taken.iter().find(|webhook| webhook.id == id).unwrap();
        assert_eq!(told(ours), ["webhook.create", "channels.test"], "only what came after it was made");
        assert_eq!(ours.secret, Sealed(vec![7]));
        let theirs = taken.iter().find(|webhook| webhook.id != id).unwrap();
        assert!(theirs.entries.is_empty(), "{theirs:?}");
        assert!(self::taken(world).await.is_empty(), "each is somebody's now");
    }

    what_was_told_is_not_told_again_and_what_was_not_is(world) {
        world.our().create_webhook(new(&[Act::ChannelsTest])).await.unwrap();
        for _ in 0..3 {
            world.our().queue_test_notice().await.unwrap();
        }
        let system = world.catalog.system(SystemTask::Webhooks);
        let first = taken(world).await.remove(0);
        assert_eq!(first.entries.len(), 3);
        system.webhook_told(&first, first.entries[0].sequence).await.unwrap();
        // Whoever tells dies here; another takes it over when its time is over.
        world.clock.advance_ms(5 * MINUTE);
        let second = taken(world).await.remove(0);
        assert_eq!(second.entries, first.entries[1..]);
        for entry in &second.entries {
            system.webhook_told(&second, entry.sequence).await.unwrap();
        }
        system.webhook_done(&second).await.unwrap();
        // One that wakes up late takes nothing back.
        system.webhook_told(&first, first.entries[0].sequence).await.unwrap();
        assert!(taken(world).await.is_empty(), "nothing is new");
        world.our().queue_test_notice().await.unwrap();
        assert_eq!(taken(world).await[0].entries.len(), 1);
    }

    one_that_is_never_reached_is_suspended_told_of_and_goes_on_where_it_stood(world) {
        let channels = catalog::NewChannels { email_to: Some("ops@example.org".into()), ..Default::default() };
        world.our().set_channels(channels).await.unwrap();
        let id = world.our().create_webhook(new(&[Act::ChannelsTest])).await.unwrap();
        world.our().queue_test_notice().await.unwrap();
        let system = world.catalog.system(SystemTask::Webhooks);
        let webhook = taken(world).await.remove(0);
        let later = world.catalog.clock().now().plus_ms(MINUTE);
        system.webhook_failed(&webhook, "status 503", Some(later)).await.unwrap();
        assert!(taken(world).await.is_empty());
        world.clock.advance_ms(MINUTE);
        let webhook = taken(world).await.remove(0);
        assert_eq!((webhook.attempts, webhook.entries.len()), (1, 1));
        system.webhook_failed(&webhook, "status 503", None).await.unwrap();
        world.clock.advance_ms(DAY);
        assert!(taken(world).await.is_empty(), "suspended");
        let seen = world.our().get_webhook(id).await.unwrap();
        assert_eq!((seen.is_active, seen.error.as_deref()), (false, Some("status 503")));
        let notices = world.system().take_notices(10).await.unwrap();
        assert!(notices.iter().any(|notice| notice.kind == NoticeKind::WebhookSuspended), "{notices:?}");
        world.our().resume_webhook(id).await.unwrap();
        let again = taken(world).await.remove(0);
        assert_eq!(told(&again), ["channels.test"], "nothing was left out");
    }

    one_that_was_removed_is_told_nothing_more_and_there_are_not_too_many(world) {
        let id = world.our().create_webhook(new(&[Act::ChannelsTest])).await.unwrap();
        assert!(matches!(world.tenant(world.theirs).remove_webhook(id).await, Err(Error::NotFound { .. })));
        world.our().queue_test_notice().await.unwrap();
        world.our().remove_webhook(id).await.unwrap();
        assert!(taken(world).await.is_empty());
        assert!(matches!(world.our().remove_webhook(id).await, Err(Error::NotFound { .. })));
        for _ in 0..MOST_WEBHOOKS {
            world.our().create_webhook(new(&[Act::ChannelsTest])).await.unwrap();
        }
        let refused = world.our().create_webhook(new(&[Act::ChannelsTest])).await;
        assert!(matches!(refused, Err(Error::Conflict(Conflict::TooManyWebhooks))), "{refused:?}");
    }
}
