//! Sessions: two limits at once, ids that change, sessions that stay ended.

use catalog::{NewUser, SESSION_ABSOLUTE_MS, SESSION_IDLE_MS};
use domain::{UserId, access::Role};
use tower_sessions_core::{SessionStore, session::Id};

use crate::{
    access::session_of,
    world::{World, contract},
};

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

contract! {
    idleness_ends_a_session_and_use_moves_the_limit_on(world) {
        let session = session_of(world, user(world).await).await;
        for _ in 0..10 {
            world.clock.advance_ms(SESSION_IDLE_MS - 1);
            assert!(is_known(world, &session).await);
        }
        world.clock.advance_ms(SESSION_IDLE_MS);
        assert!(!is_known(world, &session).await);
        assert!(world.catalog.sessions().load(&session).await.unwrap().is_none());
    }

    no_use_carries_a_session_past_the_absolute_limit(world) {
        let session = session_of(world, user(world).await).await;
        let step = SESSION_IDLE_MS / 2;
        for _ in 0..(SESSION_ABSOLUTE_MS / step - 1) {
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
        let step = SESSION_IDLE_MS / 2;
        for _ in 0..(SESSION_ABSOLUTE_MS / step - 1) {
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
