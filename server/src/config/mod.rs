//! What this installation is told: one commented TOML file, overridden by the environment.
//!
//! This is the only module that reads the environment. Secrets come from files or from the environment, never
//! from the TOML text itself: the file may then be readable, copied into a ticket, kept in version control. A key
//! that is not known is an error, because a misspelt setting that is silently ignored is found on the worst day.

mod build;
mod environment;
mod file;
mod secret;

use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
};

use catalog::SessionLimits;
use domain::sources::{AccountName, HostName, ServerFamily, TlsMode};
use engine::{
    format::Codec,
    source::mysql::{clients::ClientPaths, connect::Endpoint},
    storage::VaultConfig,
};
use secrecy::SecretString;
use thiserror::Error;

pub use environment::VARIABLES;

/// The configuration file with every setting, its default and what it is for.
pub const EXAMPLE: &str = include_str!("../../holdfast.example.toml");

/// Where the configuration file is looked for if nobody says.
pub const DEFAULT_FILE: &str = "/etc/holdfast/holdfast.toml";

/// Everything that can be set.
#[derive(Debug, Clone)]
pub struct Config {
    /// Directory of everything that Holdfast itself keeps: catalog, queue, keys, unless they are elsewhere.
    pub state_dir: PathBuf,
    /// `sqlite://…` or `postgres://…`; may hold a password.
    pub catalog_url: SecretString,
    /// The same for the queue.
    pub queue_url: SecretString,
    /// The web server.
    pub web: Web,
    /// How long people stay signed in.
    pub sessions: SessionLimits,
    /// A list of breached passwords in the format of Have I Been Pwned, if there is one on this machine.
    pub breached_passwords: Option<PathBuf>,
    /// The root of all keys.
    pub root_key: RootKeyConfig,
    /// Where backups are kept.
    pub vault: VaultConfig,
    /// Servers on which backups are restored to prove them.
    pub verification: Vec<VerificationServer>,
    /// Client programs.
    pub clients: ClientPaths,
    /// How mail is sent; none if it is not.
    pub smtp: Option<Smtp>,
    /// Work in the background.
    pub worker: Worker,
    /// Copies of whole servers.
    pub physical: Physical,
    /// Networks that are not public and that webhooks may go to all the same.
    pub private_webhooks: Vec<Network>,
    /// The log.
    pub log: Log,
}

/// The web server.
#[derive(Debug, Clone)]
pub struct Web {
    /// Address and port.
    pub listen: SocketAddr,
    /// How people reach it, e.g. `https://holdfast.example.org`, for links in notices.
    pub public_url: String,
    /// Certificate chain and private key, in PEM; none serves plain HTTP.
    pub tls: Option<(PathBuf, PathBuf)>,
    /// Proxies whose `X-Forwarded-For` and `X-Forwarded-Proto` are believed.
    pub trusted_proxies: Vec<Network>,
    /// Directory of the browser's files.
    pub site_dir: PathBuf,
}

/// The root of all keys.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RootKeyConfig {
    /// A file of 32 bytes that only its owner can read.
    File(PathBuf),
    /// A key of AWS KMS.
    Kms {
        /// Id, alias or ARN.
        key: String,
        /// Address of a KMS that is not AWS.
        endpoint: Option<String>,
        /// Region.
        region: Option<String>,
    },
}

/// A server on which backups are restored to prove them.
#[derive(Debug, Clone)]
pub struct VerificationServer {
    /// Which backups it proves.
    pub family: ServerFamily,
    /// The server and an account that may create databases and accounts there.
    pub endpoint: Endpoint,
}

/// How mail is sent.
#[derive(Debug, Clone)]
pub struct Smtp {
    /// Host.
    pub host: String,
    /// TCP port.
    pub port: u16,
    /// Protection of the connection.
    pub tls: SmtpTls,
    /// Account, if the server wants one.
    pub user: Option<String>,
    /// Its password.
    pub password: Option<SecretString>,
    /// Address that notices come from.
    pub from: String,
}

/// Protection of the connection to a mail server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SmtpTls {
    /// Encrypted from the first byte (port 465).
    Implicit,
    /// Encrypted after `STARTTLS`, which must succeed (port 587).
    Starttls,
    /// In clear. For a server on the same machine.
    Off,
}

/// Work in the background.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Worker {
    /// Runs at once.
    pub concurrency: usize,
    /// How long a run belongs to a worker that says nothing, in milliseconds.
    pub lease_ms: i64,
    /// How new backups are compressed.
    pub compression: Codec,
}

/// Copies of whole servers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Physical {
    /// Where a copy is unpacked to prove it, in clear, and where the copying program keeps its notes.
    pub scratch: PathBuf,
    /// Folder with the copying programs, if they are not in the usual places.
    pub programs: Option<PathBuf>,
}

/// The log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Log {
    /// `text` or `json`.
    pub format: LogFormat,
    /// What is logged, e.g. `info` or `info,sqlx=debug`.
    pub filter: String,
}

/// How the log looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LogFormat {
    /// For people.
    Text,
    /// One JSON object per line.
    Json,
}

/// Why the configuration cannot be used.
#[derive(Debug, Error)]
#[error("{place}: {problem}\n  What to do: {hint}")]
pub struct ConfigError {
    /// File and line, or variable.
    pub place: String,
    /// What is wrong.
    pub problem: String,
    /// What to do about it.
    pub hint: String,
}

impl ConfigError {
    fn new(place: impl Into<String>, problem: impl Into<String>, hint: impl Into<String>) -> Self {
        Self { place: place.into(), problem: problem.into(), hint: hint.into() }
    }
}

mod network;
pub use network::Network;

