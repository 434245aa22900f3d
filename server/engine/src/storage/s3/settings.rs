//! What is configured about a bucket, and the client made of it.

use std::{fmt, time::Duration};

use aws_config::{BehaviorVersion, Region};
use aws_sdk_s3::config::{
    Credentials, ProvideCredentials, RequestChecksumCalculation, ResponseChecksumValidation,
    retry::RetryConfig, timeout::TimeoutConfig,
};
use secrecy::{ExposeSecret, SecretString};
use tokio::sync::OnceCell;

use super::{super::ObjectKey, bucket::Bucket};
use crate::{Error, Kind, Result};

/// How often one request is sent at most.
pub(super) const ATTEMPTS: u32 = 5;
const CONNECT: Duration = Duration::from_secs(5);
/// Silence of the store after a request, and within an answer.
const SILENCE: Duration = Duration::from_mins(1);
/// One attempt: a part of 64 MiB at 2 Mbit/s.
const ONE_ATTEMPT: Duration = Duration::from_mins(5);

/// Where a bucket is and who we are there.
#[derive(Clone, Default)]
pub struct S3Config {
    /// Address of a store that is not AWS, `https://host[:port]`. None is AWS itself.
    pub endpoint: Option<String>,
    /// Region. Stores that have none accept any; none given is `us-east-1` there, and the ambient one on AWS.
    pub region: Option<String>,
    /// The bucket. It must exist.
    pub bucket: String,
    /// Prefix of all keys, without slashes at the ends; empty for the whole bucket.
    pub prefix: String,
    /// Access key; none takes what the machine offers (environment, profile, instance role).
    pub access_key: Option<String>,
    /// The secret that belongs to it.
    pub secret_key: Option<SecretString>,
    /// Whether SHA-256 checksums go with each write for the store to compare. None: yes on AWS, no elsewhere,
    /// because some other stores refuse requests that carry them; everything is read back either way.
    pub checksums: Option<bool>,
}

impl fmt::Debug for S3Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("S3Config")
            .field("endpoint", &self.endpoint)
            .field("region", &self.region)
            .field("bucket", &self.bucket)
            .field("prefix", &self.prefix)
            .field("access_key", &self.access_key)
            .finish_non_exhaustive()
    }
}

/// Makes the client.
pub(super) async fn connect(config: &S3Config) -> Result<Bucket> {
    let prefix = check(config)?;
    let place = match &config.endpoint {
        Some(endpoint) => format!("bucket {}/{prefix} at {endpoint}", config.bucket),
        None => format!("bucket {}/{prefix} at AWS", config.bucket),
    };
    let timeouts = TimeoutConfig::builder()
        .connect_timeout(CONNECT)
        .read_timeout(SILENCE)
        .operation_attempt_timeout(ONE_ATTEMPT)
        .build();
    let mut client = if let (Some(access), Some(secret)) = (&config.access_key, &config.secret_key) {
        aws_sdk_s3::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .credentials_provider(Credentials::new(access, secret.expose_secret(), None, None, "holdfast"))
            .region(Region::new(config.region.clone().unwrap_or_else(|| "us-east-1".into())))
    } else {
        let mut ambient = aws_config::defaults(BehaviorVersion::latest());
        if let Some(region) = &config.region {
            ambient = ambient.region(Region::new(region.clone()));
        }
        let ambient = ambient.load().await;
        offered(&ambient, &place).await?;
        aws_sdk_s3::config::Builder::from(&ambient)
    }
    .retry_config(RetryConfig::standard().with_max_attempts(ATTEMPTS))
    .timeout_config(timeouts);
    if let Some(endpoint) = &config.endpoint {
        client = client
            .endpoint_url(endpoint)
            .force_path_style(true)
            // The SDK's default trailers are refused or mangled by many stores that are not AWS.
            .request_checksum_calculation(RequestChecksumCalculation::WhenRequired)
            .response_checksum_validation(ResponseChecksumValidation::WhenRequired);
    }
    Ok(Bucket {
        client: aws_sdk_s3::Client::from_conf(client.build()),
        name: config.bucket.clone(),
        prefix: if prefix.is_empty() { prefix } else { format!("{prefix}/") },
        place,
        checksums: config.checksums.unwrap_or(config.endpoint.is_none()),
        seen: OnceCell::new(),
    })
}

/// Makes sure that the machine offers credentials and a region: a request without them fails in words that point
/// elsewhere.
async fn offered(ambient: &aws_config::SdkConfig, place: &str) -> Result<()> {
    let wrong = |message: &str, hint: &str| {
        Error::new(Kind::Input, format!("open the vault in {place}"), message.to_owned()).hint(hint)
    };
    if ambient.region().is_none() {
        return Err(wrong("no region is known", "Set `region` of this vault, or AWS_REGION."));
    }
    let missing = || {
        wrong(
            "no credentials are configured, and the machine offers none",
            "Set the access key and its secret, or give the machine a role (instance profile, AWS_PROFILE).",
        )
    };
    let provider = ambient.credentials_provider().ok_or_else(missing)?;
    provider.provide_credentials().await.map(|_| ()).map_err(|error| missing().caused_by(error))
}

/// Refuses what cannot work before anything is sent, and gives the prefix without slashes at its ends.
fn check(config: &S3Config) -> Result<String> {
    let wrong = |message: &str, hint: &str| {
        Err(Error::new(Kind::Input, format!("open the vault in bucket {:?}", config.bucket), message)
            .hint(hint))
    };
    let allowed = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_');
    if config.bucket.is_empty() || !config.bucket.bytes().all(allowed) {
        return wrong(
            "that is not the name of a bucket",
            "Set `bucket` to the bucket's name alone, no URL, no path.",
        );
    }
    if config.access_key.is_some() != config.secret_key.is_some() {
        return wrong(
            "the access key and its secret must be given together",
            "Give both, or neither to use what the machine offers (environment, profile, instance role).",
        );
    }
    if let Some(endpoint) = &config.endpoint
        && !(endpoint.starts_with("https://") || endpoint.starts_with("http://"))
    {
        return wrong("the endpoint is no URL", "Write it as https://host or https://host:port.");
    }
    let prefix = config.prefix.trim_matches('/').to_owned();
    if !prefix.is_empty() && ObjectKey::new(prefix.clone()).is_err() {
        return wrong(
            "the prefix cannot be part of a key",
            "Use letters, digits, `.`, `_`, `-`, with `/` between.",
        );
    }
    Ok(prefix)
}
