//! What every store promises, tried on each: memory, a directory, a bucket, and a bucket with checksums.

use std::sync::Arc;

use bytes::Bytes;
use domain::sources::Severity;
use engine::{
    Kind, Result,
    storage::{
        ObjectKey, PutMode, Storage, already_exists,
        faulty::{Fault, Faulty, When},
        is_missing,
        local::Local,
        memory::Memory,
        probe, read_small,
        s3::S3,
    },
};
use sha2::{Digest, Sha256};
use tokio::io::AsyncReadExt;

use crate::storage_double::{Double, config, vault};

pub fn key(text: &str) -> ObjectKey {
    ObjectKey::new(text).unwrap()
}

pub async fn body(storage: &dyn Storage, at: &str) -> Result<Bytes> {
    read_small(storage, &key(at), None, 100 << 20).await
}

/// Bytes that differ everywhere.
pub fn pattern(length: usize) -> Bytes {
    (0..length).map(|n| n.to_le_bytes().iter().fold(0, |mixed, byte| mixed ^ byte)).collect()
}

/// Writes `content` as an upload, in pieces of uneven size.
pub async fn upload(storage: &dyn Storage, at: &str, content: &Bytes) -> Result<engine::storage::Stored> {
    let mut upload = storage.begin(&key(at)).await?;
    for piece in content.chunks(700_001) {
        upload.write(Bytes::copy_from_slice(piece)).await?;
    }
    upload.finish().await
}

