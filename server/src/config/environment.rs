//! What the environment may set. Every variable is named here, so that a misspelt one is an error too.

use std::{collections::HashMap, fmt::Display, str::FromStr};

use secrecy::SecretString;

use super::{ConfigError, LogFormat, Network, file::File};

/// Secrets from the environment.
#[derive(Debug, Default)]
pub(super) struct Secrets {
    pub catalog_url: Option<SecretString>,
    pub queue_url: Option<SecretString>,
    pub access_key: Option<SecretString>,
    pub secret_key: Option<SecretString>,
    pub smtp_password: Option<SecretString>,
    /// By the family's key.
    pub verification: HashMap<&'static str, SecretString>,
}

/// Every variable and what it stands for.
pub const VARIABLES: &[(&str, &str)] = &[
    ("HOLDFAST_CONFIG", "path of the configuration file"),
    ("HOLDFAST_STATE_DIR", "state_dir"),
    ("HOLDFAST_CATALOG_URL", "[catalog] url (may hold a password)"),
    ("HOLDFAST_QUEUE_URL", "[queue] url (may hold a password)"),
    ("HOLDFAST_WEB_LISTEN", "[web] listen"),
    ("HOLDFAST_WEB_PUBLIC_URL", "[web] public_url"),
    ("HOLDFAST_WEB_TLS_CERTIFICATE", "[web] tls_certificate"),
    ("HOLDFAST_WEB_TLS_KEY", "[web] tls_key"),
    ("HOLDFAST_WEB_TRUSTED_PROXIES", "[web] trusted_proxies, separated by commas"),
    ("HOLDFAST_WEB_SITE_DIR", "[web] site_dir"),
    ("HOLDFAST_PASSWORDS_BREACHED", "[passwords] breached (a path)"),
    ("HOLDFAST_KEYS_ROOT", "[keys] root (a path)"),
    ("HOLDFAST_KEYS_KMS_KEY", "[keys] kms_key"),
    ("HOLDFAST_VAULT_PATH", "[vault] path"),
    ("HOLDFAST_VAULT_ACCESS_KEY", "access key of [vault.s3] (secret)"),
    ("HOLDFAST_VAULT_SECRET_KEY", "secret key of [vault.s3] (secret)"),
    (
        "HOLDFAST_VERIFICATION_MARIADB_PASSWORD",
        "password of the [[verification]] server for mariadb (secret)",
    ),
    ("HOLDFAST_VERIFICATION_MYSQL_PASSWORD", "password of the [[verification]] server for mysql (secret)"),
    ("HOLDFAST_SMTP_PASSWORD", "password of [smtp] (secret)"),
    ("HOLDFAST_WORKER_CONCURRENCY", "[worker] concurrency"),
    ("HOLDFAST_WORKER_LEASE_MS", "[worker] lease_ms"),
    ("HOLDFAST_WEBHOOKS_ALLOW_PRIVATE", "[webhooks] allow_private, separated by commas"),
    ("HOLDFAST_LOG_FORMAT", "[log] format"),
    ("HOLDFAST_LOG_FILTER", "[log] filter"),
];

/// Lays the environment over the file.
pub(super) fn apply(
    file: &mut File,
    environment: impl IntoIterator<Item = (String, String)>,
) -> Result<Secrets, ConfigError> {
    let mut secrets = Secrets::default();
    let ours = environment.into_iter().filter(|(name, _)| name.starts_with("HOLDFAST_"));
    for (name, value) in ours.filter(|(_, value)| !value.is_empty()) {
        let secret = || Some(SecretString::from(value.clone()));
        match name.as_str() {
            "HOLDFAST_CONFIG" => {}
            // Read by the engine; only tests of sudden death are built so.
            #[cfg(feature = "failpoints")]
            "HOLDFAST_FAILPOINT" => {}
            "HOLDFAST_STATE_DIR" => file.state_dir = Some(value.into()),
            "HOLDFAST_CATALOG_URL" => secrets.catalog_url = secret(),
            "HOLDFAST_QUEUE_URL" => secrets.queue_url = secret(),
            "HOLDFAST_WEB_LISTEN" => file.web.listen = Some(read(&name, &value)?),
            "HOLDFAST_WEB_PUBLIC_URL" => file.web.public_url = Some(value),
            "HOLDFAST_WEB_TLS_CERTIFICATE" => file.web.tls_certificate = Some(value.into()),
            "HOLDFAST_WEB_TLS_KEY" => file.web.tls_key = Some(value.into()),
            "HOLDFAST_WEB_TRUSTED_PROXIES" => file.web.trusted_proxies = networks(&name, &value)?,
            "HOLDFAST_WEB_SITE_DIR" => file.web.site_dir = Some(value.into()),
            "HOLDFAST_PASSWORDS_BREACHED" => file.passwords.breached = Some(value.into()),
            "HOLDFAST_KEYS_ROOT" => file.keys.root = Some(value.into()),
            "HOLDFAST_KEYS_KMS_KEY" => file.keys.kms_key = Some(value),
            "HOLDFAST_VAULT_PATH" => file.vault.path = Some(value.into()),
            "HOLDFAST_VAULT_ACCESS_KEY" => secrets.access_key = secret(),
            "HOLDFAST_VAULT_SECRET_KEY" => secrets.secret_key = secret(),
            "HOLDFAST_VERIFICATION_MARIADB_PASSWORD" => {
                secrets.verification.insert("mariadb", SecretString::from(value));
            }
            "HOLDFAST_VERIFICATION_MYSQL_PASSWORD" => {
                secrets.verification.insert("mysql", SecretString::from(value));
            }
            "HOLDFAST_SMTP_PASSWORD" => secrets.smtp_password = secret(),
            "HOLDFAST_WORKER_CONCURRENCY" => file.worker.concurrency = Some(read(&name, &value)?),
            "HOLDFAST_WORKER_LEASE_MS" => file.worker.lease_ms = Some(read(&name, &value)?),
            "HOLDFAST_WEBHOOKS_ALLOW_PRIVATE" => file.webhooks.allow_private = networks(&name, &value)?,
            "HOLDFAST_LOG_FORMAT" => {
                file.log.format = Some(match value.as_str() {
                    "text" => LogFormat::Text,
                    "json" => LogFormat::Json,
                    _ => return Err(unreadable(&name, &"it is `text` or `json`")),
                });
            }
            "HOLDFAST_LOG_FILTER" => file.log.filter = Some(value),
            _ => {
                return Err(ConfigError::new(
                    format!("environment, {name}"),
                    "there is no such setting",
                    "`holdfast config --variables` lists every variable.",
                ));
            }
        }
    }
    Ok(secrets)
}

fn unreadable(name: &str, error: &dyn Display) -> ConfigError {
    ConfigError::new(
        format!("environment, {name}"),
        format!("the value cannot be read: {error}"),
        "Correct or remove it.",
    )
}

fn read<T: FromStr<Err: Display>>(name: &str, value: &str) -> Result<T, ConfigError> {
    value.parse().map_err(|error| unreadable(name, &error))
}

fn networks(name: &str, value: &str) -> Result<Vec<Network>, ConfigError> {
    value.split(',').map(|network| read(name, network.trim())).collect()
}
