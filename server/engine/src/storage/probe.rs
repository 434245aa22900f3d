//! What a store really does, found out by doing it: stores accept requests that they then ignore.
//!
//! Everything happens under `holdfast-probe/` and is removed afterwards; the account need not be allowed to delete.

use bytes::Bytes;
use domain::sources::{Finding, Severity};
use sha2::{Digest, Sha256};
use tokio::io::AsyncReadExt;

use super::{ObjectKey, PutMode, Storage, already_exists, read_small, while_reading};
use crate::{Error, Kind, Result};

/// More than one part of an upload.
const LARGE: usize = 8 * 1024 * 1024 + 1;
/// Bytes written at a time.
const CHUNK: usize = 1024 * 1024;

/// Tries the store and says what was found, worst first. Never fails: a store that does not answer is a finding.
pub async fn probe(storage: &dyn Storage) -> Vec<Finding> {
    let mut findings = Vec::new();
    let keys = match keys() {
        Ok(keys) => keys,
        Err(error) => return vec![failure("vault", "Vault", &error)],
    };
    match small(storage, &keys.small).await {
        Ok(()) => {
            findings.push(good("vault_write", "Write and read back", "bytes come back as they were written"));
        }
        Err(error) => {
            // Nothing else can be told apart from this.
            return vec![failure("vault_write", "Write and read back", &error)];
        }
    }
    findings.push(conditional(storage, &keys.small).await);
    findings.push(match large(storage, &keys.large).await {
        Ok(()) => {
            good("vault_upload", "Long upload", "arrives whole, appears only when complete, ranges are right")
        }
        Err(error) => failure("vault_upload", "Long upload", &error),
    });
    findings.push(listing(storage, &keys).await);
    findings.extend(checksum(storage, &keys.checksum).await);
    findings.push(leftovers(storage).await);
    findings.extend(versions(storage).await);
    findings.extend(room(storage).await);
    findings.push(removal(storage, &keys).await);
    findings.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
    findings
}

struct Keys {
    prefix: String,
    small: ObjectKey,
    large: ObjectKey,
    checksum: ObjectKey,
}

fn keys() -> Result<Keys> {
    let mut random = [0u8; 8];
    getrandom::fill(&mut random).map_err(|error| {
        Error::new(Kind::Storage, "probe a vault", "the operating system gives no random bytes")
            .caused_by(error)
    })?;
    let prefix = format!("holdfast-probe/{}/", hex::encode(random));
    let key = |name: &str| ObjectKey::new(format!("{prefix}{name}"));
    Ok(Keys { small: key("small")?, large: key("large")?, checksum: key("checksum")?, prefix })
}

fn finding(key: &str, title: &str, severity: Severity, found: &str, why: &str, remedy: &str) -> Finding {
    let [key, title, found, why, remedy] = [key, title, found, why, remedy].map(str::to_owned);
    Finding { key, title, severity, found, why, remedy }
}

fn good(key: &str, title: &str, found: &str) -> Finding {
    finding(key, title, Severity::Good, found, "", "")
}

fn failure(key: &str, title: &str, error: &Error) -> Finding {
    let remedy = error.advice().unwrap_or_default();
    finding(key, title, Severity::Bad, &error.chain(), "Backups to this vault would fail.", remedy)
}

fn wrong(what: &str, message: &str) -> Error {
    Error::new(Kind::Integrity, what, message).hint("Do not keep backups in this store.")
}

async fn small(storage: &dyn Storage, key: &ObjectKey) -> Result<()> {
    let body = Bytes::from(format!("holdfast {key}"));
    let stored = storage.put(key, body.clone(), PutMode::CreateNew).await?;
    let back = read_small(storage, key, stored.version.as_deref(), 1024).await?;
    if back != body {
        return Err(wrong("read back a small object", "the bytes differ"));
    }
    match storage.head(key, stored.version.as_deref()).await? {
        Some(meta) if meta.size == body.len() as u64 => Ok(()),
        _ => Err(wrong("look at a small object", "its length is not what was written")),
    }
}

async fn conditional(storage: &dyn Storage, key: &ObjectKey) -> Finding {
    const KEY: &str = "vault_create_new";
    const TITLE: &str = "Creating without overwriting";
    match storage.put(key, Bytes::from_static(b"another"), PutMode::CreateNew).await {
        Err(error) if already_exists(&error) => {}
        Err(error) => return failure(KEY, TITLE, &error),
        Ok(_) => {
            return failure(KEY, TITLE, &wrong("create an object twice", "the second replaced the first"));
        }
    }
    match storage.capabilities().await {
        Ok(seen) if seen.create_new_is_atomic => good(KEY, TITLE, "the second writer is refused"),
        Ok(_) => finding(
            KEY,
            TITLE,
            Severity::Warn,
            "the store ignores If-None-Match; Holdfast looks before it writes",
            "Two workers that publish the same backup in the same instant would not notice each other; the lease in \
             the catalog alone keeps them apart.",
            "Prefer a store that honours If-None-Match on PUT.",
        ),
        Err(error) => failure(KEY, TITLE, &error),
    }
}

/// A byte pattern that no shift or repetition of a part leaves unchanged.
fn pattern(at: usize, length: usize) -> Bytes {
    (at..at + length).map(|n| n.to_le_bytes().iter().fold(0, |mixed, byte| mixed ^ byte)).collect()
}

