//! What the scripted backend answers: believable figures, and among the names some that attack.

use app::{
    access::api::{Me, PasswordLink, UserRow},
    alerts::api::{Channels, Delivery},
    backups::api::{BackupDetail, BackupRow, CopyView, EvidenceView, RunDetail, RunEvent, RunRow},
    health::api::{Concern, Day, Overview},
    policies::api::ScheduleView,
    port::SecretText,
    sources::api::{ConnectionDetail, ConnectionRow, SourceDetail, SourceRow},
    vaults::api::{InstallationView, VaultView},
};
use domain::{
    BackupId, ByteSize, ConnectionId, RunId, SourceId, Timestamp,
    access::Role,
    backups::{
        CopyState, Evidence, FloatColumn, ObjectDifference, Phase, Progress, Proof, Retention, RunError, RunKind, RunState,
        Sizes, TableEvidence, Verification,
    },
    health::Standing,
    id::Id,
    sources::{
        AccountName, Capabilities, Connection, Coordinate, Finding, HostName, Label, ServerFamily, Severity, Tested, TlsMode,
    },
    vaults::VaultKind,
};

/// Mon 23 Nov 2026, 07:18:05 UTC
pub const NOW: Timestamp = Timestamp(1_795_418_285_000);
const MINUTE: i64 = 60_000;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

/// Markup in a name.
pub const MARKUP: &str = "<img src=x onerror=alert(1)>";
/// A name that turns the writing direction.
pub const TURNED: &str = "invoice\u{202e}gpj.sql";

pub fn id<T>(n: u32) -> Id<T> {
    format!("019ab3c4-5d6e-7f00-8a9b-{n:012x}").parse().unwrap()
}

pub fn me(role: Role) -> Me {
    Me { id: id(900), name: "Ada Keller".into(), email: "ada@example.com".into(), tenant_id: id(1), tenant: "Northwind Compliance".into(), role }
}

pub fn users() -> Vec<UserRow> {
    let user = |n, name: &str, role, enabled, has_password| UserRow {
        id: id(n),
        name: name.into(),
        email: format!("person{n}@example.com"),
        role,
        enabled,
        has_password,
        last_sign_in: has_password.then(|| NOW.plus_ms(-3 * HOUR)),
    };
    vec![
        user(900, "Ada Keller", Role::PlatformOperator, true, true),
        user(901, MARKUP, Role::Viewer, true, false),
        user(902, "Bo Lindqvist", Role::Operator, false, true),
    ]
}

pub fn password_link() -> PasswordLink {
    PasswordLink { email: "person901@example.com".into(), path: SecretText("/reset?token=s3cr3t-t0ken".into()), expires_at: NOW.plus_ms(DAY) }
}

pub fn channels() -> Channels {
    let delivery = |hours: i64, state: &str, error: Option<&str>| Delivery {
        at: NOW.plus_ms(-hours * HOUR),
        channel: "webhook".into(),
        subject: format!("Backup of {MARKUP} failed"),
        state: state.into(),
        error: error.map(Into::into),
    };
    Channels {
        email_to: "ops@example.com".into(),
        smtp_configured: false,
        webhook_url: "https://hooks.example.com/holdfast".into(),
        has_webhook_secret: true,
        deliveries: vec![delivery(3, "sent", None), delivery(27, "failed", Some("the receiver answered 503; tried 5 times"))],
    }
}

pub fn no_channels() -> Channels {
    Channels { email_to: String::new(), smtp_configured: false, webhook_url: String::new(), has_webhook_secret: false, deliveries: vec![] }
}

fn source_row(n: u32, database: &str, standing: Standing, because: &str) -> SourceRow {
    SourceRow {
        id: id(n),
        database: database.into(),
        connection: "production".into(),
        connection_id: id(50),
        server: "MariaDB 10.11.14".into(),
        standing,
        because: because.into(),
        restorable_to: (standing != Standing::NotRestorable).then(|| NOW.plus_ms(-5 * HOUR)),
        next_run_at: Some(NOW.plus_ms(19 * HOUR)),
        active_run: (n == 2).then(|| id(71)),
    }
}

