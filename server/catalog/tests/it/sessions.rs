//! Sessions: two limits at once, ids that change, sessions that stay ended.

use catalog::{Catalog, Error, NewUser, Principal, SessionLimits};
use domain::{UserId, access::Role, audit::Origin};
use tower_sessions_core::{SessionStore, session::Id};

use crate::{
    access::session_of,
    world::{World, contract},
};

const LIMITS: SessionLimits = SessionLimits { idle_ms: 30 * 60_000, absolute_ms: 12 * 3_600_000 };

async fn user(world: &World) -> UserId {
    let new = NewUser {
        name: "Op".into(),
        email: "op@example.org".into(),
        role: Role::Operator,
        password_hash: None,
    };
    world.our().create_user(new).await.unwrap()
}

async fn is_known(world: &World, id: &Id) -> bool {
    world.catalog.authenticate_session(id).await.unwrap().is_some()
}

async fn principal(catalog: &Catalog, session: &Id) -> Principal {
    catalog.authenticate_session(session).await.unwrap().unwrap()
}

contract! {
    the_usual_limits_are_half_an_hour_and_twelve_hours(world) {
        assert_eq!(SessionLimits::default(), LIMITS);
        let short = SessionLimits { idle_ms: 5 * 60_000, absolute_ms: 3_600_000 };
        let catalog = world.catalog.clone().with_session_limits(short);
        let who = user(world).await;
        let id = {
            let session = session_of(world, who).await;
            let mut record = catalog.sessions().load(&session).await.unwrap().unwrap();
            catalog.sessions().create(&mut record).await.unwrap();
            record.id
        };
        for _ in 0..14 {
            world.clock.advance_ms(4 * 60_000);
            assert!(catalog.authenticate_session(&id).await.unwrap().is_some());
        }
        world.clock.advance_ms(4 * 60_000);
        assert!(catalog.authenticate_session(&id).await.unwrap().is_none(), "an hour");
    }

    a_person_sees_and_ends_their_own_sessions_and_nobody_elses(world) {
        let ours = user(world).await;
        let new = NewUser {
            name: "Other".into(),
            email: "other@example.org".into(),
            role: Role::PlatformOperator,
            password_hash: None,
        };
        let other = world.tenant(world.theirs).create_user(new).await.unwrap();
        let (here, there, foreign) =
            (session_of(world, ours).await, session_of(world, ours).await, session_of(world, other).await);
        world.clock.advance_ms(5 * 60_000);
        let me = principal(&world.catalog, &here).await;
        let stranger = principal(&world.catalog, &foreign).await;
        let mine = world.catalog.own_sessions(&me, Some(&here)).await.unwrap();
        assert_eq!(mine.iter().map(|session| session.is_this).collect::<Vec<_>>(), [true, false]);
        assert!(mine[0].seen_at > mine[1].seen_at && mine[0].signed_in_at == mine[1].signed_in_at);
        let handle = mine[1].handle.clone().unwrap();
        let refused = world.catalog.end_own_session(&stranger, &handle, &Origin::here()).await;
        assert!(matches!(refused, Err(Error::NotFound { .. })), "{refused:?}");
        assert!(is_known(world, &there).await);
        world.catalog.end_own_session(&me, &handle, &Origin::here()).await.unwrap();
        assert!(!is_known(world, &there).await && is_known(world, &here).await);
        let again = session_of(world, ours).await;
        assert_eq!(world.catalog.end_other_sessions(&me, &here, &Origin::here()).await.unwrap(), 1);
        assert!(!is_known(world, &again).await && is_known(world, &here).await && is_known(world, &foreign).await);
    }

    idleness_ends_a_session_and_use_moves_the_limit_on(world) {
        let session = session_of(world, user(world).await).await;
        for _ in 0..10 {
            world.clock.advance_ms(LIMITS.idle_ms - 1);
            assert!(is_known(world, &session).await);
        }
        world.clock.advance_ms(LIMITS.idle_ms);
        assert!(!is_known(world, &session).await);
        assert!(world.catalog.sessions().load(&session).await.unwrap().is_none());
    }

    no_use_carries_a_session_past_the_absolute_limit(world) {
        let session = session_of(world, user(world).await).await;
        let step = LIMITS.idle_ms / 2;
        for _ in 0..(LIMITS.absolute_ms / step - 1) {
            world.clock.advance_ms(step);
            assert!(is_known(world, &session).await);
        }
        world.clock.advance_ms(step);
        assert!(!is_known(world, &session).await);
        assert_eq!(world.system().delete_ended_sessions().await.unwrap(), 1);
    }

    the_absolute_limit_survives_a_change_of_id(world) {
        let store = world.catalog.sessions();
        let mut id = session_of(world, user(world).await).await;
        let step = LIMITS.idle_ms / 2;
        for _ in 0..(LIMITS.absolute_ms / step - 1) {
            world.clock.advance_ms(step);
            let mut record = store.load(&id).await.unwrap().unwrap();
            store.delete(&id).await.unwrap();
            record.id = Id::default();
            record.expiry_date += time::Duration::days(14);
            store.create(&mut record).await.unwrap();
            assert!(!is_known(world, &id).await, "the old id is worth nothing");
            id = record.id;
            assert!(is_known(world, &id).await);
        }
        world.clock.advance_ms(step);
        assert!(!is_known(world, &id).await);
    }

    saving_keeps_data_and_does_not_bring_an_ended_session_back(world) {
        let store = world.catalog.sessions();
        let who = user(world).await;
        let (kept, other) = (session_of(world, who).await, session_of(world, who).await);
        let mut record = store.load(&other).await.unwrap().unwrap();
        record.data.insert("theme".into(), serde_json::json!("dark"));
        store.save(&record).await.unwrap();
        assert_eq!(store.load(&other).await.unwrap().unwrap().data, record.data);
        assert_eq!(world.catalog.end_sessions(who, Some(&kept)).await.unwrap(), 1);
        store.save(&record).await.unwrap();
        assert!(store.load(&other).await.unwrap().is_none());
        assert!(is_known(world, &kept).await);
    }

    an_id_that_is_taken_is_replaced(world) {
        let store = world.catalog.sessions();
        let taken = session_of(world, user(world).await).await;
        let mut record = store.load(&taken).await.unwrap().unwrap();
        store.create(&mut record).await.unwrap();
        assert_ne!(record.id, taken);
    }
}
