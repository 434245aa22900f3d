//! Where a backup is proven: never on the server it was taken from.

use std::sync::Arc;

use catalog::{ChangeConnection, NewConnection, Run, RunQuery};
use domain::{
    BackupId,
    backups::{RunKind, RunState},
    sources::HostName,
};

use super::worker_world::{Floor, source, verification};

async fn verification_of(floor: &Floor, backup: BackupId) -> Run {
    let query = RunQuery { backup: Some(backup), kind: Some(RunKind::Verify), ..RunQuery::default() };
    let follow_up = floor.rows().list_runs(&query).await.unwrap().rows.remove(0);
    floor.work(follow_up.id).await
}

#[tokio::test(flavor = "multi_thread")]
async fn the_source_is_recognised_behind_another_address() {
    let mut floor = Floor::with("aliased", source().port, source(), "").await;
    let services = Arc::get_mut(&mut floor.services).unwrap();
    // Resolves to 127.0.0.1, and does not look like it.
    services.config.verification[0].endpoint.host = HostName::new("127.1").unwrap();
    let run = floor.start_backup().await;
    let backup = floor.work(run).await.backup_id.unwrap();
    let refused = verification_of(&floor, backup).await;
    assert_eq!(refused.state, RunState::Failed);
    let error = refused.error.unwrap();
    assert!(error.message.contains("is the very server that is backed up"), "{error:?}");
    assert!(!source().sql("SHOW DATABASES").contains("holdfast_scratch_"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_source_that_is_gone_does_not_keep_its_backups_from_being_proven() {
    let floor = Floor::with("gone", source().port, verification(), "").await;
    let run = floor.start_backup().await;
    let backup = floor.work(run).await.backup_id.unwrap();
    let connection = floor.rows().list_connections().await.unwrap().remove(0);
    let values = NewConnection {
        id: connection.id,
        name: connection.name.clone(),
        host: HostName::new("no-such-host.invalid").unwrap(),
        port: connection.port,
        user: connection.user.clone(),
        tls: connection.tls,
        credential: None,
    };
    floor.rows().change_connection(ChangeConnection { values, version: connection.version }).await.unwrap();
    let done = verification_of(&floor, backup).await;
    assert_eq!(done.state, RunState::Completed, "{:?}", done.error);
    let log = floor.rows().run_events(done.id, 0).await.unwrap();
    assert!(log.iter().any(|line| line.message.contains("could not be asked who it is")), "{log:?}");
}
