//! Checks everything that Holdfast depends on, by using it, and says how to mend what is wrong.
//!
//! It opens nothing that is not there: a doctor who creates an empty catalog would report a healthy one.

use std::{os::unix::fs::MetadataExt as _, path::Path, process::ExitCode, sync::Arc};

use anyhow::Result;
use catalog::{Catalog, Queue, RowSecurity};
use domain::{
    Clock, Timestamp,
    sources::{Finding, Severity},
};
use engine::{
    pipeline::Vault,
    storage::{self, VaultConfig, probe},
};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject as _};
use secrecy::ExposeSecret as _;

use super::{NOT_WELL, doctor_servers, screen};
use crate::{
    alerts::channels::email,
    config::{Config, RootKeyConfig},
    services::open_root,
};

/// No machine of ours runs before this: 1 January 2026.
const EARLIEST: Timestamp = Timestamp(1_767_225_600_000);

/// Checks everything.
pub async fn doctor(config: &Config, clock: &Arc<dyn Clock>) -> Result<ExitCode> {
    let mut worst = Severity::Good;
    let mut tell = |area: &str, findings: Vec<Finding>| {
        screen::print(format!("\n{area}"));
        for finding in findings {
            worst = worst.max(finding.severity);
            screen::print(line(&finding));
        }
    };
    tell("This machine", vec![directory(&config.state_dir), self::clock(clock.now())]);
    tell("Keys and vault", keys_and_vault(config, clock).await);
    tell("Catalog and queue", catalog(config, clock).await);
    tell("Client programs", doctor_servers::clients(config).await);
    tell("Verification servers", doctor_servers::verification(config, clock).await);
    tell("Console", console(config));
    tell("Notices", notices(config).await);
    screen::print(match worst {
        Severity::Good => "\nEverything is well.",
        Severity::Warn => "\nIt works; see the remarks marked with !.",
        Severity::Bad => "\nSomething has to be mended; see the lines marked with ✗.",
    });
    Ok(if worst == Severity::Bad { ExitCode::from(NOT_WELL) } else { ExitCode::SUCCESS })
}

/// One finding with its remedy.
pub fn line(finding: &Finding) -> String {
    let mark = match finding.severity {
        Severity::Good => "✓",
        Severity::Warn => "!",
        Severity::Bad => "✗",
    };
    let mut text = format!("  {mark} {}: {}", finding.title, finding.found);
    if finding.severity != Severity::Good {
        for more in [&finding.why, &finding.remedy].into_iter().filter(|more| !more.is_empty()) {
            text.push_str(&format!("\n      {}", more.replace('\n', "\n      ")));
        }
    }
    text
}

/// A finding.
pub fn found(title: &str, severity: Severity, found: impl Into<String>, remedy: &str) -> Finding {
    Finding {
        key: title.to_lowercase().replace(' ', "_"),
        title: title.into(),
        severity,
        found: found.into(),
        why: String::new(),
        remedy: remedy.into(),
    }
}

/// What the engine refused.
pub fn refused(title: &str, error: &engine::Error) -> Finding {
    found(title, Severity::Bad, error.to_string(), error.advice().unwrap_or_default())
}

fn directory(path: &Path) -> Finding {
    const TITLE: &str = "State directory";
    let shown = path.display();
    let Ok(meta) = std::fs::metadata(path) else {
        let remedy = format!("`holdfast migrate` makes it, or: install -d -m 0700 '{shown}'");
        return found(TITLE, Severity::Bad, format!("{shown} is not there"), &remedy);
    };
    let ours = rustix::process::getuid().as_raw();
    if !meta.is_dir() {
        found(TITLE, Severity::Bad, format!("{shown} is no directory"), "Set `state_dir` to a directory.")
    } else if meta.uid() != ours && ours != 0 {
        let remedy = format!("Run Holdfast under the account that owns it, or: chown {ours} '{shown}'");
        found(
            TITLE,
            Severity::Bad,
            format!("{shown} belongs to another account (uid {})", meta.uid()),
            &remedy,
        )
    } else if meta.mode() & 0o077 != 0 {
        let remedy = format!("chmod 0700 '{shown}'");
        found(
            TITLE,
            Severity::Warn,
            format!("others can look into {shown} (mode {:o})", meta.mode() & 0o777),
            &remedy,
        )
    } else {
        found(TITLE, Severity::Good, shown.to_string(), "")
    }
}

