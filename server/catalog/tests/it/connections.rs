//! Servers: a password is worth something only for the address it was entered for.

use catalog::{ChangeConnection, Conflict, Error, Sealed};
use domain::{
    RunId,
    backups::RunState,
    sources::{Capabilities, DatabaseName, HostName, ServerFamily, Tested},
};

use crate::world::{World, connection, contract};

pub fn capabilities() -> Capabilities {
    Capabilities {
        family: ServerFamily::Mariadb,
        version: "10.11.14".into(),
        tested: Tested::Yes,
        server_uuid: "1".into(),
        databases: vec!["grc2".into()],
        findings: Vec::new(),
        can_prove_position: true,
        files: None,
    }
}

/// The values as they are, without a new password.
fn same(world: &World) -> catalog::NewConnection {
    let mut values = connection(&*world.clock, "main server");
    (values.id, values.credential) = (world.ours.connection, None);
    values
}

async fn change(world: &World, values: catalog::NewConnection) -> Result<RunId, Error> {
    let version = world.our().get_connection(values.id).await.unwrap().version;
    world.our().change_connection(ChangeConnection { values, version }).await
}

contract! {
    another_host_port_or_account_voids_the_password(world) {
        type Edit = fn(&mut catalog::NewConnection);
        let edits: [Edit; 3] = [
            |values| values.host = HostName::new("evil.example").unwrap(),
            |values| values.port = 3307,
            |values| values.user = domain::sources::AccountName::new("root").unwrap(),
        ];
        for edit in edits {
            let mut values = same(world);
            values.credential = Some(Sealed(vec![9]));
            change(world, values).await.unwrap();
            assert!(world.our().get_connection(world.ours.connection).await.unwrap().has_credentials);
            let mut values = same(world);
            edit(&mut values);
            change(world, values).await.unwrap();
            assert!(!world.our().get_connection(world.ours.connection).await.unwrap().has_credentials);
            // Going back does not bring it back either.
            change(world, same(world)).await.unwrap();
            assert!(!world.our().get_connection(world.ours.connection).await.unwrap().has_credentials);
        }
    }

    a_name_or_tls_change_keeps_the_password(world) {
        let mut values = same(world);
        (values.name, values.tls) = (domain::sources::Label::new("renamed").unwrap(), domain::sources::TlsMode::Off);
        change(world, values).await.unwrap();
        let found = world.our().get_connection(world.ours.connection).await.unwrap();
        assert_eq!((found.has_credentials, found.name.as_str(), found.version), (true, "renamed", 2));
    }

    what_changed_meanwhile_is_not_overwritten(world) {
        change(world, same(world)).await.unwrap();
        let stale = ChangeConnection { values: same(world), version: 1 };
        let refused = world.our().change_connection(stale).await;
        assert!(matches!(refused, Err(Error::Conflict(Conflict::Stale))), "{refused:?}");
    }

    names_are_unique_in_an_organisation(world) {
        let twice = world.our().create_connection(connection(&*world.clock, "main server")).await;
        assert!(matches!(twice, Err(Error::Conflict(Conflict::Duplicate))), "{twice:?}");
        let other = connection(&*world.clock, "other");
        world.our().create_connection(other.clone()).await.unwrap();
        let renamed = catalog::NewConnection { id: other.id, ..same(world) };
        let refused = change(world, renamed).await;
        assert!(matches!(refused, Err(Error::Conflict(Conflict::Duplicate))), "{refused:?}");
        let database = DatabaseName::new("grc2").unwrap();
        let schedule = domain::policies::schedule::Schedule::parse("0 3 * * *", world.catalog.clock().now()).unwrap();
        let twice = world.our().create_source(world.ours.connection, &database, &schedule).await;
        assert!(matches!(twice, Err(Error::Conflict(Conflict::Duplicate))), "{twice:?}");
    }

    a_probe_is_a_run_and_fills_in_what_the_server_can_do(world) {
        let claim = world.claim(world.ours.probe).await;
        let credential = world.catalog.lease(&claim).credential(world.ours.connection).await.unwrap().unwrap();
        assert_eq!((credential.sealed, credential.port), (Sealed(vec![1, 2, 3]), 3306));
        let foreign = world.catalog.lease(&claim).credential(world.theirs.connection).await.unwrap();
        assert_eq!(foreign, None, "another organisation's password");
        world.catalog.lease(&claim).complete_probe(&capabilities(), 1).await.unwrap();
        let found = world.our().get_connection(world.ours.connection).await.unwrap();
        assert_eq!(found.capabilities, Some(capabilities()));
        assert_eq!(world.our().get_run(world.ours.probe).await.unwrap().state, RunState::Completed);
        assert_eq!(world.our().get_source(world.ours.source).await.unwrap().capabilities, Some(capabilities()));
        let mut moved = same(world);
        moved.port = 3307;
        let probe = change(world, moved).await.unwrap();
        assert_ne!(probe, world.ours.probe);
        assert_eq!(world.our().get_connection(world.ours.connection).await.unwrap().capabilities, None);
    }

    an_answer_about_the_old_address_is_not_kept(world) {
        let claim = world.claim(world.ours.probe).await;
        assert_eq!(change(world, same(world)).await.unwrap(), world.ours.probe, "the probe at work is reused");
        world.catalog.lease(&claim).complete_probe(&capabilities(), 1).await.unwrap();
        assert_eq!(world.our().get_connection(world.ours.connection).await.unwrap().capabilities, None);
    }
}