pub fn sources() -> Vec<SourceRow> {
    vec![
        source_row(3, MARKUP, Standing::NotRestorable, "The newest verification failed: 2 tables differ."),
        source_row(2, TURNED, Standing::Late, "The backup of 02:00 waits to be proven."),
        source_row(1, "grc2", Standing::Restorable, "The backup of 02:00 was restored and compared; everything is equal."),
        source_row(4, "tprm_integration", Standing::Restorable, "The backup of 02:00 was restored and compared; everything is equal."),
    ]
}

pub fn source(id: SourceId) -> SourceDetail {
    let row = SourceRow { id, ..sources().remove(2) };
    SourceDetail { row, created_at: NOW.plus_ms(-40 * DAY), connection: connection(), schedules: vec![schedule()], backups: backups(), runs: runs() }
}

pub fn new_source(id: SourceId) -> SourceDetail {
    let row = SourceRow { id, restorable_to: None, ..source_row(1, "grc2", Standing::New, "It was added today; the first backup is due at 02:00.") };
    SourceDetail { row, created_at: NOW, connection: connection(), schedules: vec![], backups: vec![], runs: vec![] }
}

fn schedule() -> ScheduleView {
    ScheduleView { id: id(30), cron: "0 2 * * *".into(), enabled: true, next_at: Some(NOW.plus_ms(19 * HOUR)), missed: 1 }
}

fn connection() -> Connection {
    let finding = |key: &str, title: &str, severity, found: &str, remedy: &str| Finding {
        key: key.into(),
        title: title.into(),
        severity,
        found: found.into(),
        why: "Without it a backup cannot say where replay would continue.".into(),
        remedy: remedy.into(),
    };
    Connection {
        id: id(50),
        name: Label::new("production").unwrap(),
        host: HostName::new("db.internal").unwrap(),
        port: 3306,
        user: AccountName::new("holdfast").unwrap(),
        tls: TlsMode::Verify,
        has_credentials: true,
        capabilities: Some(Capabilities {
            family: ServerFamily::Mariadb,
            version: "10.11.14-MariaDB-0+deb12u2-log".into(),
            tested: Tested::Never,
            server_uuid: "0-1".into(),
            databases: vec!["grc2".into()],
            findings: vec![
                finding("grants", "Grants", Severity::Bad, "TRIGGER and EVENT are missing", "GRANT TRIGGER, EVENT ON *.* TO 'holdfast'@'%';"),
                finding("binlog_row", "Binary log format", Severity::Warn, "STATEMENT", "[mariadb]\nbinlog_format = ROW\nbinlog_row_image = FULL"),
                finding("version", "Version", Severity::Good, "10.11.14", ""),
            ],
            can_prove_position: true,
        }),
        probed_at: Some(NOW.plus_ms(-2 * HOUR)),
        version: 3,
    }
}

pub fn connections() -> Vec<ConnectionRow> {
    vec![ConnectionRow { connection: connection(), sources: 4, worst: Some(Severity::Bad), probe: Some((id(72), RunState::Completed)) }]
}

pub fn connection_detail(id: ConnectionId) -> ConnectionDetail {
    let mut row = connections().remove(0);
    row.connection.id = id;
    ConnectionDetail {
        row,
        probe: Some(failed_run()),
        protected: sources().into_iter().map(|source| (source.id, source.database)).collect(),
        unprotected: vec!["analytics".into(), MARKUP.into(), "x".repeat(64)],
    }
}

pub fn untested_connection(id: ConnectionId) -> ConnectionDetail {
    let mut row = connections().remove(0);
    row.connection = Connection { id, capabilities: None, probed_at: None, has_credentials: false, ..row.connection };
    ConnectionDetail { row, probe: None, protected: vec![], unprotected: vec![] }
}

