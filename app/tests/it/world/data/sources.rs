//! Sources and servers.

use app::policies::api::ScheduleView;
use app::sources::api::ConnectionDetail;
use app::sources::api::ConnectionRow;
use app::sources::api::SourceDetail;
use app::sources::api::SourceRow;
use domain::ConnectionId;
use domain::SourceId;
use domain::backups::RunState;
use domain::files::FilesCopy;
use domain::health::Standing;
use domain::policies::schedule::ScheduleKind;
use domain::sources::AccountName;
use domain::sources::Capabilities;
use domain::sources::Connection;
use domain::sources::EngineKind;
use domain::sources::Finding;
use domain::sources::HostName;
use domain::sources::Label;
use domain::sources::ServerFamily;
use domain::sources::Severity;
use domain::sources::Tested;
use domain::sources::TlsMode;

use super::{DAY, HOUR, MARKUP, NOW, TURNED, backups, failed_run, id, runs};

pub fn source_row(n: u32, database: &str, standing: Standing, because: &str) -> SourceRow {
    SourceRow {
        id: id(n),
        database: database.into(),
        engine: EngineKind::Native,
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
        source_row(
            1,
            "grc2",
            Standing::Restorable,
            "The backup of 02:00 was restored and compared; everything is equal.",
        ),
        source_row(
            4,
            "tprm_integration",
            Standing::Restorable,
            "The backup of 02:00 was restored and compared; everything is equal.",
        ),
    ]
}

pub fn source(id: SourceId) -> SourceDetail {
    let row = SourceRow { id, ..sources().remove(2) };
    SourceDetail {
        row,
        created_at: NOW.plus_ms(-40 * DAY),
        connection: connection(),
        schedules: vec![schedule()],
        backups: backups(),
        runs: runs(),
    }
}

pub fn new_source(id: SourceId) -> SourceDetail {
    let row = SourceRow {
        id,
        restorable_to: None,
        ..source_row(1, "grc2", Standing::New, "It was added today; the first backup is due at 02:00.")
    };
    SourceDetail {
        row,
        created_at: NOW,
        connection: connection(),
        schedules: vec![],
        backups: vec![],
        runs: vec![],
    }
}

pub fn schedule() -> ScheduleView {
    ScheduleView {
        id: id(30),
        kind: ScheduleKind::Full,
        cron: "0 2 * * *".into(),
        enabled: true,
        next_at: Some(NOW.plus_ms(19 * HOUR)),
        missed: 1,
    }
}

pub fn connection() -> Connection {
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
                finding(
                    "grants",
                    "Grants",
                    Severity::Bad,
                    "TRIGGER and EVENT are missing",
                    "GRANT TRIGGER, EVENT ON *.* TO 'holdfast'@'%';",
                ),
                finding(
                    "binlog_row",
                    "Binary log format",
                    Severity::Warn,
                    "STATEMENT",
                    "[mariadb]\nbinlog_format = ROW\nbinlog_row_image = FULL",
                ),
                finding("version", "Version", Severity::Good, "10.11.14", ""),
            ],
            can_prove_position: true,
            files: Some(FilesCopy::Impossible {
                why: "its data directory /var/lib/mysql/ is not on this machine".into(),
                instead: "Physical backups are made on the server's own machine: install Holdfast there, or back up by database.".into(),
            }),
        }),
        probed_at: Some(NOW.plus_ms(-2 * HOUR)),
        version: 3,
    }
}

pub fn connections() -> Vec<ConnectionRow> {
    vec![ConnectionRow {
        connection: connection(),
        sources: 4,
        worst: Some(Severity::Bad),
        probe: Some((id(72), RunState::Completed)),
    }]
}

pub fn connection_detail(id: ConnectionId) -> ConnectionDetail {
    let mut row = connections().remove(0);
    row.connection.id = id;
    ConnectionDetail {
        row,
        probe: Some(failed_run()),
        protected: sources().into_iter().map(|source| (source.id, source.database)).collect(),
        unprotected: vec!["analytics".into(), MARKUP.into(), "x".repeat(64)],
        whole: None,
    }
}

pub fn untested_connection(id: ConnectionId) -> ConnectionDetail {
    let mut row = connections().remove(0);
    row.connection =
        Connection { id, capabilities: None, probed_at: None, has_credentials: false, ..row.connection };
    ConnectionDetail { row, probe: None, protected: vec![], unprotected: vec![], whole: None }
}
