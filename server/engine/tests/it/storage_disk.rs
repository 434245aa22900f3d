//! A directory on a real file system: full, foreign, and left behind by a writer that was killed.

use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};

use bytes::Bytes;
use engine::{
    Kind, Retry,
    storage::{PutMode, Storage, local::Local},
};

use crate::storage_contract::{body, key, pattern, upload};

#[tokio::test]
async fn files_are_private_and_nothing_is_left_beside_them() {
    let directory = tempfile::tempdir().unwrap();
    let root = directory.path().join("vault");
    let store = Local::open(&root).await.unwrap();
    upload(&store, "a/b/c", &pattern(1000)).await.unwrap();
    for (path, mode) in [("", 0o700), ("a", 0o700), ("a/b", 0o700), ("a/b/c", 0o600)] {
        assert_eq!(std::fs::metadata(root.join(path)).unwrap().mode() & 0o777, mode, "{path}");
    }
    assert_eq!(std::fs::read_dir(root.join("a/b")).unwrap().count(), 1);
}

#[tokio::test]
async fn a_disk_that_is_not_mounted_is_not_made() {
    let directory = tempfile::tempdir().unwrap();
    let error = Local::open(&directory.path().join("mnt/vault")).await.err().unwrap();
    assert!(error.advice().unwrap().contains("mounted"), "{error:?}");
    assert!(!directory.path().join("mnt").exists());
}

#[tokio::test]
async fn links_do_not_lead_out_of_the_vault() {
    let directory = tempfile::tempdir().unwrap();
    let (root, outside) = (directory.path().join("vault"), directory.path().join("outside"));
    std::fs::create_dir(&outside).unwrap();
    std::fs::write(outside.join("secret"), "secret").unwrap();
    let store = Local::open(&root).await.unwrap();
    symlink(&outside, root.join("way")).unwrap();
    symlink(outside.join("secret"), root.join("file")).unwrap();
    for at in ["way/secret", "file"] {
        let error = body(&store, at).await.unwrap_err();
        assert!(error.message().contains("symbolic link"), "{at}: {error:?}");
        assert!(store.head(&key(at), None).await.is_err(), "{at}");
    }
    assert!(store.put(&key("way/new"), Bytes::from_static(b"x"), PutMode::Replace).await.is_err());
    assert!(store.begin(&key("way/new")).await.is_err());
    assert!(store.delete(&key("way/secret")).await.is_err());
    // A link in the place of an object is replaced, not followed.
    store.put(&key("file"), Bytes::from_static(b"ours"), PutMode::Replace).await.unwrap();
    assert_eq!(std::fs::read_to_string(outside.join("secret")).unwrap(), "secret");
    assert_eq!(std::fs::read_dir(&outside).unwrap().count(), 1);
    let listed = store.list("", None, 10).await.unwrap().objects;
    assert_eq!(listed.iter().map(|object| object.key.as_str()).collect::<Vec<_>>(), ["file"]);
}

#[tokio::test]
async fn what_a_killed_writer_left_is_found_and_what_a_living_one_writes_is_spared() {
    let directory = tempfile::tempdir().unwrap();
    let store = Local::open(directory.path()).await.unwrap();
    let mut living = store.begin(&key("run/1/pack")).await.unwrap();
    living.write(pattern(10)).await.unwrap();
    let dead = directory.path().join("run/1/.partial-0123456789abcdef-old");
    std::fs::write(&dead, "half").unwrap();
    assert!(store.list("", None, 10).await.unwrap().objects.is_empty());
    let left = store.unfinished("run/1/").await.unwrap().unwrap();
    assert_eq!(left.iter().map(|left| left.key.as_str()).collect::<Vec<_>>(), ["run/1/old"]);
    assert_eq!(store.unfinished("run/2/").await.unwrap().unwrap(), []);
    assert_eq!(store.abort_unfinished("run/2/").await.unwrap(), Some(0));
    assert_eq!(store.abort_unfinished("run/1/").await.unwrap(), Some(1));
    assert!(!dead.exists());
    living.finish().await.unwrap();
    assert_eq!(body(&store, "run/1/pack").await.unwrap(), pattern(10));
}

/// A file system of two mebibytes; unmounted when dropped.
struct Tiny(tempfile::TempDir);

impl Tiny {
    /// None where mounting is not permitted.
    fn mount() -> Option<Self> {
        let directory = tempfile::tempdir().unwrap();
        let done = std::process::Command::new("mount")
            .args(["-t", "tmpfs", "-o", "size=2m,mode=0700", "tmpfs"])
            .arg(directory.path())
            .output();
        match done {
            Ok(output) if output.status.success() => Some(Self(directory)),
            _ => None,
        }
    }
}

impl Drop for Tiny {
    fn drop(&mut self) {
        let _ = std::process::Command::new("umount").arg(self.0.path()).output();
    }
}

#[tokio::test]
async fn a_full_disk_is_called_full_and_keeps_what_was_there() {
    let Some(tiny) = Tiny::mount() else {
        eprintln!(
            "SKIPPED a_full_disk_is_called_full_and_keeps_what_was_there: mounting a tmpfs is not permitted here"
        );
        return;
    };
    let store = Local::open(tiny.0.path()).await.unwrap();
    let kept = pattern(200_000);
    store.put(&key("kept"), kept.clone(), PutMode::CreateNew).await.unwrap();
    let before = store.space().await.unwrap().unwrap();
    assert!(before.total <= 2 << 20 && before.free < before.total);
    let error = upload(&store, "long", &pattern(5 << 20)).await.unwrap_err();
    assert_eq!((error.kind(), error.retry()), (Kind::Space, Retry::Never), "{error:?}");
    assert!(error.advice().is_some());
    let error = store.put(&key("kept"), pattern(3 << 20), PutMode::Replace).await.unwrap_err();
    assert_eq!(error.kind(), Kind::Space, "{error:?}");
    assert!(body(&store, "kept").await.unwrap() == kept);
    assert_eq!(store.head(&key("long"), None).await.unwrap(), None);
    assert_eq!(store.unfinished("").await.unwrap().unwrap(), []);
    assert_eq!(store.space().await.unwrap().unwrap(), before, "nothing half-written is left");
}

#[tokio::test]
async fn a_directory_that_is_not_ours_is_said_to_be_so() {
    let directory = tempfile::tempdir().unwrap();
    let store = Local::open(directory.path()).await.unwrap();
    std::fs::set_permissions(directory.path(), PermissionsExt::from_mode(0o500)).unwrap();
    let outcome = store.put(&key("x"), Bytes::from_static(b"x"), PutMode::CreateNew).await;
    std::fs::set_permissions(directory.path(), PermissionsExt::from_mode(0o700)).unwrap();
    match outcome {
        Err(error) => assert!(error.advice().unwrap().contains("account"), "{error:?}"),
        Ok(_) => eprintln!("SKIPPED a_directory_that_is_not_ours_is_said_to_be_so: root may write anywhere"),
    }
}
