//! The TOML file as it is written.

use std::{net::SocketAddr, path::PathBuf};

use domain::sources::{ServerFamily, TlsMode};
use engine::format::Codec;
use serde::Deserialize;

use super::{ConfigError, LogFormat, Network, SmtpTls};

macro_rules! section {
    ($(#[$doc:meta])* $name:ident { $($(#[$field_doc:meta])* $field:ident: $type:ty),* $(,)? }) => {
        $(#[$doc])*
        #[derive(Debug, Default, Deserialize)]
        #[serde(deny_unknown_fields, default)]
        pub(super) struct $name { $($(#[$field_doc])* pub $field: $type),* }
    };
}

section!(
    /// The whole file.
    File {
        #[serde(skip)] shown: String,
        state_dir: Option<PathBuf>,
        catalog: Database,
        queue: Database,
        web: WebSection,
        sessions: SessionsSection,
        passwords: PasswordsSection,
        keys: Keys,
        vault: VaultSection,
        verification: Vec<Verification>,
        clients: Clients,
        smtp: Option<SmtpSection>,
        worker: WorkerSection,
        physical: PhysicalSection,
        webhooks: Webhooks,
        log: LogSection,
    }
);
section!(Database { url: Option<String>, url_file: Option<PathBuf> });
section!(WebSection {
    listen: Option<SocketAddr>,
    public_url: Option<String>,
    tls_certificate: Option<PathBuf>,
    tls_key: Option<PathBuf>,
    trusted_proxies: Vec<Network>,
    site_dir: Option<PathBuf>,
});
section!(SessionsSection { idle_minutes: Option<u32>, absolute_hours: Option<u32> });
section!(PasswordsSection { breached: Option<PathBuf> });
section!(Keys {
    root: Option<PathBuf>,
    kms_key: Option<String>,
    kms_endpoint: Option<String>,
    kms_region: Option<String>,
});
section!(VaultSection { path: Option<PathBuf>, s3: Option<S3Section> });
section!(S3Section {
    endpoint: Option<String>,
    region: Option<String>,
    bucket: String,
    prefix: String,
    access_key_file: Option<PathBuf>,
    secret_key_file: Option<PathBuf>,
    checksums: Option<bool>,
});
section!(Clients {
    mariadb_dump: Option<PathBuf>,
    mariadb: Option<PathBuf>,
    mysqldump: Option<PathBuf>,
    mysql: Option<PathBuf>,
    libraries: Vec<PathBuf>,
});
section!(WorkerSection { concurrency: Option<usize>, lease_ms: Option<i64>, compression: Option<Codec> });
section!(PhysicalSection { scratch: Option<PathBuf>, programs: Option<PathBuf> });
section!(Webhooks { allow_private: Vec<Network> });
section!(LogSection { format: Option<LogFormat>, filter: Option<String> });

/// A server on which backups are proven.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Verification {
    pub family: ServerFamily,
    pub host: String,
    pub port: u16,
    #[serde(default)]
    pub socket: Option<PathBuf>,
    pub user: String,
    #[serde(default)]
    pub password_file: Option<PathBuf>,
    #[serde(default)]
    pub tls: Option<TlsMode>,
    #[serde(default)]
    pub ca: Option<PathBuf>,
}

/// How mail is sent.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SmtpSection {
    pub host: String,
    pub port: Option<u16>,
    pub tls: Option<SmtpTls>,
    pub user: Option<String>,
    pub password_file: Option<PathBuf>,
    pub from: String,
}

/// Reads the text. The line itself is not repeated: somebody may have put a secret there.
pub(super) fn parse(text: &str, shown: &str) -> Result<File, ConfigError> {
    let mut file: File = toml::from_str(text).map_err(|error: toml::de::Error| {
        let place = error.span().map_or_else(
            || shown.to_owned(),
            |span| {
                format!("{shown}, line {}", text.get(..span.start).unwrap_or(text).matches('\n').count() + 1)
            },
        );
        let is_secret = error.message().starts_with("unknown field `password`")
            || error.message().starts_with("unknown field `secret_key`");
        let hint = if is_secret {
            "Secrets are not written into this file: name a file that holds it (…_file), or set the variable."
        } else {
            "`holdfast config` prints every setting with its explanation."
        };
        ConfigError::new(place, error.message(), hint)
    })?;
    shown.clone_into(&mut file.shown);
    Ok(file)
}
