//! The single checks of a probe, each with its remedy.

use domain::sources::{Finding, ServerFamily, Severity, Tested, quote_identifier};
use mysql_async::Conn;

use super::clients::Clients;
use super::inspect::{Session, text};
use super::probe::{Account, can_lock};
use crate::Result;
use crate::source::inventory::{ServerFacts, series};
use crate::source::tool::sandbox::Available;

fn finding(
    key: &str,
    title: &str,
    severity: Severity,
    found: impl Into<String>,
    why: &str,
    remedy: impl Into<String>,
) -> Finding {
    let remedy = if severity == Severity::Good { String::new() } else { remedy.into() };
    Finding { key: key.into(), title: title.into(), severity, found: found.into(), why: why.into(), remedy }
}

fn good_or(bad: Severity, good: bool) -> Severity {
    if good { Severity::Good } else { bad }
}

/// What the server is and how it writes its history.
pub(super) async fn server_findings(
    conn: &mut Conn,
    who: &str,
    facts: &ServerFacts,
    tested: Tested,
    clients: &Clients,
) -> Result<Vec<Finding>> {
    let mut findings = vec![finding(
        "version",
        "Server version",
        good_or(Severity::Warn, tested == Tested::Yes),
        format!("{} {}", facts.family, facts.version),
        "Our tests run against MariaDB 10.11 and MySQL 9.7; others may well work, and every backup is verified.",
        "Watch the first verification of a backup from this server.",
    )];
    findings.push(match clients.pair(facts.family) {
        Ok(pair) => {
            let same = pair.version.contains(facts.series()) || series(&pair.version) == facts.series();
            finding(
                "client",
                "Client programs",
                good_or(Severity::Warn, same),
                &pair.version,
                "A dump program of another series may not know everything the server has.",
                format!(
                    "Install the {} client programs of series {} where the worker runs.",
                    facts.family,
                    facts.series()
                ),
            )
        }
        Err(error) => finding(
            "client",
            "Client programs",
            Severity::Bad,
            "not installed",
            "Each family of servers needs its own dump program.",
            error.advice().unwrap_or_default(),
        ),
    });
    findings.push(match clients.sandbox() {
        Available::Yes(_) => finding("sandbox", "Sandbox for loading", Severity::Good, "works", "Loading a dump runs code of whoever wrote it.", ""),
        Available::No(why) => finding(
            "sandbox",
            "Sandbox for loading",
            Severity::Warn,
            why,
            "Loading a dump runs code of whoever wrote it; the account and the client's own switches still confine it.",
            "apt-get install bubblewrap",
        ),
    });

    let mut session = Session { conn, who, attempt: "ask how the server writes its binary log".into() };
    let log = text(&session.row("SELECT @@log_bin").await?, 0) == "1";
    findings.push(finding(
        "binlog",
        "Binary log",
        good_or(Severity::Warn, log),
        if log { "on" } else { "off" },
        "Without it there is nothing between two backups: no restore to a point in time.",
        "[mysqld]\nlog_bin=binlog",
    ));
    if log {
        findings.extend(log_findings(&mut session, facts.family).await?);
    }
    Ok(findings)
}

async fn log_findings(session: &mut Session<'_>, family: ServerFamily) -> Result<Vec<Finding>> {
    // Newer servers know only ROW and have dropped the variable.
    let variable = session.rows("SHOW GLOBAL VARIABLES LIKE 'binlog\\_format'", &[]).await?;
    let format = variable.first().map_or_else(|| "ROW".to_owned(), |row| text(row, 1));
    let image = text(&session.row("SELECT @@global.binlog_row_image").await?, 0);
    let statement = match family {
        ServerFamily::Mysql => "SELECT @@global.binlog_expire_logs_seconds",
        ServerFamily::Mariadb => "SELECT CAST(@@global.expire_logs_days*86400 AS UNSIGNED)",
    };
    let kept: u64 = text(&session.row(statement).await?, 0).parse().unwrap_or_default();
    let kept_enough = kept == 0 || kept >= 86_400;
    let keep = match family {
        ServerFamily::Mysql => "[mysqld]\nbinlog_expire_logs_seconds=259200",
        ServerFamily::Mariadb => "[mysqld]\nexpire_logs_days=3",
    };
    Ok(vec![
        finding(
            "binlog_format",
            "Binary log format",
            good_or(Severity::Warn, format.eq_ignore_ascii_case("ROW")),
            format,
            "Only rows can be replayed with the same result every time.",
            "SET GLOBAL binlog_format='ROW';\n[mysqld]\nbinlog_format=ROW",
        ),
        finding(
            "binlog_row_image",
            "Binary log row image",
            good_or(Severity::Warn, image.eq_ignore_ascii_case("FULL")),
            image,
            "A full image lets a single tenant's rows be found in the log.",
            "SET GLOBAL binlog_row_image='FULL';\n[mysqld]\nbinlog_row_image=FULL",
        ),
        finding(
            "binlog_retention",
            "Binary log retention",
            good_or(Severity::Warn, kept_enough),
            if kept == 0 { "kept until removed by hand".to_owned() } else { format!("{} h", kept / 3600) },
            "A log that is removed before it was copied leaves a gap.",
            format!("{keep}\nOn Amazon RDS: CALL mysql.rds_set_configuration('binlog retention hours', 72);"),
        ),
    ])
}