fn clock(now: Timestamp) -> Finding {
    const TITLE: &str = "Clock";
    if now < EARLIEST {
        let remedy = "Set the clock (timedatectl set-ntp true): schedules, leases and evidence depend on it.";
        return found(TITLE, Severity::Bad, format!("it says {}, which cannot be", now.exact()), remedy);
    }
    let kept = Path::new("/run/systemd/timesync/synchronized").exists() || Path::new("/run/chrony").exists();
    let how =
        if kept { "kept in time" } else { "whether something keeps it in time cannot be seen from here" };
    found(TITLE, Severity::Good, format!("{}; {how}", now.exact()), "")
}

async fn keys_and_vault(config: &Config, clock: &Arc<dyn Clock>) -> Vec<Finding> {
    let mut findings = Vec::new();
    let root = match open_root(&config.root_key).await {
        Ok(root) => {
            let where_ = match &config.root_key {
                RootKeyConfig::File(path) => path.display().to_string(),
                RootKeyConfig::Kms { key, .. } => format!("KMS {key}"),
            };
            findings.push(found("Root key", Severity::Good, format!("{where_} ({})", root.id()), ""));
            Some(root)
        }
        Err(error) => {
            findings.push(refused("Root key", &error));
            None
        }
    };
    if let VaultConfig::Local { path } = &config.vault
        && !path.is_dir()
    {
        let text = format!("{} is not there", path.display());
        findings.push(found(
            "Vault",
            Severity::Bad,
            text,
            "`holdfast migrate` makes it; or mount what belongs there.",
        ));
        return findings;
    }
    let storage = match storage::open(&config.vault).await {
        Ok(storage) => storage,
        Err(error) => {
            findings.push(refused("Vault", &error));
            return findings;
        }
    };
    findings.extend(probe::probe(storage.as_ref()).await);
    if let Some(root) = root {
        let place = storage.describe();
        findings.push(match Vault::open(storage, root, Arc::clone(clock)).await {
            Ok(vault) => found(
                "Vault",
                Severity::Good,
                format!("{place}, of installation {}", vault.installation()),
                "",
            ),
            Err(error) => refused("Vault", &error),
        });
    }
    findings
}

/// The file of an `sqlite:` address that is not there yet.
fn missing_file(url: &str) -> Option<String> {
    let path = url.strip_prefix("sqlite:")?.trim_start_matches("//").split('?').next()?;
    (!Path::new(path).exists()).then(|| path.to_owned())
}

/// Whether the database keeps organisations apart by itself, too.
async fn up_to_date(title: &str, catalog: &Catalog) -> Finding {
    let answers = format!("{} answers, schema up to date", catalog.database());
    match catalog.row_security().await {
        Ok(RowSecurity::Holds) => found(title, Severity::Good, answers, ""),
        Ok(RowSecurity::Open(tables)) => found(
            title,
            Severity::Bad,
            format!(
                "{answers}, but statements that name no organisation are not kept from {}",
                tables.join(", ")
            ),
            "Somebody has changed the row security of these tables, or gave the account a `holdfast.scope` of its own. \
             Each has forced row security and one policy, as a catalog that `holdfast migrate` makes shows; `ALTER ROLE \
             … RESET holdfast.scope` takes the scope away.",
        ),
        Ok(RowSecurity::AboveIt) => found(
            title,
            Severity::Warn,
            format!("{answers}, but its account is above row security"),
            "Use an account that is no superuser and has no BYPASSRLS: then the database keeps organisations apart, too.",
        ),
        Err(error) => found(title, Severity::Bad, error.to_string(), "Look at the log of the database."),
    }
}