impl Config {
    /// Reads the file, if there is one, and the environment. Without a file every setting has its default.
    pub fn load(path: Option<&Path>) -> Result<Self, ConfigError> {
        let text = match path {
            Some(path) => read(path)?,
            None if Path::new(DEFAULT_FILE).exists() => read(Path::new(DEFAULT_FILE))?,
            None => String::new(),
        };
        let shown = path.unwrap_or(Path::new(DEFAULT_FILE)).display().to_string();
        Self::from_parts(&text, &shown, std::env::vars())
    }

    /// The same from text and variables.
    pub fn from_parts(
        text: &str,
        shown: &str,
        environment: impl IntoIterator<Item = (String, String)>,
    ) -> Result<Self, ConfigError> {
        let mut file = file::parse(text, shown)?;
        let secrets = environment::apply(&mut file, environment)?;
        file.build(secrets)
    }

    /// The verification server for a family, if one is configured.
    pub fn verification(&self, family: ServerFamily) -> Option<&Endpoint> {
        self.verification.iter().find(|server| server.family == family).map(|server| &server.endpoint)
    }
}

fn read(path: &Path) -> Result<String, ConfigError> {
    std::fs::read_to_string(path).map_err(|error| {
        ConfigError::new(
            path.display().to_string(),
            format!("the configuration file cannot be read: {error}"),
            "Give its path by --config or HOLDFAST_CONFIG; `holdfast config` prints one to begin with.",
        )
    })
}

fn endpoint(
    place: &str,
    server: &file::Verification,
    password: SecretString,
) -> Result<Endpoint, ConfigError> {
    let wrong = |field: &str, error: &dyn std::fmt::Display| {
        ConfigError::new(place, format!("{field}: {error}"), "Correct it in the configuration file.")
    };
    Ok(Endpoint {
        host: HostName::new(&server.host).map_err(|error| wrong("host", &error))?,
        port: server.port,
        socket: server.socket.clone(),
        user: AccountName::new(&server.user).map_err(|error| wrong("user", &error))?,
        password,
        tls: server.tls.unwrap_or(TlsMode::Verify),
        ca: server.ca.clone(),
    })
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use secrecy::ExposeSecret;

    use super::*;

    fn load(text: &str, variables: &[(&str, &str)]) -> Result<Config, ConfigError> {
        let variables = variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        Config::from_parts(text, "holdfast.toml", variables)
    }

    /// The example with every setting given, except those that exclude each other or name files of secrets.
    fn everything_given() -> String {
        let excluded = [
            "#path",
            "#root",
            "#url_file",
            "#access_key_file",
            "#secret_key_file",
            "#password_file",
            "#user = \"holdfast\"\n#from",
        ];
        EXAMPLE
            .lines()
            .filter(|line| !excluded.iter().any(|key| line.starts_with(key)))
            .map(|line| match line.strip_prefix('#') {
                Some(setting) if !setting.starts_with(' ') => setting,
                _ => line,
            })
            .collect::<Vec<_>>()
            .join("\n")
    }

    #[test]
    fn the_example_loads_as_it_is_and_with_everything_given() {
        let plain = load(EXAMPLE, &[]).unwrap();
        assert_eq!(plain.root_key, RootKeyConfig::File("/var/lib/holdfast/root.key".into()));
        assert_eq!(plain.sessions, SessionLimits::default());
        assert_eq!(plain.queue_url.expose_secret(), "sqlite:///var/lib/holdfast/queue.db");
        let full = load(&everything_given(), &[("HOLDFAST_SMTP_PASSWORD", "x")]).unwrap();
        assert!(full.smtp.is_some() && full.web.tls.is_some());
        assert_eq!(full.sessions, SessionLimits::default(), "the example shows the defaults");
        assert!(matches!(full.vault, VaultConfig::S3(_)));
        assert!(full.verification(ServerFamily::Mariadb).is_some());
    }

    #[test]
    fn an_unknown_key_or_variable_is_an_error_with_a_hint_and_without_its_value() {
        let error = load("[smtp]\nhost='h'\nfrom='f'\npassword='hunter2'\n", &[]).unwrap_err().to_string();
        assert!(error.contains("line 4") && error.contains("_file") && !error.contains("hunter2"), "{error}");
        assert!(load("[wbe]\n", &[]).unwrap_err().to_string().contains("unknown field `wbe`"));
        let error = load("", &[("HOLDFAST_WEB_LISTN", "x")]).unwrap_err().to_string();
        assert!(error.contains("HOLDFAST_WEB_LISTN"), "{error}");
    }

    #[test]
    fn the_environment_wins_and_secrets_are_not_shown() {
        let text = "[catalog]\nurl='sqlite:///srv/a.db'\n";
        assert_eq!(load(text, &[]).unwrap().queue_url.expose_secret(), "sqlite:///srv/queue.db");
        let config = load(text, &[("HOLDFAST_CATALOG_URL", "postgres://u:hunter2@h/d")]).unwrap();
        assert_eq!(config.queue_url.expose_secret(), "postgres://u:hunter2@h/d");
        assert!(!format!("{config:?}").contains("hunter2"));
    }

    #[test]
    fn settings_that_exclude_each_other_are_refused() {
        for text in [
            "[keys]\nroot='a'\nkms_key='b'\n",
            "[vault]\npath='a'\n[vault.s3]\nbucket='b'\n",
            "[web]\ntls_key='a'\n",
            "[worker]\nconcurrency=0\n",
            "[sessions]\nidle_minutes=0\n",
            "[sessions]\nidle_minutes=90\nabsolute_hours=1\n",
            "[sessions]\nabsolute_hours=999\n",
            "[worker]\nlease_ms=5\n",
            "[smtp]\nhost='h'\nfrom='f'\nuser='u'\n",
        ] {
            assert!(load(text, &[]).is_err(), "{text}");
        }
    }
}
