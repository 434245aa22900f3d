//! The outbox.

use catalog::{NewChannels, Sealed};
use domain::alerts::NoticeKind;

use crate::world::{DAY, World, contract, failure};

async fn open(world: &World) {
    let channels = NewChannels {
        email_to: Some("ops@example.org".into()),
        webhook_url: Some("https://hook.example/x".into()),
        webhook_secret: Some(Sealed(vec![5])),
    };
    world.our().set_channels(channels).await.unwrap();
}

contract! {
    a_failed_backup_is_told_once_on_every_channel(world) {
        open(world).await;
        let claim = world.claim(world.start_backup(world.ours).await).await;
        world.catalog.lease(&claim).fail(&failure()).await.unwrap();
        let mut taken = world.system().take_notices(10).await.unwrap();
        taken.sort_by(|a, b| a.channel.cmp(&b.channel));
        assert_eq!(taken.len(), 2);
        assert_eq!((taken[0].kind, taken[0].target.as_str(), taken[0].webhook_secret.as_ref()), (NoticeKind::BackupFailed, "ops@example.org", None));
        assert_eq!((taken[1].target.as_str(), taken[1].webhook_secret.as_ref()), ("https://hook.example/x", Some(&Sealed(vec![5]))));
        assert!(world.system().take_notices(10).await.unwrap().is_empty(), "taken");
        world.system().notice_sent(&taken[0]).await.unwrap();
        world.system().notice_failed(&taken[1], "503", Some(world.catalog.clock().now().plus_ms(1000))).await.unwrap();
        world.clock.advance_ms(1000);
        let again = world.system().take_notices(10).await.unwrap();
        assert_eq!((again.len(), again[0].attempts), (1, 2));
        world.system().notice_failed(&again[0], "gone", None).await.unwrap();
        world.clock.advance_ms(DAY);
        assert!(world.system().take_notices(10).await.unwrap().is_empty());
        let states: Vec<_> = world.our().list_deliveries(10).await.unwrap().into_iter().map(|one| one.state).collect();
        assert!(states.contains(&"sent".to_owned()) && states.contains(&"failed".to_owned()), "{states:?}");
    }

    a_sender_that_died_loses_nothing(world) {
        open(world).await;
        assert_eq!(world.our().queue_test_notice().await.unwrap(), 2);
        assert_eq!(world.system().take_notices(10).await.unwrap().len(), 2);
        world.clock.advance_ms(60_000);
        assert_eq!(world.system().take_notices(10).await.unwrap().len(), 2);
    }

    an_overdue_slot_is_told_once(world) {
        open(world).await;
        world.clock.advance_ms(2 * DAY);
        for expected in [2, 0] {
            let mut queued = 0;
            for owed in world.system().owed(world.catalog.clock().now()).await.unwrap() {
                queued += world.system().notify_overdue(&owed).await.unwrap();
            }
            assert_eq!(queued, expected, "theirs have no channel");
        }
    }

    a_closed_channel_ends_its_notices(world) {
        open(world).await;
        world.our().queue_test_notice().await.unwrap();
        world.our().set_channels(NewChannels::default()).await.unwrap();
        assert!(world.system().take_notices(10).await.unwrap().is_empty());
        assert!(world.our().list_deliveries(10).await.unwrap().iter().all(|one| one.state == "failed"));
        assert!(!world.our().channels().await.unwrap().has_webhook_secret);
    }

    another_receiver_does_not_get_the_old_secret(world) {
        open(world).await;
        let url = |url: &str| NewChannels { webhook_url: Some(url.into()), ..NewChannels::default() };
        world.our().set_channels(url("https://hook.example/x")).await.unwrap();
        assert!(world.our().channels().await.unwrap().has_webhook_secret);
        world.our().set_channels(url("https://evil.example/x")).await.unwrap();
        assert!(!world.our().channels().await.unwrap().has_webhook_secret);
    }
}
