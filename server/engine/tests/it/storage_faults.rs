//! A bucket behind a network that misbehaves: the outcome is a stored object or a failure that says so.

use bytes::Bytes;
use domain::sources::Severity;
use engine::{
    Kind, Retry,
    storage::{PutMode, Storage, already_exists, probe::probe, while_reading},
};
use tokio::io::AsyncReadExt;

use crate::{
    storage_contract::{body, eventually, key, pattern, upload},
    storage_double::{Double, vault},
    storage_proxy::{Proxy, Rule, Spoil},
};

const PART: &[&str] = &["PUT ", "partNumber="];
const COMPLETE: &[&str] = &["POST ", "uploadId="];
const MANIFEST: &[&str] = &["PUT ", "manifest"];
const GET: &[&str] = &["GET ", "/there"];
const FOR_EVER: usize = usize::MAX / 2;

const TWO_PARTS: usize = (8 << 20) + 5;

fn rule(line: &'static [&'static str], count: usize, spoil: Spoil) -> Rule {
    Rule { line, first: 1, count, spoil }
}

#[tokio::test]
async fn passing_trouble_is_ridden_out() {
    let double = Double::start().await;
    let content = pattern(TWO_PARTS);
    for (n, (line, spoil)) in [
        (PART, Spoil::Answer(500, "InternalError")),
        (PART, Spoil::Answer(503, "SlowDown")),
        (PART, Spoil::DropAnswer),
        (PART, Spoil::DropRequest),
        (COMPLETE, Spoil::Answer(503, "SlowDown")),
        (COMPLETE, Spoil::ErrorIn200),
        (COMPLETE, Spoil::DropRequest),
        (COMPLETE, Spoil::DropAnswer),
        (COMPLETE, Spoil::Replace502),
        (COMPLETE, Spoil::CutBody(20)),
    ]
    .into_iter()
    .enumerate()
    {
        let proxy = Proxy::start(double.address, rule(line, 1, spoil)).await;
        let store = vault(proxy.address).await;
        let at = format!("run/{n}");
        let stored = upload(&store, &at, &content)
            .await
            .unwrap_or_else(|error| panic!("{line:?} {spoil:?}: {error:?}"));
        assert_eq!(stored.size, content.len() as u64);
        assert_eq!(proxy.spoiled(), 1, "{line:?} {spoil:?}");
        assert!(body(&store, &at).await.unwrap() == content, "{spoil:?}");
    }
    eventually("no parts are left", || double.parts().is_empty()).await;
}

#[tokio::test]
async fn lasting_trouble_fails_and_leaves_nothing() {
    let double = Double::start().await;
    let content = pattern(TWO_PARTS);
    for (line, spoil, kind, retry) in [
        (PART, Spoil::Answer(500, "InternalError"), Kind::Storage, Retry::Later),
        (PART, Spoil::DropRequest, Kind::Storage, Retry::Later),
        (PART, Spoil::Answer(403, "AccessDenied"), Kind::Storage, Retry::Never),
        (PART, Spoil::Answer(403, "QuotaExceeded"), Kind::Space, Retry::Never),
        (PART, Spoil::Answer(507, "XMinioStorageFull"), Kind::Space, Retry::Never),
        (COMPLETE, Spoil::ErrorIn200, Kind::Storage, Retry::Later),
        (COMPLETE, Spoil::Answer(503, "SlowDown"), Kind::Storage, Retry::Later),
        (COMPLETE, Spoil::Answer(507, "InsufficientStorage"), Kind::Space, Retry::Never),
    ] {
        let proxy = Proxy::start(double.address, rule(line, FOR_EVER, spoil)).await;
        let store = vault(proxy.address).await;
        let error = upload(&store, "run/never", &content).await.unwrap_err();
        assert_eq!((error.kind(), error.retry()), (kind, retry), "{line:?} {spoil:?}: {error:?}");
        assert!(error.advice().is_some(), "{line:?} {spoil:?}: {error:?}");
        assert!((1..=10).contains(&proxy.spoiled()), "{} tries", proxy.spoiled());
        assert_eq!(store.head(&key("run/never"), None).await.unwrap(), None, "{spoil:?}");
        eventually("no parts are left", || double.parts().is_empty()).await;
    }
}