fn backup_row(n: u32, database: &str, verification: Verification, retention: Retention) -> BackupRow {
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

fn table(name: &str, rows: u64, equal: bool, floats: Vec<FloatColumn>) -> TableEvidence {
    TableEvidence { table: name.into(), rows_source: rows, rows_restored: if equal { rows } else { rows - 1 }, equal, floats }
}

fn evidence(equal: bool) -> Evidence {
    let float = |column: &str, bit_exact| FloatColumn { column: column.into(), equal_to_six_digits: true, bit_exact };
    let mut tables = vec![
        table("grc_risk", 18_221, equal, vec![float("likelihood", false), float("impact", true)]),
        table(MARKUP, 2_002, true, vec![]),
    ];
    tables.extend((0..12).map(|n| table(&format!("grc_table_{n}"), 1_000 * n + 7, true, vec![])));
    let difference = ObjectDifference { kind: "view".into(), name: TURNED.into(), difference: "missing".into() };
    Evidence {
        proof: Proof::SamePosition,
        equal,
        tables,
        objects: 31,
        differences: if equal { vec![] } else { vec![difference] },
        server: "MariaDB 10.11.14".into(),
        phases: vec![("fetch".into(), 2_100), ("load".into(), 41_000), ("compare".into(), 8_400)],
        remarks: vec!["django_session is not transactional (Aria): its rows may be newer than the rest.".into()],
    }
}

pub fn backup(id_: BackupId) -> BackupDetail {
    let phase = |name: &str, offset, took_ms| Phase { name: name.into(), began_at: NOW.plus_ms(-5 * HOUR + offset), took_ms };
    BackupDetail {
        row: BackupRow { id: id_, ..backup_row(101, MARKUP, Verification::RestoreOk, Retention::Active) },
        run_id: id(71),
        phases: vec![phase("inventory", 0, 1_900), phase("dump", 1_900, 88_000), phase("readback", 89_900, 4_000), phase("publish", 93_900, 310)],
        coordinate: Coordinate { file: "mysql-bin.000421".into(), position: 88_120_533, gtid: "0-1-998877".into(), server_uuid: "0-1".into(), at: NOW.plus_ms(-5 * HOUR) },
        server_version: "10.11.14-MariaDB".into(),
        client_version: "mariadb-dump 10.11.14".into(),
        codec: "zstd".into(),
        tables: 43,
        manifest_sha256: "b7f291c055ae".repeat(5) + "b7f2",
        copies: vec![
            CopyView { vault: "local".into(), location: "/var/lib/holdfast/vault".into(), state: CopyState::Present, manifest_key: format!("v1/1/1/{id_}/1/manifest"), objects: 7 },
            CopyView { vault: "offsite".into(), location: "s3://backups/eu".into(), state: CopyState::Missing, manifest_key: format!("v1/1/1/{id_}/1/manifest"), objects: 7 },
        ],
        evidence: vec![
            EvidenceView { at: NOW.plus_ms(-4 * HOUR), run_id: id(73), evidence: evidence(true) },
            EvidenceView { at: NOW.plus_ms(-28 * HOUR), run_id: id(74), evidence: evidence(false) },
        ],
        recover_command: format!("holdfast-recover restore --vault /var/lib/holdfast/vault --key-file root.key --backup {id_} --database '{MARKUP}'"),
        active_run: None,
        targets: vec![(id(50), "production".into()), (id(51), "spare".into())],
    }
}

pub fn unproven_backup(id_: BackupId) -> BackupDetail {
    let row = BackupRow { id: id_, ..backup_row(102, "grc2", Verification::None, Retention::Active) };
    BackupDetail { row, phases: vec![], copies: vec![], evidence: vec![], targets: vec![], active_run: Some(id(71)), ..backup(id_) }
}

fn run_row(n: u32, kind: RunKind, state: RunState) -> RunRow {
    let started = state != RunState::Queued;
    RunRow {
        id: id(n),
        kind,
        source_id: Some(id(1)),
        subject: if n == 72 { MARKUP.into() } else { "grc2".into() },
        state,
        starts: i64::from(started),
        requested_by: "schedule".into(),
        label: None,
        created_at: NOW.plus_ms(-10 * MINUTE),
        started_at: started.then(|| NOW.plus_ms(-9 * MINUTE)),
        finished_at: state.is_finished().then(|| NOW.plus_ms(-MINUTE)),
        next_at: (state == RunState::Retrying).then(|| NOW.plus_ms(25_000)),
        progress: (state == RunState::Running).then(progress),
        error: None,
        cancel_requested: false,
        backup_id: Some(id(101)),
    }
}

fn progress() -> Progress {
    Progress {
        phase: "dump".into(),
        bytes: 11_800_000_000,
        bytes_expected: Some(19_000_000_000),
        stored_bytes: 1_900_000_000,
        tables: 27,
        tables_expected: 43,
        table: Some(MARKUP.into()),
        rate: 212_000_000,
        eta_ms: Some(34_000),
    }
}

fn failed_run() -> RunRow {
    RunRow {
        error: Some(RunError {
            kind: "source".into(),
            message: format!("db.internal:3306 refused the account holdfast while reading {MARKUP}"),
            hint: Some("Check the password of the account, then test the connection again.".into()),
            retry_may_help: false,
        }),
        ..run_row(72, RunKind::Probe, RunState::Failed)
    }
}

pub fn runs() -> Vec<RunRow> {
    vec![
        run_row(71, RunKind::Backup, RunState::Running),
        failed_run(),
        run_row(73, RunKind::Verify, RunState::Completed),
        run_row(74, RunKind::Restore, RunState::Retrying),
        run_row(75, RunKind::Backup, RunState::Cancelled),
        run_row(76, RunKind::Backup, RunState::Queued),
    ]
}

pub fn run(id_: RunId) -> RunDetail {
    let row = runs().into_iter().find(|run| run.id == id_).unwrap_or_else(|| run_row(71, RunKind::Backup, RunState::Running));
    let event = |minutes: i64, message: &str| RunEvent { at: NOW.plus_ms(-minutes * MINUTE), message: message.into() };
    let log = vec![event(9, "Started by worker 1, first start."), event(8, "43 tables, 19.0 GB expected."), event(7, &format!("Dumping {MARKUP} and {TURNED}."))];
    RunDetail { row, log }
}

pub fn queued_run(id_: RunId) -> RunDetail {
    RunDetail { row: RunRow { id: id_, ..run_row(76, RunKind::Backup, RunState::Queued) }, log: vec![] }
}

pub fn installation(full: bool) -> InstallationView {
    let vault = |n, name: &str, kind, location: &str, space| VaultView { id: id(n), name: name.into(), kind, location: location.into(), backups: 28, stored: ByteSize(86_000_000_000), space };
    InstallationView {
        id: id(7),
        version: "0.1.0".into(),
        catalog: "SQLite".into(),
        root_key: "local key file".into(),
        recovery_key: "SHA256:8f14e45fceea167a5a36dedd4bea2543".into(),
        signing_key: "SHA256:c9f0f895fb98ab9159f51fd0297e236d".into(),
        vaults: if full {
            vec![
                vault(1, "local", VaultKind::Local, "/var/lib/holdfast/vault", Some((ByteSize(120_000_000_000), ByteSize(500_000_000_000)))),
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
    let strip = |bad: &[usize], mark, from: usize| (0..14).map(|n| if n < from { Day::Nothing } else if bad.contains(&n) { mark } else { Day::Proven }).collect();
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
        active: vec![run_row(71, RunKind::Backup, RunState::Running), run_row(76, RunKind::Backup, RunState::Queued)],
        latest: backups(),
        days,
        strip: vec![strip(&[12, 13], Day::Missing, 0), strip(&[13], Day::Stored, 4), strip(&[], Day::Proven, 0), strip(&[9], Day::Stored, 0)],
        expected: 56,
        completed: 54,
        stored: ByteSize(86_000_000_000),
        stored_by_day: (0..14).map(|n| ByteSize(60_000_000_000 + n * 2_000_000_000)).collect(),
        worst_age_ms: Some(29 * HOUR),
        slowest_restore_ms: Some(51_500),
    }
}

pub fn empty_overview() -> Overview {
    Overview { sources: vec![], concerns: vec![], active: vec![], latest: vec![], strip: vec![], worst_age_ms: None, slowest_restore_ms: None, expected: 0, completed: 0, stored: ByteSize(0), stored_by_day: vec![], ..overview() }
}
