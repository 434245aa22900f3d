//! The TOML file as it is written, and how it becomes a [`Config`].

use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
};

use domain::sources::{ServerFamily, TlsMode};
use engine::{
    source::mysql::clients::ClientPaths,
    storage::{S3Config, VaultConfig},
};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;

use super::{
    Config, ConfigError, Log, LogFormat, Network, RootKeyConfig, Smtp, SmtpTls, VerificationServer, Web,
    Worker, endpoint, environment::Secrets, secret,
};

/// How long a run belongs to a silent worker, at least: shorter leases are lost to a busy disk.
const SHORTEST_LEASE_MS: i64 = 10_000;

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
        keys: Keys,
        vault: VaultSection,
        verification: Vec<Verification>,
        clients: Clients,
        smtp: Option<SmtpSection>,
        worker: WorkerSection,
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
section!(WorkerSection { concurrency: Option<usize>, lease_ms: Option<i64> });
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

impl File {
    /// Checks what belongs together, reads the secrets and fills in what was left out.
    pub(super) fn build(self, secrets: Secrets) -> Result<Config, ConfigError> {
        let shown = self.shown;
        let state_dir = self.state_dir.unwrap_or_else(|| "/var/lib/holdfast".into());
        let catalog_url = self.catalog.address(&format!("{shown}, [catalog]"), secrets.catalog_url)?;
        let catalog_url = catalog_url.unwrap_or_else(|| sqlite(&state_dir.join("catalog.db")));
        let queue_url = match self.queue.address(&format!("{shown}, [queue]"), secrets.queue_url)? {
            Some(url) => url,
            None => queue_beside(&catalog_url),
        };
        Ok(Config {
            web: self.web.build(&shown)?,
            root_key: self.keys.build(&shown, &state_dir)?,
            vault: self.vault.build(&shown, &state_dir, secrets.access_key, secrets.secret_key)?,
            verification: self
                .verification
                .iter()
                .map(|server| {
                    let place = format!("{shown}, [[verification]] for {}", server.family);
                    let variable = secrets.verification.get(server.family.key()).cloned();
                    let password = secret::either(&place, variable, server.password_file.as_deref())?;
                    let endpoint = endpoint(&place, server, password.unwrap_or_default())?;
                    Ok(VerificationServer { family: server.family, endpoint })
                })
                .collect::<Result<_, ConfigError>>()?,
            clients: ClientPaths {
                mariadb_dump: self.clients.mariadb_dump,
                mariadb: self.clients.mariadb,
                mysqldump: self.clients.mysqldump,
                mysql: self.clients.mysql,
                libraries: self.clients.libraries,
            },
            smtp: self.smtp.map(|smtp| smtp.build(&shown, secrets.smtp_password)).transpose()?,
            worker: self.worker.build(&shown)?,
            private_webhooks: self.webhooks.allow_private,
            log: Log {
                format: self.log.format.unwrap_or(LogFormat::Text),
                filter: self.log.filter.unwrap_or_else(|| "info".into()),
            },
            state_dir,
            catalog_url,
            queue_url,
        })
    }
}

fn sqlite(path: &Path) -> SecretString {
    SecretString::from(format!("sqlite://{}", path.display()))
}

/// The queue's default: a file beside the catalog's, or the same Postgres, where it has its own schema.
fn queue_beside(catalog: &SecretString) -> SecretString {
    match catalog.expose_secret().strip_prefix("sqlite:") {
        Some(path) => {
            let path = path.trim_start_matches("//").split('?').next().unwrap_or_default();
            sqlite(&Path::new(path).with_file_name("queue.db"))
        }
        None => catalog.clone(),
    }
}

impl Database {
    fn address(
        self,
        place: &str,
        variable: Option<SecretString>,
    ) -> Result<Option<SecretString>, ConfigError> {
        let from_file = secret::either(place, variable, self.url_file.as_deref())?;
        Ok(from_file.or_else(|| self.url.map(SecretString::from)))
    }
}

