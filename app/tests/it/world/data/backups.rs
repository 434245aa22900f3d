//! Backups and evidence.

use app::backups::api::BackupDetail;
use app::backups::api::BackupRow;
use app::backups::api::CopyView;
use app::backups::api::EvidenceView;
use app::backups::api::SplitView;
use app::backups::files_api::FilesKind;
use app::backups::files_api::FilesView;
use app::backups::files_api::LinkView;
use domain::BackupId;
use domain::ByteSize;
use domain::backups::CopyState;
use domain::backups::Evidence;
use domain::backups::FloatColumn;
use domain::backups::ObjectDifference;
use domain::backups::Phase;
use domain::backups::Proof;
use domain::backups::Retention;
use domain::backups::Sizes;
use domain::backups::TableEvidence;
use domain::backups::Verification;
use domain::files::FilesFacts;
use domain::sources::Coordinate;
use domain::tenancy::Drift;

use super::{HOUR, MARKUP, MINUTE, NOW, TURNED, id};

pub fn backup_row(n: u32, database: &str, verification: Verification, retention: Retention) -> BackupRow {
    BackupRow {
        id: id(n),
        source_id: id(1),
        database: database.into(),
        snapshot_at: NOW.plus_ms(-5 * HOUR - i64::from(n) * MINUTE),
        label: (n % 2 == 1).then(|| "before the September release".into()),
        verification,
        verified_at: (verification != Verification::None).then(|| NOW.plus_ms(-4 * HOUR)),
        retention,
        sizes: Sizes { plain: ByteSize(18_900_000_000), stored: ByteSize(3_100_000_000) },
        tenant: None,
        files: None,
    }
}

pub fn backups() -> Vec<BackupRow> {
    vec![
        backup_row(101, "grc2", Verification::RestoreOk, Retention::Active),
        backup_row(102, TURNED, Verification::None, Retention::Active),
        backup_row(103, MARKUP, Verification::Failed, Retention::Active),
        backup_row(104, "grc2", Verification::Stale, Retention::Active),
        backup_row(105, "grc2", Verification::RestoreOk, Retention::Deleted),
    ]
}

pub fn table(name: &str, rows: u64, equal: bool, floats: Vec<FloatColumn>) -> TableEvidence {
    TableEvidence {
        table: name.into(),
        rows_source: rows,
        rows_restored: if equal { rows } else { rows - 1 },
        equal,
        floats,
    }
}

pub fn evidence(equal: bool) -> Evidence {
    let float =
        |column: &str, bit_exact| FloatColumn { column: column.into(), equal_to_six_digits: true, bit_exact };
    let mut tables = vec![
        table("grc_risk", 18_221, equal, vec![float("likelihood", false), float("impact", true)]),
        table(MARKUP, 2_002, true, vec![]),
    ];
    tables.extend((0..12).map(|n| table(&format!("grc_table_{n}"), 1_000 * n + 7, true, vec![])));
    let difference =
        ObjectDifference { kind: "view".into(), name: TURNED.into(), difference: "missing".into() };
    Evidence {
        proof: Proof::SamePosition,
        equal,
        tables,
        objects: 31,
        differences: if equal { vec![] } else { vec![difference] },
        server: "MariaDB 10.11.14".into(),
        phases: vec![("open".into(), 2_100), ("load".into(), 41_000), ("compare".into(), 8_400)],
        remarks: vec![
            "django_session is not transactional (Aria): its rows may be newer than the rest.".into(),
        ],
    }
}

pub fn backup(id_: BackupId) -> BackupDetail {
    let phase = |name: &str, offset, took_ms| Phase {
        name: name.into(),
        began_at: NOW.plus_ms(-5 * HOUR + offset),
        took_ms,
    };
    BackupDetail {
        row: BackupRow { id: id_, ..backup_row(101, MARKUP, Verification::RestoreOk, Retention::Active) },
        run_id: id(71),
        phases: vec![
            phase("snapshot", 0, 1_900),
            phase("dump", 1_900, 88_000),
            phase("compare", 89_900, 4_000),
            phase("publish", 93_900, 310),
        ],
        coordinate: Coordinate {
            file: "mysql-bin.000421".into(),
            position: 88_120_533,
            gtid: "0-1-998877".into(),
            server_uuid: "0-1".into(),
            at: NOW.plus_ms(-5 * HOUR),
        },
        server_version: "10.11.14-MariaDB".into(),
        client_version: "mariadb-dump 10.11.14".into(),
        codec: "zstd".into(),
        tables: 43,
        manifest_sha256: "b7f291c055ae".repeat(5) + "b7f2",
        copies: vec![
            CopyView {
                vault: "local".into(),
                location: "/var/lib/holdfast/vault".into(),
                state: CopyState::Present,
                manifest_key: format!("v1/1/1/{id_}/1/manifest"),
                objects: 7,
            },
            CopyView {
                vault: "offsite".into(),
                location: "s3://backups/eu".into(),
                state: CopyState::Missing,
                manifest_key: format!("v1/1/1/{id_}/1/manifest"),
                objects: 7,
            },
        ],
        evidence: vec![
            EvidenceView { at: NOW.plus_ms(-4 * HOUR), run_id: id(73), evidence: evidence(true) },
            EvidenceView { at: NOW.plus_ms(-28 * HOUR), run_id: id(74), evidence: evidence(false) },
        ],
        recover_command: format!(
            "holdfast-recover restore --vault /var/lib/holdfast/vault --key-file root.key --backup {id_} --database '{MARKUP}'"
        ),
        active_run: None,
        targets: vec![(id(50), "production".into()), (id(51), "spare".into())],
        split: Some(split()),
        files: None,
    }
}

pub fn split() -> SplitView {
    SplitView {
        tenants: 1_204,
        shared_rows: 41_877,
        drift: vec![Drift::Unmapped { table: MARKUP.into() }, Drift::Changed { table: "grc_risk".into() }],
        remarks: vec!["8 readers agreed on one snapshot at the first attempt.".into()],
    }
}

pub fn unproven_backup(id_: BackupId) -> BackupDetail {
    let row = BackupRow { id: id_, ..backup_row(102, "grc2", Verification::None, Retention::Active) };
    BackupDetail {
        row,
        phases: vec![],
        copies: vec![],
        evidence: vec![],
        targets: vec![],
        split: None,
        active_run: Some(id(71)),
        ..backup(id_)
    }
}

/// An incremental backup of a whole server's files, on a full one.
pub fn files_backup(id_: BackupId) -> BackupDetail {
    let link = |id_: BackupId, hours: i64| LinkView {
        id: id_,
        snapshot_at: NOW.plus_ms(-hours * HOUR),
        retention: Retention::Active,
        verification: Verification::RestoreOk,
        sizes: Sizes { plain: ByteSize(18_900_000_000), stored: ByteSize(3_100_000_000) },
    };
    let full = backup(id_);
    BackupDetail {
        row: BackupRow {
            database: "server production".into(),
            files: Some(FilesKind::Incremental),
            ..full.row
        },
        split: None,
        files: Some(FilesView {
            facts: FilesFacts {
                program: "mariadb-backup".into(),
                machine: Some("db1.internal".into()),
                directory: "/var/lib/mysql/".into(),
                databases: vec!["grc2".into(), MARKUP.into()],
                remarks: vec!["the server writes no binary log".into()],
            },
            chain: vec![link(id(120), 29), link(id_, 5)],
            continued_by: 2,
            restore_command: format!("holdfast physical restore {id_} --to <empty directory>"),
        }),
        ..full
    }
}