/// What the account may do, on the whole server and on each of `databases`.
pub(super) fn account_findings(facts: &ServerFacts, account: &Account, databases: &[String]) -> Vec<Finding> {
    let Account { grants, name } = account;
    let mut findings = Vec::new();
    for database in databases {
        let missing: Vec<&str> = ["SELECT", "SHOW VIEW", "TRIGGER", "EVENT"]
            .into_iter()
            .filter(|privilege| !grants.on(database, privilege))
            .collect();
        let whole = missing.is_empty();
        findings.push(finding(
            "grants",
            &format!("Reading all of {database}"),
            good_or(Severity::Bad, whole),
            if whole {
                "all of it".to_owned()
            } else {
                format!("{} missing on {database}", missing.join(", "))
            },
            "The server hides what the account may not read; a backup would look complete and not be.",
            format!("GRANT {} ON {}.* TO {name};", missing.join(", "), grant_pattern(database)),
        ));
    }
    let (routines, remedy) = match facts.family {
        ServerFamily::Mysql => (
            grants.global("SHOW_ROUTINE")
                || grants.global("SELECT")
                || grants.on_table("mysql", "proc", "SELECT"),
            format!("GRANT SHOW_ROUTINE ON *.* TO {name};"),
        ),
        ServerFamily::Mariadb => {
            (grants.on_table("mysql", "proc", "SELECT"), format!("GRANT SELECT ON mysql.proc TO {name};"))
        }
    };
    let by_database =
        !databases.is_empty() && databases.iter().all(|database| grants.on(database, "SHOW CREATE ROUTINE"));
    findings.push(finding(
        "routines",
        "Reading procedures and functions",
        good_or(Severity::Bad, routines || by_database),
        if routines || by_database {
            "allowed"
        } else {
            "the text of procedures and functions cannot be read"
        },
        "The server hides routines from accounts that may not read their text.",
        remedy,
    ));
    let lock = can_lock(grants, facts.family);
    findings.push(finding(
        "lock",
        "Proof that a backup equals its source",
        good_or(Severity::Warn, lock),
        if lock { "allowed" } else { "RELOAD missing" },
        "A read lock of moments lets the rows of the source be compared with the backup at the same instant; without it only the dump's own rows are proven.",
        match facts.family {
            ServerFamily::Mysql => format!("GRANT FLUSH_TABLES ON *.* TO {name};"),
            ServerFamily::Mariadb => format!("GRANT RELOAD ON *.* TO {name};"),
        },
    ));
    let position_privilege = match facts.family {
        ServerFamily::Mysql => "REPLICATION CLIENT",
        ServerFamily::Mariadb => "BINLOG MONITOR",
    };
    for (key, title, privilege, why) in [
        (
            "position",
            "Reading the position",
            position_privilege,
            "Without the position of a backup nothing can be replayed on top of it.",
        ),
        (
            "replication",
            "Reading the binary log",
            "REPLICATION SLAVE",
            "Needed to copy the log between backups, for restores to a point in time.",
        ),
    ] {
        let held = grants.global(privilege)
            || (privilege == "BINLOG MONITOR" && grants.global("REPLICATION CLIENT"));
        findings.push(finding(
            key,
            title,
            good_or(Severity::Warn, held),
            if held { "allowed".to_owned() } else { format!("{privilege} missing") },
            why,
            format!("GRANT {privilege} ON *.* TO {name};"),
        ));
    }
    findings
}

/// A database's name where GRANT takes a pattern.
pub(super) fn grant_pattern(database: &str) -> String {
    quote_identifier(&database.replace('\\', "\\\\").replace('_', "\\_").replace('%', "\\%"))
}