impl WebSection {
    fn build(self, shown: &str) -> Result<Web, ConfigError> {
        let tls = match (self.tls_certificate, self.tls_key) {
            (Some(certificate), Some(key)) => Some((certificate, key)),
            (None, None) => None,
            _ => {
                let problem = "tls_certificate and tls_key must be given together";
                return Err(ConfigError::new(format!("{shown}, [web]"), problem, "Give both, or neither."));
            }
        };
        let listen = self.listen.unwrap_or_else(|| SocketAddr::from(([127, 0, 0, 1], 3000)));
        let scheme = if tls.is_some() { "https" } else { "http" };
        let public_url = self.public_url.unwrap_or_else(|| format!("{scheme}://localhost:{}", listen.port()));
        Ok(Web {
            listen,
            public_url: public_url.trim_end_matches('/').to_owned(),
            tls,
            trusted_proxies: self.trusted_proxies,
            site_dir: self.site_dir.unwrap_or_else(site_beside_program),
        })
    }
}

/// `site` beside the program (as it is installed), else `target/site` (as it is built).
fn site_beside_program() -> PathBuf {
    let program = std::env::current_exe().unwrap_or_default();
    let beside = |steps: usize, name: &str| {
        program.ancestors().nth(steps).map(|folder| folder.join(name)).filter(|path| path.is_dir())
    };
    beside(1, "site").or_else(|| beside(2, "site")).unwrap_or_else(|| "target/site".into())
}

impl Keys {
    fn build(self, shown: &str, state_dir: &Path) -> Result<RootKeyConfig, ConfigError> {
        match (self.root, self.kms_key) {
            (Some(_), Some(_)) => Err(ConfigError::new(
                format!("{shown}, [keys]"),
                "root and kms_key exclude each other",
                "Keep the one that this installation was made with.",
            )),
            (None, Some(key)) => {
                Ok(RootKeyConfig::Kms { key, endpoint: self.kms_endpoint, region: self.kms_region })
            }
            (root, None) => Ok(RootKeyConfig::File(root.unwrap_or_else(|| state_dir.join("root.key")))),
        }
    }
}

impl VaultSection {
    fn build(
        self,
        shown: &str,
        state_dir: &Path,
        access_key: Option<SecretString>,
        secret_key: Option<SecretString>,
    ) -> Result<VaultConfig, ConfigError> {
        let place = format!("{shown}, [vault]");
        match (self.path, self.s3) {
            (Some(_), Some(_)) => Err(ConfigError::new(
                place,
                "path and [vault.s3] exclude each other",
                "Keep the one in which the backups lie.",
            )),
            (path, None) => Ok(VaultConfig::Local { path: path.unwrap_or_else(|| state_dir.join("vault")) }),
            (None, Some(bucket)) => {
                let access = secret::either(&place, access_key, bucket.access_key_file.as_deref())?;
                Ok(VaultConfig::S3(S3Config {
                    endpoint: bucket.endpoint,
                    region: bucket.region,
                    bucket: bucket.bucket,
                    prefix: bucket.prefix,
                    access_key: access.map(|key| key.expose_secret().to_owned()),
                    secret_key: secret::either(&place, secret_key, bucket.secret_key_file.as_deref())?,
                    checksums: bucket.checksums,
                }))
            }
        }
    }
}

impl SmtpSection {
    fn build(self, shown: &str, variable: Option<SecretString>) -> Result<Smtp, ConfigError> {
        let place = format!("{shown}, [smtp]");
        let tls = self.tls.unwrap_or(SmtpTls::Starttls);
        let usual = match tls {
            SmtpTls::Implicit => 465,
            SmtpTls::Starttls => 587,
            SmtpTls::Off => 25,
        };
        let password = secret::either(&place, variable, self.password_file.as_deref())?;
        if self.user.is_some() != password.is_some() {
            return Err(ConfigError::new(
                place,
                "user and password must be given together",
                "Give `user` and `password_file` (or HOLDFAST_SMTP_PASSWORD), or neither.",
            ));
        }
        let port = self.port.unwrap_or(usual);
        Ok(Smtp { host: self.host, port, tls, user: self.user, password, from: self.from })
    }
}

impl WorkerSection {
    fn build(self, shown: &str) -> Result<Worker, ConfigError> {
        let worker =
            Worker { concurrency: self.concurrency.unwrap_or(2), lease_ms: self.lease_ms.unwrap_or(60_000) };
        if worker.concurrency == 0 || worker.lease_ms < SHORTEST_LEASE_MS {
            return Err(ConfigError::new(
                format!("{shown}, [worker]"),
                format!("concurrency is at least 1 and lease_ms at least {SHORTEST_LEASE_MS}"),
                "Leave them out to use 2 and 60000.",
            ));
        }
        Ok(worker)
    }
}
