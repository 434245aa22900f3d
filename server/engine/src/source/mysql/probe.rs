//! What an account can do on a server, found out before a backup fails at two in the morning.
//!
//! Each finding carries the exact statement or setting that mends it, for this very account. The server's
//! answers are taken, not its version's promises.

use domain::sources::{Capabilities, DatabaseName, Finding, ServerFamily, Severity, Tested};
use mysql_async::Conn;
use serde::{Deserialize, Serialize};

use super::clients::Clients;
use super::connect::Endpoint;
use super::findings::{account_findings, server_findings};
use super::grants::Grants;
use super::inspect::{self, Session, number, text};
use crate::source::inventory::ServerFacts;
use crate::{Error, Kind, Result};

/// Databases of the server's own.
const SYSTEM: &str = "'mysql','information_schema','performance_schema','sys'";

/// A database and its size.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DatabaseSize {
    /// Its name.
    pub name: String,
    /// Base tables in it.
    pub tables: u64,
    /// The server's estimate of data and indexes, in bytes.
    pub bytes: u64,
    /// Names of tables that take part in no snapshot, five at most.
    pub inconsistent: Vec<String>,
}

/// What a probe found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Probe {
    /// What the account can do.
    pub capabilities: Capabilities,
    /// Databases that it sees, with sizes.
    pub sizes: Vec<DatabaseSize>,
}

/// What is known of the account.
pub struct Account {
    /// What it may do.
    pub grants: Grants,
    /// `'backup'@'10.0.0.%'`, as GRANT wants it.
    pub name: String,
}

/// Probes `endpoint` for backing up `databases`, or everything it sees if that is empty.
pub async fn probe(endpoint: &Endpoint, clients: &Clients, databases: &[DatabaseName]) -> Result<Probe> {
    let who = endpoint.shown();
    let mut conn = endpoint.connect().await?;
    let facts = inspect::server_facts(&mut conn, &who, "").await?;
    let account = account(&mut conn, &who, facts.family).await?;
    let sizes = sizes(&mut conn, &who).await?;
    let wanted: Vec<String> = if databases.is_empty() {
        sizes.iter().map(|size| size.name.clone()).collect()
    } else {
        databases.iter().map(|database| database.as_str().to_owned()).collect()
    };
    let tested = tested(&facts);
    let mut findings = server_findings(&mut conn, &who, &facts, tested, clients).await?;
    findings.extend(account_findings(&facts, &account, &wanted));
    findings.extend(table_findings(&sizes, &wanted));
    findings.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
    let _closed = conn.disconnect().await;
    Ok(Probe {
        capabilities: Capabilities {
            family: facts.family,
            tested,
            can_prove_position: can_lock(&account.grants, facts.family),
            version: facts.version,
            server_uuid: facts.server_uuid,
            databases: sizes.iter().map(|size| size.name.clone()).collect(),
            findings,
            files: None,
        },
        sizes,
    })
}

/// Refuses a database of which the account sees only a part: servers hide what an account may not read, and
/// the backup would look complete.
pub async fn refuse_if_blind(
    conn: &mut Conn,
    who: &str,
    facts: &ServerFacts,
    database: &DatabaseName,
) -> Result<()> {
    let account = account(conn, who, facts.family).await?;
    let missing = account_findings(facts, &account, &[database.as_str().to_owned()]);
    let missing: Vec<_> = missing.iter().filter(|finding| finding.severity == Severity::Bad).collect();
    if missing.is_empty() {
        return Ok(());
    }
    let remedies: Vec<_> = missing.iter().map(|finding| finding.remedy.as_str()).collect();
    let what: Vec<_> = missing.iter().map(|finding| finding.found.as_str()).collect();
    Err(Error::new(
        Kind::Source,
        format!("open {database}"),
        format!("{who} cannot read all of it: {}", what.join("; ")),
    )
    .hint(format!("As an administrator of the server: {}", remedies.join(" "))))
}

/// Whether the short global read lock is allowed.
pub(super) fn can_lock(grants: &Grants, family: ServerFamily) -> bool {
    grants.global("RELOAD") || (family == ServerFamily::Mysql && grants.global("FLUSH_TABLES"))
}