#[tokio::test]
async fn creating_is_told_apart_from_a_lost_answer() {
    let double = Double::start().await;
    for (n, spoil) in
        [Spoil::DropAnswer, Spoil::Replace502, Spoil::Answer(503, "SlowDown"), Spoil::DropRequest]
            .into_iter()
            .enumerate()
    {
        let proxy = Proxy::start(double.address, rule(MANIFEST, 1, spoil)).await;
        let store = vault(proxy.address).await;
        let at = key(&format!("{n}/manifest"));
        // Our own object that we were not told of is not somebody else's …
        store.put(&at, Bytes::from_static(b"ours"), PutMode::CreateNew).await.unwrap();
        assert_eq!(proxy.spoiled(), 1);
        // … and somebody else's is not ours, lost answer or not.
        let proxy = Proxy::start(double.address, rule(MANIFEST, 1, spoil)).await;
        let store = vault(proxy.address).await;
        let refused = store.put(&at, Bytes::from_static(b"other"), PutMode::CreateNew).await.unwrap_err();
        assert!(already_exists(&refused), "{spoil:?}: {refused:?}");
        assert_eq!(body(&store, at.as_str()).await.unwrap(), "ours");
    }
}

#[tokio::test]
async fn a_store_without_conditions_is_found_out_and_still_not_overwritten() {
    let double = Double::start().await;
    let unknown = rule(&["if-none-match: *"], FOR_EVER, Spoil::Answer(501, "NotImplemented"));
    let proxy = Proxy::start(double.address, unknown).await;
    let store = vault(proxy.address).await;
    assert!(!store.capabilities().await.unwrap().create_new_is_atomic);
    store.put(&key("manifest"), Bytes::from_static(b"ours"), PutMode::CreateNew).await.unwrap();
    upload(&store, "long", &pattern(TWO_PARTS)).await.unwrap();
    let refused =
        store.put(&key("manifest"), Bytes::from_static(b"other"), PutMode::CreateNew).await.unwrap_err();
    assert!(already_exists(&refused), "{refused:?}");
    let refused = upload(&store, "long", &pattern(TWO_PARTS)).await.unwrap_err();
    assert!(already_exists(&refused), "{refused:?}");
    let findings = probe(&store).await;
    let found = findings.iter().find(|finding| finding.key == "vault_create_new").unwrap();
    assert_eq!(found.severity, Severity::Warn);
    assert!(!found.remedy.is_empty());
    eventually("no parts are left", || double.parts().is_empty()).await;
}

#[tokio::test]
async fn a_cut_body_is_a_failure_and_never_an_end() {
    let double = Double::start().await;
    let content = pattern(300_000);
    vault(double.address).await.put(&key("there"), content.clone(), PutMode::CreateNew).await.unwrap();
    for after in [0, 1, 100_000, 299_999] {
        let proxy = Proxy::start(double.address, rule(GET, FOR_EVER, Spoil::CutBody(after))).await;
        let store = vault(proxy.address).await;
        for range in [None, Some(0..300_000), Some(0..300_000)] {
            let mut reader = store.read(&key("there"), None, range).await.unwrap();
            let mut back = Vec::new();
            let error = while_reading("read", reader.read_to_end(&mut back).await.unwrap_err());
            assert_eq!((error.kind(), error.retry()), (Kind::Storage, Retry::Later), "{after}: {error:?}");
            assert!(back.len() <= after);
        }
    }
}

#[tokio::test]
async fn a_dropped_upload_is_aborted_at_the_store() {
    let double = Double::start().await;
    let proxy = Proxy::start(double.address, rule(&["no such line"], 0, Spoil::DropAnswer)).await;
    let store = vault(proxy.address).await;
    let mut upload = store.begin(&key("run/dropped")).await.unwrap();
    upload.write(pattern(TWO_PARTS)).await.unwrap();
    drop(upload);
    let lines = proxy.lines.clone();
    eventually("the store is told", || lines.lock().unwrap().iter().any(|line| line.starts_with("DELETE ")))
        .await;
    eventually("no parts are left", || double.parts().is_empty()).await;
    assert_eq!(store.unfinished("run").await.unwrap(), None, "this server cannot list uploads");
}

#[tokio::test]
async fn a_store_that_is_not_there_is_worth_another_try() {
    let free = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = free.local_addr().unwrap();
    drop(free);
    let error = body(&vault(address).await, "x").await.unwrap_err();
    assert_eq!((error.kind(), error.retry()), (Kind::Storage, Retry::Later));
    assert!(error.advice().is_some_and(|hint| hint.contains("endpoint")), "{error:?}");
}
