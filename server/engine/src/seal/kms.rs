//! A root key that never leaves AWS KMS.
//!
//! Owners' keys are encrypted by KMS with an encryption context that names application, owner, purpose and
//! version, so that CloudTrail shows whose key was opened and a record cannot be presented as another.

use async_trait::async_trait;
use aws_sdk_kms::{Client, error::SdkError, primitives::Blob};
use zeroize::Zeroizing;

use super::{root::RootKey, secret::Secret};
use crate::{Error, Kind, Result};

/// A key of AWS KMS.
pub struct KmsRoot {
    client: Client,
    arn: String,
}

impl KmsRoot {
    /// Opens a key with the credentials that the machine offers; `endpoint` is for a KMS that is not AWS.
    pub async fn connect(key_id: &str, endpoint: Option<&str>, region: Option<&str>) -> Result<Self> {
        let mut loader = aws_config::defaults(aws_config::BehaviorVersion::latest());
        if let Some(region) = region {
            loader = loader.region(aws_config::Region::new(region.to_owned()));
        }
        if let Some(endpoint) = endpoint {
            loader = loader.endpoint_url(endpoint);
        }
        Self::open(&loader.load().await, key_id).await
    }
    /// Looks the key up and refuses one that is not enabled: KMS look-alikes decrypt with disabled keys.
    pub async fn open(config: &aws_config::SdkConfig, key_id: &str) -> Result<Self> {
        let client = Client::new(config);
        let attempt = || format!("open the KMS key {key_id}");
        let reply =
            client.describe_key().key_id(key_id).send().await.map_err(|error| failed(attempt(), error))?;
        let metadata =
            reply.key_metadata.ok_or_else(|| Error::new(Kind::Key, attempt(), "KMS described no key"))?;
        if !metadata.enabled {
            return Err(Error::new(Kind::Key, attempt(), "the key is disabled or scheduled for deletion")
                .hint("Enable the key in KMS, or configure another one."));
        }
        let arn = metadata.arn.unwrap_or_else(|| key_id.to_owned());
        Ok(Self { client, arn })
    }
}

fn failed<E, R>(attempt: String, error: SdkError<E, R>) -> Error
where
    E: std::error::Error + Send + Sync + 'static,
    R: std::fmt::Debug + Send + Sync + 'static,
{
    let passes = matches!(
        error,
        SdkError::TimeoutError(_) | SdkError::DispatchFailure(_) | SdkError::ResponseError(_)
    );
    let message = aws_sdk_kms::error::DisplayErrorContext(&error).to_string();
    let failure = Error::new(Kind::Key, attempt, "KMS refused or did not answer").caused_by(message);
    if passes {
        failure.later().hint("Check that the KMS endpoint can be reached.")
    } else {
        failure.hint("The credentials need kms:Encrypt, kms:Decrypt and kms:DescribeKey on this key.")
    }
}

#[async_trait]
impl RootKey for KmsRoot {
    fn id(&self) -> &str {
        &self.arn
    }
    async fn wrap(&self, context: &[(&str, &str)], key: &Secret) -> Result<Vec<u8>> {
        let mut request = self.client.encrypt().key_id(&self.arn).plaintext(Blob::new(key.expose()));
        for (name, value) in context {
            request = request.encryption_context(*name, *value);
        }
        let reply = request.send().await.map_err(|error| failed("wrap a key with KMS".into(), error))?;
        let blob = reply.ciphertext_blob.ok_or_else(|| {
            Error::new(Kind::Key, "wrap a key with KMS", "the reply held no ciphertext").later()
        })?;
        Ok(blob.into_inner())
    }
    async fn unwrap(&self, context: &[(&str, &str)], wrapped: &[u8]) -> Result<Secret> {
        let mut request = self.client.decrypt().key_id(&self.arn).ciphertext_blob(Blob::new(wrapped));
        for (name, value) in context {
            request = request.encryption_context(*name, *value);
        }
        let reply = request.send().await.map_err(|error| failed("unwrap a key with KMS".into(), error))?;
        let plain =
            reply.plaintext.map(Blob::into_inner).map(Zeroizing::new).ok_or_else(|| {
                Error::new(Kind::Key, "unwrap a key with KMS", "the reply held no key").later()
            })?;
        Secret::from_slice(&plain)
    }
}