async fn catalog(config: &Config, clock: &Arc<dyn Clock>) -> Vec<Finding> {
    const TITLE: &str = "Catalog";
    const MIGRATE: &str = "Run `holdfast migrate`.";
    let mut findings = Vec::new();
    let url = config.catalog_url.expose_secret();
    if let Some(path) = missing_file(url) {
        findings.push(found(TITLE, Severity::Bad, format!("{path} is not there"), MIGRATE));
    } else {
        match Catalog::open(url, Arc::clone(clock)).await {
            Ok(catalog) => findings.push(match catalog.pending_migrations().await {
                Ok(pending) if pending.is_empty() => up_to_date(TITLE, &catalog).await,
                Ok(pending) => {
                    found(TITLE, Severity::Bad, format!("schema lacks {}", pending.join(", ")), MIGRATE)
                }
                Err(error) => found(
                    TITLE,
                    Severity::Bad,
                    error.to_string(),
                    "Use the Holdfast that made the schema, or a newer one.",
                ),
            }),
            Err(error) => {
                findings.push(found(
                    TITLE,
                    Severity::Bad,
                    error.to_string(),
                    "Check `[catalog] url`; the database must be reachable.",
                ));
            }
        }
    }
    let url = config.queue_url.expose_secret();
    findings.push(match missing_file(url) {
        Some(path) => found(
            "Queue",
            Severity::Warn,
            format!("{path} is not there"),
            "It is made at the next start; it may be lost at any time.",
        ),
        None => match Queue::open(url).await {
            Ok(_) => found("Queue", Severity::Good, "answers", ""),
            Err(error) => found(
                "Queue",
                Severity::Bad,
                error.to_string(),
                "If it is a file, it may be removed: runs are in the catalog.",
            ),
        },
    });
    findings
}

fn console(config: &Config) -> Vec<Finding> {
    let mut findings = Vec::new();
    let site = &config.web.site_dir;
    findings.push(if site.join("pkg").is_dir() {
        found("Browser's files", Severity::Good, site.display().to_string(), "")
    } else {
        let text = format!("{} holds no pkg/", site.display());
        found("Browser's files", Severity::Bad, text, "Build them (`.ci/frontend`), or set `[web] site_dir`.")
    });
    findings.push(match &config.web.tls {
        None => found(
            "TLS",
            if config.web.listen.ip().is_loopback() { Severity::Good } else { Severity::Warn },
            format!("off; people sign in through {}", config.web.public_url),
            "Give tls_certificate and tls_key, or put a trusted proxy in front: without one nobody can sign in from another machine.",
        ),
        Some((chain, key)) => tls(chain, key),
    });
    findings
}

fn tls(chain: &Path, key: &Path) -> Finding {
    const TITLE: &str = "TLS";
    const REMEDY: &str = "Give a certificate chain and its private key in PEM, readable by this account.";
    let count = CertificateDer::pem_file_iter(chain).map(|certificates| certificates.flatten().count());
    match (count, PrivateKeyDer::from_pem_file(key)) {
        (Ok(0) | Err(_), _) => found(
            TITLE,
            Severity::Bad,
            format!("{} holds no certificate that can be read", chain.display()),
            REMEDY,
        ),
        (_, Err(_)) => found(
            TITLE,
            Severity::Bad,
            format!("{} holds no private key that can be read", key.display()),
            REMEDY,
        ),
        (Ok(count), Ok(_)) => match std::fs::metadata(key) {
            Ok(meta) if meta.mode() & 0o007 != 0 => {
                let remedy = format!("chmod o= '{}'", key.display());
                found(TITLE, Severity::Warn, format!("everybody can read {}", key.display()), &remedy)
            }
            _ => found(TITLE, Severity::Good, format!("{count} certificates and a key"), ""),
        },
    }
}

async fn notices(config: &Config) -> Vec<Finding> {
    const TITLE: &str = "Mail server";
    let Some(smtp) = &config.smtp else {
        let remedy =
            "Add [smtp] to the configuration, or a webhook in the settings: a failed night must be heard of.";
        return vec![found(TITLE, Severity::Warn, "none is configured", remedy)];
    };
    vec![match email::check(smtp).await {
        Ok(()) => found(TITLE, Severity::Good, format!("{}:{} answers", smtp.host, smtp.port), ""),
        Err(error) => found(TITLE, Severity::Bad, error.reason, "Check [smtp] in the configuration file."),
    }]
}