/// What the session's account may do.
pub async fn account(conn: &mut Conn, who: &str, family: ServerFamily) -> Result<Account> {
    let mut session = Session { conn, who, attempt: "ask what the account may do".into() };
    let current = text(&session.row("SELECT CURRENT_USER()").await?, 0);
    let (user, host) = current.rsplit_once('@').unwrap_or((&current, "%"));
    let mut lines = session.rows("SHOW GRANTS", &[]).await?;
    // What the roles give that are active from the start: the dump program has no others.
    let role = text(&session.row("SELECT CURRENT_ROLE()").await?, 0);
    if !matches!(role.as_str(), "" | "NONE" | "NULL") {
        let statement = match family {
            ServerFamily::Mysql => format!("SHOW GRANTS FOR CURRENT_USER() USING {role}"),
            ServerFamily::Mariadb => format!("SHOW GRANTS FOR {}", domain::sources::quote_identifier(&role)),
        };
        lines.extend(session.rows(&statement, &[]).await?);
    }
    let lines: Vec<String> = lines.iter().map(|row| text(row, 0)).collect();
    Ok(Account {
        grants: Grants::parse(lines.iter().map(String::as_str)),
        name: format!("'{}'@'{}'", user.replace('\'', "''"), host.replace('\'', "''")),
    })
}

async fn sizes(conn: &mut Conn, who: &str) -> Result<Vec<DatabaseSize>> {
    let mut session = Session { conn, who, attempt: "list the databases".into() };
    let rows = session
        .rows(
            &format!(
                "SELECT s.SCHEMA_NAME, COUNT(t.TABLE_NAME), \
                 CAST(COALESCE(SUM(COALESCE(t.DATA_LENGTH,0)+COALESCE(t.INDEX_LENGTH,0)),0) AS UNSIGNED) \
                 FROM information_schema.SCHEMATA s LEFT JOIN information_schema.TABLES t \
                 ON t.TABLE_SCHEMA=s.SCHEMA_NAME AND t.TABLE_TYPE IN ('BASE TABLE','SYSTEM VERSIONED') \
                 WHERE s.SCHEMA_NAME NOT IN ({SYSTEM}) GROUP BY s.SCHEMA_NAME ORDER BY s.SCHEMA_NAME"
            ),
            &[],
        )
        .await?;
    let loose = session
        .rows(
            &format!(
                "SELECT t.TABLE_SCHEMA, t.TABLE_NAME FROM information_schema.TABLES t \
                 JOIN information_schema.ENGINES e ON e.ENGINE=t.ENGINE \
                 WHERE COALESCE(e.TRANSACTIONS,'NO')<>'YES' AND t.TABLE_TYPE='BASE TABLE' \
                 AND t.TABLE_SCHEMA NOT IN ({SYSTEM}) ORDER BY 1,2"
            ),
            &[],
        )
        .await?;
    Ok(rows
        .iter()
        .map(|row| {
            let name = text(row, 0);
            let inconsistent =
                loose.iter().filter(|loose| text(loose, 0) == name).take(5).map(|row| text(row, 1)).collect();
            DatabaseSize { tables: number(row, 1), bytes: number(row, 2), inconsistent, name }
        })
        .collect())
}

fn table_findings(sizes: &[DatabaseSize], wanted: &[String]) -> Vec<Finding> {
    let loose = sizes.iter().filter(|size| wanted.contains(&size.name) && !size.inconsistent.is_empty());
    loose
        .map(|size| Finding {
            key: "transactional".into(),
            title: format!("Tables of {} in a snapshot", size.name),
            severity: Severity::Warn,
            found: format!("not transactional: {}", size.inconsistent.join(", ")),
            why: "Such tables take part in no snapshot; what is read of them may not fit the rest.".into(),
            remedy: size
                .inconsistent
                .iter()
                .map(|table| {
                    let quote = domain::sources::quote_identifier;
                    format!("ALTER TABLE {}.{} ENGINE=InnoDB;", quote(&size.name), quote(table))
                })
                .collect::<Vec<_>>()
                .join("\n"),
        })
        .collect()
}

fn tested(facts: &ServerFacts) -> Tested {
    match (facts.family, facts.series()) {
        (ServerFamily::Mariadb, "10.11") | (ServerFamily::Mysql, "9.7") => Tested::Yes,
        _ => Tested::Never,
    }
}