/// Waits for a condition, at most ten seconds.
pub async fn eventually(what: &str, condition: impl Fn() -> bool) {
    for _ in 0..1000 {
        if condition() {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    panic!("did not come true within ten seconds: {what}");
}

async fn small_objects(storage: &dyn Storage) {
    let at = key("a/small");
    assert_eq!(storage.head(&at, None).await.unwrap(), None);
    let stored = storage.put(&at, Bytes::from_static(b"one"), PutMode::CreateNew).await.unwrap();
    assert_eq!((stored.size, stored.sha256), (3, Sha256::digest(b"one").into()));
    assert_eq!(body(storage, "a/small").await.unwrap(), "one");
    let refused = storage.put(&at, Bytes::from_static(b"two"), PutMode::CreateNew).await.unwrap_err();
    assert!(already_exists(&refused), "{refused:?}");
    assert_eq!(body(storage, "a/small").await.unwrap(), "one");
    storage.put(&at, Bytes::from_static(b"three"), PutMode::Replace).await.unwrap();
    assert_eq!(body(storage, "a/small").await.unwrap(), "three");
    assert_eq!(storage.head(&at, None).await.unwrap().unwrap().size, 5);
    storage.put(&key("a/empty"), Bytes::new(), PutMode::CreateNew).await.unwrap();
    assert_eq!(body(storage, "a/empty").await.unwrap(), "");
    let long = read_small(storage, &at, None, 4).await.unwrap_err();
    assert_eq!(long.kind(), Kind::Integrity);
}

async fn missing_objects(storage: &dyn Storage) {
    let refused = body(storage, "no/such").await.unwrap_err();
    assert!(is_missing(&refused), "{refused:?}");
    assert!(refused.advice().is_some());
    storage.delete(&key("no/such")).await.unwrap();
    storage.put(&key("gone"), Bytes::from_static(b"x"), PutMode::CreateNew).await.unwrap();
    storage.delete(&key("gone")).await.unwrap();
    storage.delete(&key("gone")).await.unwrap();
    assert_eq!(storage.head(&key("gone"), None).await.unwrap(), None);
    storage.put(&key("gone"), Bytes::from_static(b"y"), PutMode::CreateNew).await.unwrap();
}

async fn uploads(storage: &dyn Storage) {
    for (name, length) in [("empty", 0), ("one", 1), ("part", 8 << 20), ("two-and-more", (16 << 20) + 3)] {
        let content = pattern(length);
        let at = format!("up/{name}");
        let stored = upload(storage, &at, &content).await.unwrap();
        assert_eq!((stored.size, stored.sha256), (length as u64, Sha256::digest(&content).into()), "{name}");
        assert!(body(storage, &at).await.unwrap() == content, "{name}");
        let taken = upload(storage, &at, &Bytes::from_static(b"other")).await.unwrap_err();
        assert!(already_exists(&taken), "{name}: {taken:?}");
        let taken = upload(storage, &at, &pattern(9 << 20)).await.unwrap_err();
        assert!(already_exists(&taken), "{name}: {taken:?}");
        assert!(body(storage, &at).await.unwrap() == content, "{name}");
    }
}

async fn given_up(storage: &dyn Storage) {
    for length in [10, 20 << 20] {
        let mut dropped = storage.begin(&key("never/dropped")).await.unwrap();
        dropped.write(pattern(length)).await.unwrap();
        drop(dropped);
        let mut aborted = storage.begin(&key("never/aborted")).await.unwrap();
        aborted.write(pattern(length)).await.unwrap();
        aborted.abort().await.unwrap();
    }
    assert!(storage.list("never", None, 10).await.unwrap().objects.is_empty());
    assert!(is_missing(&body(storage, "never/dropped").await.unwrap_err()));
    let left = storage.unfinished("never").await.unwrap();
    assert!(left.is_none_or(|left| left.is_empty()));
}

async fn ranges(storage: &dyn Storage) {
    let content = pattern(100_000);
    storage.put(&key("ranged"), content.clone(), PutMode::CreateNew).await.unwrap();
    for range in [0..1, 0..100_000, 99_999..100_000, 500..70_000, 7..7, 100_000..100_000] {
        let mut back = Vec::new();
        let mut reader = storage.read(&key("ranged"), None, Some(range.clone())).await.unwrap();
        reader.read_to_end(&mut back).await.unwrap();
        let (start, end) = (usize::try_from(range.start).unwrap(), usize::try_from(range.end).unwrap());
        assert!(back == content[start..end], "{range:?}");
    }
    for range in [0..100_001, 99_999..100_001, 100_001..100_002] {
        let refused = storage.read(&key("ranged"), None, Some(range.clone())).await.err().unwrap();
        assert_eq!(refused.kind(), Kind::Integrity, "{range:?}: {refused:?}");
    }
    assert!(is_missing(&storage.read(&key("no/such"), None, Some(0..1)).await.err().unwrap()));
}

async fn listing(storage: &dyn Storage) {
    // In byte order, `-` and `.` come before `/`: a directory walk gets this wrong easily.
    let names = ["l/a", "l/b-1", "l/b.1", "l/b/1", "l/b/2/x", "l/b0", "l/c", "l2/z", "lz"];
    for name in names.iter().rev() {
        storage.put(&key(name), Bytes::from_static(b"x"), PutMode::CreateNew).await.unwrap();
    }
    for (prefix, expected) in
        [("l", &names[..]), ("l/", &names[..7]), ("l/b", &names[1..6]), ("l/b/", &names[3..5]), ("l/x", &[])]
    {
        for limit in [1, 2, 3, 100] {
            let (mut found, mut after) = (Vec::new(), None);
            loop {
                let page = storage.list(prefix, after.as_deref(), limit).await.unwrap();
                assert!(page.objects.len() <= limit);
                found.extend(page.objects.into_iter().map(|object| object.key.to_string()));
                match page.next {
                    Some(next) => after = Some(next),
                    None => break,
                }
            }
            assert_eq!(found, expected, "{prefix} by {limit}");
        }
    }
    let page = storage.list("l", Some("l/b/1"), 100).await.unwrap();
    assert_eq!(page.objects[0].key.as_str(), "l/b/2/x");
}

/// Eight writers, one key: exactly one may succeed, and what lies there is its.
async fn races(storage: Arc<dyn Storage>) {
    let writers: Vec<_> = (0..8u8)
        .map(|n| {
            let storage = storage.clone();
            tokio::spawn(async move {
                storage.put(&key("raced"), Bytes::from(vec![n; 1000]), PutMode::CreateNew).await.map(|_| n)
            })
        })
        .collect();
    let mut winners = Vec::new();
    for writer in writers {
        match writer.await.unwrap() {
            Ok(n) => winners.push(n),
            Err(error) => {
                assert!(already_exists(&error) || error.retry() == engine::Retry::Later, "{error:?}");
            }
        }
    }
    let there = body(&*storage, "raced").await.unwrap();
    assert_eq!(winners, [there[0]]);
    assert!(there.iter().all(|byte| *byte == there[0]));
}

async fn faults(storage: Arc<dyn Storage>) {
    storage.put(&key("f/there"), pattern(1000), PutMode::CreateNew).await.unwrap();
    let cut = Faulty::new(storage.clone(), Fault::CutRead(10), When::Once(1));
    assert_eq!(body(&cut, "f/there").await.unwrap_err().retry(), engine::Retry::Later);
    assert!(body(&cut, "f/there").await.unwrap() == pattern(1000));
    let flipped = Faulty::new(storage.clone(), Fault::FlipRead(500), When::From(1));
    let wrong = body(&flipped, "f/there").await.unwrap();
    assert_eq!(wrong.iter().zip(&pattern(1000)).filter(|(a, b)| a != b).count(), 1);
    // Every call of an upload fails once: there is an object exactly if the upload says so, or its answer was lost.
    for fault in [Fault::Refuse, Fault::Full, Fault::LoseAnswer] {
        for nth in 1.. {
            let at = format!("f/{fault:?}-{nth}");
            let faulty = Faulty::new(storage.clone(), fault, When::Once(nth));
            let outcome = upload(&faulty, &at, &pattern(2_000_000)).await;
            let there = storage.head(&key(&at), None).await.unwrap().is_some();
            assert_eq!(outcome.is_ok(), !faulty.met(), "{at}");
            assert!(there || outcome.is_err(), "{at}");
            assert!(!there || outcome.is_ok() || fault == Fault::LoseAnswer, "{at}");
            if !faulty.met() {
                assert!(nth > 3);
                break;
            }
        }
    }
}

async fn contract(storage: Arc<dyn Storage>) {
    small_objects(&*storage).await;
    missing_objects(&*storage).await;
    uploads(&*storage).await;
    given_up(&*storage).await;
    ranges(&*storage).await;
    listing(&*storage).await;
    faults(storage.clone()).await;
}

async fn probed(storage: &dyn Storage) -> Vec<(String, Severity)> {
    let findings = probe::probe(storage).await;
    assert!(storage.list("holdfast-probe", None, 10).await.unwrap().objects.is_empty());
    assert!(findings.iter().all(|f| f.severity == Severity::Good || !f.why.is_empty()), "{findings:?}");
    findings.into_iter().map(|finding| (finding.key, finding.severity)).collect()
}

#[tokio::test]
async fn memory_keeps_the_contract() {
    let store = Arc::new(Memory::new());
    contract(store.clone()).await;
    races(store.clone()).await;
    assert!(probed(&*store).await.iter().all(|(_, severity)| *severity == Severity::Good));
}

#[tokio::test]
async fn a_directory_keeps_the_contract() {
    let directory = tempfile::tempdir().unwrap();
    let store = Arc::new(Local::open(&directory.path().join("vault")).await.unwrap());
    contract(store.clone()).await;
    races(store.clone()).await;
    let findings = probed(&*store).await;
    assert!(findings.iter().all(|(key, severity)| *severity == Severity::Good || key == "vault_space"));
}

#[tokio::test]
async fn a_bucket_keeps_the_contract() {
    let double = Double::start().await;
    let store = Arc::new(vault(double.address).await);
    contract(store.clone()).await;
    // Uploads that were dropped are aborted behind the scenes.
    eventually("no parts are left", || double.parts().is_empty()).await;
    let findings = probed(&*store).await;
    // This server cannot list uploads; everything else it does.
    for (key, severity) in findings {
        let expected = if key == "vault_unfinished" { Severity::Warn } else { Severity::Good };
        assert_eq!(severity, expected, "{key}");
    }
    assert!(store.capabilities().await.unwrap().create_new_is_atomic);
}

#[tokio::test]
async fn a_bucket_with_checksums_keeps_the_contract() {
    let double = Double::start().await;
    let mut config = config(double.address);
    config.checksums = Some(true);
    config.prefix = String::new();
    contract(Arc::new(S3::open(&config).await.unwrap())).await;
}

#[tokio::test]
async fn a_wrong_secret_or_bucket_is_named() {
    let double = Double::start().await;
    let mut wrong = config(double.address);
    wrong.secret_key = Some("not the secret".into());
    let error = body(&S3::open(&wrong).await.unwrap(), "x").await.unwrap_err();
    assert_eq!((error.kind(), error.retry()), (Kind::Storage, engine::Retry::Never));
    assert!(error.message().contains("access key or its secret"), "{error:?}");
    assert!(!format!("{error:?} {wrong:?}").contains("not the secret"));

    let mut elsewhere = config(double.address);
    elsewhere.bucket = "no-such-bucket".into();
    let elsewhere = S3::open(&elsewhere).await.unwrap();
    let error = elsewhere.head(&key("x"), None).await.unwrap_err();
    assert!(error.message().contains("no such bucket"), "{error:?}");
    let findings = probe::probe(&S3::open(&wrong).await.unwrap()).await;
    assert_eq!(findings.len(), 1);
    assert_eq!(findings[0].severity, Severity::Bad);
    assert!(!findings[0].remedy.is_empty());
}
