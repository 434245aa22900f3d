//! The overview and the installation.

use app::health::api::Concern;
use app::health::api::Day;
use app::health::api::Overview;
use app::vaults::api::InstallationView;
use app::vaults::api::VaultView;
use domain::ByteSize;
use domain::backups::RunKind;
use domain::backups::RunState;
use domain::sources::Severity;
use domain::vaults::VaultKind;

use super::{DAY, HOUR, MARKUP, NOW, TURNED, backups, id, run_row, sources};

pub fn installation(full: bool) -> InstallationView {
    let vault = |n, name: &str, kind, location: &str, space| VaultView {
        id: id(n),
        name: name.into(),
        kind,
        location: location.into(),
        backups: 28,
        stored: ByteSize(86_000_000_000),
        space,
    };
    InstallationView {
        id: id(7),
        version: "0.1.0".into(),
        catalog: "SQLite".into(),
        root_key: "local key file".into(),
        recovery_key: "SHA256:8f14e45fceea167a5a36dedd4bea2543".into(),
        signing_key: "SHA256:c9f0f895fb98ab9159f51fd0297e236d".into(),
        vaults: if full {
            vec![
                vault(
                    1,
                    "local",
                    VaultKind::Local,
                    "/var/lib/holdfast/vault",
                    Some((ByteSize(120_000_000_000), ByteSize(500_000_000_000))),
                ),
                vault(2, "offsite", VaultKind::S3, "s3://backups/eu", None),
            ]
        } else {
            vec![]
        },
        verification: if full { vec![("MariaDB".into(), "127.0.0.1:3399".into())] } else { vec![] },
    }
}

pub fn overview() -> Overview {
    let days: Vec<_> = (0..14).map(|n| NOW.plus_ms((n - 13) * DAY)).collect();
    let strip = |bad: &[usize], mark, from: usize| {
        (0..14)
            .map(|n| {
                if n < from {
                    Day::Nothing
                } else if bad.contains(&n) {
                    mark
                } else {
                    Day::Proven
                }
            })
            .collect()
    };
    let sources = sources();
    let concern = |severity, title: &str, subject: &str, path: &str| Concern {
        severity,
        title: title.into(),
        subject: subject.into(),
        path: path.into(),
        detail: "Two tables differ from the source.".into(),
        since: NOW.plus_ms(-3 * HOUR),
    };
    Overview {
        now: NOW,
        sources,
        concerns: vec![
            concern(Severity::Bad, "Proof failed", MARKUP, "/backups/019ab3c4-5d6e-7f00-8a9b-000000000067"),
            concern(Severity::Warn, "Not proven", TURNED, "javascript:alert(1)"),
        ],
        active: vec![
            run_row(71, RunKind::Backup, RunState::Running),
            run_row(76, RunKind::Backup, RunState::Queued),
        ],
        latest: backups(),
        days,
        strip: vec![
            strip(&[12, 13], Day::Missing, 0),
            strip(&[13], Day::Stored, 4),
            strip(&[], Day::Proven, 0),
            strip(&[9], Day::Stored, 0),
        ],
        expected: 56,
        completed: 54,
        stored: ByteSize(86_000_000_000),
        stored_by_day: (0..14).map(|n| ByteSize(60_000_000_000 + n * 2_000_000_000)).collect(),
        worst_age_ms: Some(29 * HOUR),
        slowest_restore_ms: Some(51_500),
    }
}

pub fn empty_overview() -> Overview {
    Overview {
        sources: vec![],
        concerns: vec![],
        active: vec![],
        latest: vec![],
        strip: vec![],
        worst_age_ms: None,
        slowest_restore_ms: None,
        expected: 0,
        completed: 0,
        stored: ByteSize(0),
        stored_by_day: vec![],
        ..overview()
    }
}
