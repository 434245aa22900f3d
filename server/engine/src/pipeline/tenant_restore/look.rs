//! The live database as it is now: definitions, keys, triggers, and what refers to it from outside.

use std::collections::{BTreeMap, BTreeSet};

use domain::sources::DatabaseName;

use super::{
    super::native::open::refuse_if_moved,
    triggers::{self, Trigger},
};
use crate::{
    Error, Kind, Result,
    source::{
        inventory::{Inventory, ServerFacts},
        mysql::{
            connect::Endpoint,
            identity,
            inspect::{self, Session, text},
            probe,
            tenancy::{
                keys::{self, Keys},
                outside::{self, Outside},
            },
        },
    },
};

/// The live database.
pub struct Live {
    pub server: ServerFacts,
    /// What tells the server from every other one.
    pub identity: String,
    pub inventory: Inventory,
    pub keys: Keys,
    /// Keys of other databases that refer to this one.
    pub outside: Outside,
    /// Triggers by table.
    pub triggers: BTreeMap<String, Vec<Trigger>>,
    /// Names of stored functions: a trigger that calls one does what nobody can see from outside.
    pub functions: BTreeSet<String>,
    /// Whether the binary log holds statements, which forbids READ COMMITTED.
    pub logs_statements: bool,
}

/// Looks at the live database. Whoever changes definitions meanwhile makes it fail; it may be tried again then.
pub async fn look(endpoint: &Endpoint, database: &DatabaseName) -> Result<Live> {
    let who = endpoint.shown();
    let mut conn = endpoint.connect().await?;
    let server = inspect::server_facts(&mut conn, &who, "").await?;
    let identity = identity::lasting(&mut conn, &who, &server).await?;
    // An account without TRIGGER sees none, and nobody would know what changes besides.
    let account = probe::account(&mut conn, &who, server.family).await?;
    if !account.grants.on(database.as_str(), "TRIGGER") {
        let attempt = format!("look at the triggers of {database}");
        return Err(Error::new(Kind::Source, attempt, format!("{who} may not see them")).hint(format!(
            "As an administrator of the server: GRANT TRIGGER ON {}.* TO {};",
            database.quoted(),
            account.name
        )));
    }
    let inventory = inspect::inventory(&mut conn, &who, server.family, database).await?;
    let mut session = Session { conn: &mut conn, who: &who, attempt: format!("read the keys of {database}") };
    let keys = keys::read(&mut session, database).await?;
    refuse_if_moved(&inventory, &keys)?;
    let outside = outside::read(&mut session, server.family, database, &account.grants).await?;
    let triggers = triggers::read(&mut session, database).await?;
    let routines = session
        .rows(
            "SELECT ROUTINE_NAME FROM information_schema.ROUTINES WHERE ROUTINE_SCHEMA=? \
             AND ROUTINE_TYPE='FUNCTION'",
            &[database.as_str()],
        )
        .await?;
    let functions = routines.iter().map(|row| text(row, 0).to_lowercase()).collect();
    // Not as variables: newer servers do not know one of them any more.
    let settings =
        session.rows("SHOW VARIABLES WHERE Variable_name IN ('log_bin','binlog_format')", &[]).await?;
    let is = |name: &str, value: &str| {
        settings.iter().any(|row| text(row, 0) == name && text(row, 1).eq_ignore_ascii_case(value))
    };
    let logs_statements = is("log_bin", "ON") && is("binlog_format", "STATEMENT");
    // Nothing more is asked of it; how the goodbye goes does not matter.
    let _closed = conn.disconnect().await;
    Ok(Live { server, identity, inventory, keys, outside, triggers, functions, logs_statements })
}
