//! From the file as it is written to the [`Config`] that the program uses: what belongs together is checked, secrets
//! are read, and what was left out gets its default.

use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
};

use catalog::SessionLimits;
use engine::{
    format::Codec,
    source::mysql::clients::ClientPaths,
    storage::{S3Config, VaultConfig},
};
use secrecy::{ExposeSecret, SecretString};

use super::{
    Config, ConfigError, Log, LogFormat, Physical, RootKeyConfig, Smtp, SmtpTls, VerificationServer, Web,
    Worker, endpoint,
    environment::Secrets,
    file::{Database, File, Keys, SessionsSection, SmtpSection, VaultSection, WebSection, WorkerSection},
    secret,
};

/// How long a run belongs to a silent worker, at least: shorter leases are lost to a busy disk.
const SHORTEST_LEASE_MS: i64 = 10_000;

/// Nobody stays signed in for longer than a month.
const LONGEST_SESSION_MS: i64 = 720 * 3_600_000;

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
            sessions: self.sessions.build(&shown)?,
            breached_passwords: self.passwords.breached,
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
            physical: Physical {
                scratch: self.physical.scratch.unwrap_or_else(|| "/var/tmp".into()),
                programs: self.physical.programs,
            },
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

impl SessionsSection {
    fn build(&self, shown: &str) -> Result<SessionLimits, ConfigError> {
        let usual = SessionLimits::default();
        let limits = SessionLimits {
            idle_ms: self.idle_minutes.map_or(usual.idle_ms, |minutes| i64::from(minutes) * 60_000),
            absolute_ms: self.absolute_hours.map_or(usual.absolute_ms, |hours| i64::from(hours) * 3_600_000),
        };
        if limits.idle_ms == 0
            || limits.idle_ms > limits.absolute_ms
            || limits.absolute_ms > LONGEST_SESSION_MS
        {
            return Err(ConfigError::new(
                format!("{shown}, [sessions]"),
                "idle_minutes is at least 1 and no more than absolute_hours, which is 720 at most",
                "Leave them out to use 30 minutes and 12 hours.",
            ));
        }
        Ok(limits)
    }
}

impl WorkerSection {
    fn build(self, shown: &str) -> Result<Worker, ConfigError> {
        let worker = Worker {
            concurrency: self.concurrency.unwrap_or(2),
            lease_ms: self.lease_ms.unwrap_or(60_000),
            compression: self.compression.unwrap_or(Codec::Zstd),
        };
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