async fn large(storage: &dyn Storage, key: &ObjectKey) -> Result<()> {
    let mut upload = storage.begin(key).await?;
    for at in (0..LARGE).step_by(CHUNK) {
        upload.write(pattern(at, CHUNK.min(LARGE - at))).await?;
    }
    if storage.head(key, None).await?.is_some() {
        return Err(wrong("upload a long object", "it can be seen before it is complete"));
    }
    let stored = upload.finish().await?;
    let version = stored.version.as_deref();
    let mut reader = storage.read(key, version, None).await?;
    let mut hash = Sha256::new();
    let mut buffer = vec![0u8; 64 * 1024];
    loop {
        let got = reader
            .read(&mut buffer)
            .await
            .map_err(|error| while_reading("read back a long object", error))?;
        if got == 0 {
            break;
        }
        hash.update(&buffer[..got]);
    }
    if <[u8; 32]>::from(hash.finalize()) != stored.sha256 {
        return Err(wrong("read back a long object", "the bytes differ"));
    }
    let (start, length) = (LARGE - 1000, 600);
    let mut part = Vec::new();
    storage
        .read(key, version, Some(start as u64..(start + length) as u64))
        .await?
        .read_to_end(&mut part)
        .await
        .map_err(|error| while_reading("read a range", error))?;
    if part != pattern(start, length) {
        return Err(wrong("read a range", "the store sent other bytes than those asked for"));
    }
    Ok(())
}

async fn listing(storage: &dyn Storage, keys: &Keys) -> Finding {
    const KEY: &str = "vault_list";
    const TITLE: &str = "Listing";
    match storage.list(&keys.prefix, None, 100).await {
        Ok(page) if page.objects.iter().any(|object| object.key == keys.small) => {
            good(KEY, TITLE, "shows what was just written")
        }
        Ok(_) => finding(
            KEY,
            TITLE,
            Severity::Warn,
            "does not show what was just written",
            "Backups could not be found again without the catalog, or only later.",
            "Use a store whose lists are up to date at once.",
        ),
        Err(error) => failure(KEY, TITLE, &error),
    }
}

async fn checksum(storage: &dyn Storage, key: &ObjectKey) -> Option<Finding> {
    const KEY: &str = "vault_checksum";
    const TITLE: &str = "Checksums at the store";
    match storage.refuses_wrong_checksum(key).await {
        Ok(None) => None,
        Ok(Some(true)) => Some(good(KEY, TITLE, "a body that does not match its checksum is refused")),
        Ok(Some(false)) => Some(finding(
            KEY,
            TITLE,
            Severity::Warn,
            "a wrong checksum is accepted",
            "Damage on the way is found only when Holdfast reads back what it wrote, which it does.",
            "",
        )),
        Err(error) => Some(failure(KEY, TITLE, &error)),
    }
}

async fn leftovers(storage: &dyn Storage) -> Finding {
    const KEY: &str = "vault_unfinished";
    const TITLE: &str = "Unfinished uploads";
    match storage.unfinished("").await {
        Ok(Some(found)) if found.is_empty() => good(KEY, TITLE, "none"),
        Ok(Some(found)) => {
            good(KEY, TITLE, &format!("{}; a sweep removes those whose run is over", found.len()))
        }
        Ok(None) => finding(
            KEY,
            TITLE,
            Severity::Warn,
            "the store cannot list them",
            "Parts that a killed worker left behind would take room unseen.",
            "Set a lifecycle rule in the store: AbortIncompleteMultipartUpload after 3 days.",
        ),
        Err(error) => failure(KEY, TITLE, &error),
    }
}

async fn versions(storage: &dyn Storage) -> Option<Finding> {
    let seen = storage.capabilities().await.ok()?;
    let found = if seen.versioned { "kept; backups are read by version" } else { "not kept" };
    Some(good("vault_versions", "Versions", found))
}

async fn room(storage: &dyn Storage) -> Option<Finding> {
    let space = match storage.space().await {
        Ok(space) => space?,
        Err(error) => return Some(failure("vault_space", "Room", &error)),
    };
    let found = format!("{} of {} free", domain::ByteSize(space.free), domain::ByteSize(space.total));
    Some(if space.free < space.total / 10 {
        finding(
            "vault_space",
            "Room",
            Severity::Warn,
            &found,
            "Less than a tenth is free; backups fail when the disk is full.",
            "Enlarge the disk or let old backups expire.",
        )
    } else {
        good("vault_space", "Room", &found)
    })
}

async fn removal(storage: &dyn Storage, keys: &Keys) -> Finding {
    const KEY: &str = "vault_delete";
    const TITLE: &str = "Deleting";
    for key in [&keys.small, &keys.large, &keys.checksum] {
        if let Err(error) = storage.delete(key).await {
            return finding(
                KEY,
                TITLE,
                Severity::Warn,
                &error.chain(),
                "Backups that expire stay in the vault and cost room. Where another account cleans up, this is right.",
                error.advice().unwrap_or_default(),
            );
        }
    }
    match storage.head(&keys.small, None).await {
        Ok(None) => good(KEY, TITLE, "what is deleted is gone from sight"),
        Ok(Some(_)) => finding(
            KEY,
            TITLE,
            Severity::Warn,
            "reported as done, but the object is still there",
            "Backups that expire stay in the vault and cost room.",
            "Look for a retention rule on the bucket or directory.",
        ),
        Err(error) => failure(KEY, TITLE, &error),
    }
}
