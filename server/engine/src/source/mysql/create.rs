//! Creates views, triggers, routines and events on a target.
//!
//! Each belongs to the account that creates it: the source's definer is kept in the backup but not brought back
//! to life, because that account may not exist here or may be more than whoever restores. `SQL SECURITY`
//! stays as it was, so an object with definer rights runs with the rights of the restoring account.
//!
//! A statement comes from the source's server and could hold more than one; it is therefore first run in a
//! scratch schema by an account that can touch nothing else. There a second statement is noticed, and what the
//! server then prints must equal the text ([`super::compare`]) before a backup counts as restorable. The first
//! holds between servers of different series too, whose texts cannot be compared.

use domain::sources::{DatabaseName, quote_identifier};
use mysql_async::Conn;
use mysql_async::prelude::Queryable;
use serde::{Deserialize, Serialize};

use super::connect::Endpoint;
use super::faults;
use crate::source::inventory::{ObjectKind, StoredObject};
use crate::{Error, Kind, Result};

/// What becomes of events.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Events {
    /// They stay disabled: in a scratch schema nothing may start to run.
    Disabled,
    /// They get the status that they had at the source.
    AsAtSource,
}

/// An object that could not be created.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ObjectFailure {
    /// What it is.
    pub kind: ObjectKind,
    /// Its name.
    pub name: String,
    /// Why.
    pub message: String,
    /// What can be done about it.
    pub hint: Option<String>,
}

/// ER_BINLOG_CREATE_ROUTINE_NEED_SUPER: only administrators may create functions and triggers on this server.
const NO_CREATORS: u16 = 1419;

/// Creates `objects`, in their order, in `database`; returns those that could not be.
pub async fn create(
    endpoint: &Endpoint,
    database: &DatabaseName,
    objects: &[StoredObject],
    events: Events,
) -> Result<Vec<ObjectFailure>> {
    let who = endpoint.shown();
    let mut conn = endpoint.connect().await?;
    let attempt = format!("create views, triggers, routines and events in {database}");
    conn.query_drop(format!("USE {}", database.quoted()))
        .await
        .map_err(|error| faults::from_driver(&attempt, &who, error))?;
    let mut failures = Vec::new();
    let mut waiting: Vec<&StoredObject> = objects.iter().collect();
    // A view may stand on one that comes later; every round that creates something is followed by another.
    loop {
        failures.clear();
        let before = waiting.len();
        let mut again = Vec::new();
        for object in waiting {
            let created = create_one(&mut conn, database, object, events).await;
            if let Ok(false) = created {
                return Err(more_than_one(object));
            }
            if let Err(error) = created {
                // Refused by how this server is set up: it says nothing about the object.
                let of_the_server =
                    matches!(&error, mysql_async::Error::Server(server) if server.code == NO_CREATORS);
                let fault = faults::from_driver(
                    format!("create {} {}", object.kind.sql().to_lowercase(), object.name),
                    &who,
                    error,
                );
                if of_the_server || conn.query_drop("DO 0").await.is_err() {
                    return Err(fault);
                }
                failures.push(failure(object, &fault));
                again.push(object);
            }
        }
        waiting = again;
        if waiting.is_empty() || waiting.len() == before {
            break;
        }
    }
    let _closed = conn.disconnect().await;
    Ok(failures)
}

fn more_than_one(object: &StoredObject) -> Error {
    let what = format!("create {} {}", object.kind.sql().to_lowercase(), object.name);
    Error::new(Kind::Integrity, what, "its text holds more than one statement, which no server prints")
        .hint("Somebody tampers with the server that this backup was taken from, or with what it sends.")
}

fn failure(object: &StoredObject, fault: &Error) -> ObjectFailure {
    ObjectFailure {
        kind: object.kind,
        name: object.name.clone(),
        message: fault.message().to_owned(),
        hint: fault.advice().map(str::to_owned),
    }
}

/// False if its text turned out to hold more than one statement.
async fn create_one(
    conn: &mut Conn,
    database: &DatabaseName,
    object: &StoredObject,
    events: Events,
) -> Result<bool, mysql_async::Error> {
    // Our text is UTF-8. Another character set can be declared only if the text reads the same in both.
    let charset = if object.create_sql.is_ascii() && !object.character_set_client.is_empty() {
        object.character_set_client.as_str()
    } else {
        "utf8mb4"
    };
    let collation =
        if object.collation.is_empty() { "utf8mb4_general_ci" } else { object.collation.as_str() };
    let time_zone = object.time_zone.as_deref().unwrap_or("+00:00");
    conn.exec_drop(
        "SET SESSION sql_mode=?, character_set_client=?, collation_connection=?, time_zone=?",
        (object.sql_mode.as_str(), charset, collation, time_zone),
    )
    .await?;
    let answer = conn.query_iter(object.create_sql.as_str()).await?;
    // A CREATE has no rows: what is not empty is the answer to a further statement.
    let is_one = answer.is_empty();
    answer.drop_result().await?;
    if !is_one {
        return Ok(false);
    }
    let (Events::AsAtSource, Some(status)) = (events, object.status.as_deref()) else { return Ok(true) };
    let word = match status {
        "ENABLED" => "ENABLE",
        "SLAVESIDE_DISABLED" | "REPLICA_SIDE_DISABLED" => "DISABLE ON SLAVE",
        _ => return Ok(true),
    };
    conn.query_drop(format!("ALTER EVENT {}.{} {word}", database.quoted(), quote_identifier(&object.name)))
        .await?;
    Ok(true)
}
