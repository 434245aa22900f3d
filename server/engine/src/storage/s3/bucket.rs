//! The client with its bucket, and what the store was seen to do.

use bytes::Bytes;
use tokio::sync::OnceCell;

use super::{
    super::{Capabilities, ObjectKey, cause},
    classify::failed,
    write::single_attempt,
};
use crate::{Error, Kind, Result};

/// Where probing objects go, inside the vault's prefix.
const PROBES: &str = "holdfast-probe/";

/// A bucket under a prefix.
pub(super) struct Bucket {
    pub(super) client: aws_sdk_s3::Client,
    pub(super) name: String,
    /// Empty, or with a slash at its end.
    pub(super) prefix: String,
    pub(super) place: String,
    pub(super) checksums: bool,
    pub(super) seen: OnceCell<Capabilities>,
}

impl Bucket {
    /// The name that the store knows the object by.
    pub(super) fn full(&self, key: &ObjectKey) -> String {
        format!("{}{key}", self.prefix)
    }
    /// The key of a name in the store, if it is one of ours.
    pub(super) fn key(&self, full: &str) -> Option<ObjectKey> {
        ObjectKey::new(full.strip_prefix(&self.prefix)?).ok()
    }
    pub(super) fn attempt(&self, verb: &str, key: &ObjectKey) -> String {
        cause::attempt(verb, key, &self.place)
    }
    /// What the store does; tried the first time, remembered for this process.
    pub(super) async fn seen(&self) -> Result<Capabilities> {
        self.seen.get_or_try_init(|| self.try_out()).await.copied()
    }

    /// Writes the same key twice, each time only if there is nothing: the second must be refused.
    async fn try_out(&self) -> Result<Capabilities> {
        let attempt = || format!("find out what {} does", self.place);
        let mut random = [0u8; 8];
        getrandom::fill(&mut random).map_err(|error| {
            Error::new(Kind::Storage, attempt(), "the operating system gives no random bytes")
                .caused_by(error)
        })?;
        let full = format!("{}{PROBES}{}", self.prefix, hex::encode(random));
        let conditional = || {
            self.client
                .put_object()
                .bucket(&self.name)
                .key(&full)
                .if_none_match("*")
                .body(Bytes::from_static(b"holdfast").into())
        };
        let first = match conditional().send().await {
            Ok(written) => Ok(written),
            Err(error) => {
                let failure = failed(attempt(), error);
                // Ours from a first try whose answer was lost, or a store that knows no conditions.
                if failure.status == Some(412) {
                    return Ok(self
                        .tidy(&full, Capabilities { create_new_is_atomic: true, versioned: false })
                        .await);
                }
                if !failure.not_implemented() {
                    return Err(failure.error);
                }
                self.client
                    .put_object()
                    .bucket(&self.name)
                    .key(&full)
                    .body(Bytes::from_static(b"holdfast").into())
                    .send()
                    .await
                    .map_err(|error| failed(attempt(), error).error)
            }
        }?;
        let versioned = first.version_id().is_some_and(|version| version != "null");
        let create_new_is_atomic =
            match conditional().customize().config_override(single_attempt()).send().await {
                Ok(_) => false,
                Err(error) => {
                    let failure = failed(attempt(), error);
                    match failure.status {
                        Some(409 | 412) => true,
                        _ if failure.not_implemented() => false,
                        _ => return Err(failure.error),
                    }
                }
            };
        Ok(self.tidy(&full, Capabilities { create_new_is_atomic, versioned }).await)
    }

    /// Removes the probing object. An account that may not delete is no failure: it is even the safer one.
    async fn tidy(&self, full: &str, seen: Capabilities) -> Capabilities {
        if let Err(error) = self.client.delete_object().bucket(&self.name).key(full).send().await {
            let failure = failed(format!("remove the probing object {full} from {}", self.place), error);
            tracing::warn!(error = %failure.error.chain(), "a probing object of a few bytes remains");
        }
        seen
    }
}
