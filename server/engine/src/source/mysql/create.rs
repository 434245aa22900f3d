//! Creates views, triggers, routines and events on a target.
//!
//! Each belongs to the account that creates it, unless somebody chose otherwise ([`super::owners`]): the source's
//! definer is kept in the backup, but that account may not exist here or may be more than whoever restores.
//! `SQL SECURITY` stays as it was, so an object with definer rights runs with the rights of whom it belongs to.
//!
//! A statement comes from the source's server and could hold more than one; it is therefore first run in a
//! scratch schema by an account that can touch nothing else. There a second statement is noticed, and what the
//! server then prints must equal the text ([`super::compare`]) before a backup counts as restorable. The first
//! holds between servers of different series too, whose texts cannot be compared.

use domain::definers::Account;
use domain::sources::{DatabaseName, quote_identifier};
use mysql_async::Conn;
use mysql_async::prelude::Queryable;
use serde::{Deserialize, Serialize};

use super::connect::Endpoint;
use super::owners::Owners;
use super::{definer, faults, objects};
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

/// What was created.
#[derive(Debug)]
pub struct Created<'a> {
    /// In the order in which it was.
    pub made: Vec<&'a StoredObject>,
    /// What could not be.
    pub failures: Vec<ObjectFailure>,
}

/// ER_BINLOG_CREATE_ROUTINE_NEED_SUPER: only administrators may create functions and triggers on this server.
const NO_CREATORS: u16 = 1419;

/// Creates `objects`, in their order, in `database`, for `owners`; views and functions get theirs by [`Created::give`].
pub async fn create<'a>(
    endpoint: &Endpoint,
    database: &DatabaseName,
    objects: &'a [StoredObject],
    owners: &Owners,
    events: Events,
) -> Result<Created<'a>> {
    let who = endpoint.shown();
    let mut conn = inside(endpoint, database).await?;
    let (mut made, mut failures) = (Vec::new(), Vec::new());
    let mut waiting: Vec<&StoredObject> = objects.iter().collect();
    // A view may stand on one that comes later; every round that creates something is followed by another.
    loop {
        failures.clear();
        let before = waiting.len();
        let mut again = Vec::new();
        for object in waiting {
            let owner = owners.of(object).filter(|_| !is_given_later(object.kind));
            let created = create_one(&mut conn, database, object, owner, events).await;
            match created {
                Ok(true) => made.push(object),
                Ok(false) => return Err(more_than_one(object)),
                Err(_) => {}
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
    Ok(Created { made, failures })
}

/// What others may be built on: it can be used by whoever builds only while it belongs to an account that may use what it
/// is built on itself. At the source its owner may; here that account may have no rights at all.
const fn is_given_later(kind: ObjectKind) -> bool {
    matches!(kind, ObjectKind::View | ObjectKind::Function)
}

impl Created<'_> {
    /// Gives views and functions to their owners, the last first, so that what is built on others goes before them.
    /// Returns everything that could not be created, or does not belong to whom it should.
    pub async fn give(
        self,
        endpoint: &Endpoint,
        database: &DatabaseName,
        owners: &Owners,
    ) -> Result<Vec<ObjectFailure>> {
        let Self { made, mut failures } = self;
        if made.iter().all(|object| owners.of(object).is_none()) {
            return Ok(failures);
        }
        let who = endpoint.shown();
        let mut conn = inside(endpoint, database).await?;
        for object in made.iter().rev().filter(|object| is_given_later(object.kind)) {
            let Some(owner) = owners.of(object) else { continue };
            if let Err(error) = give_one(&mut conn, database, object, owner).await {
                let attempt = format!("give {} {} to {owner}", object.kind.sql().to_lowercase(), object.name);
                failures.push(failure(object, &faults::from_driver(attempt, &who, error)));
            }
        }
        let _closed = conn.disconnect().await;
        // Another connection: this one speaks as the last object was made.
        let mut conn = endpoint.connect().await?;
        let now = objects::read(&mut conn, &who, database).await?;
        for object in made {
            let found = now.iter().find(|other| other.kind == object.kind && other.name == object.name);
            if found.is_some_and(|found| !owners.has(object, found)) {
                let message = format!("it belongs to {}", found.map_or("", |found| &found.definer));
                failures.push(ObjectFailure {
                    kind: object.kind,
                    name: object.name.clone(),
                    message,
                    hint: None,
                });
            }
        }
        let _closed = conn.disconnect().await;
        Ok(failures)
    }
}

async fn give_one(
    conn: &mut Conn,
    database: &DatabaseName,
    object: &StoredObject,
    owner: &Account,
) -> Result<(), mysql_async::Error> {
    if object.kind != ObjectKind::View {
        conn.query_drop(format!("DROP FUNCTION {}", quote_identifier(&object.name))).await?;
        let given = create_one(conn, database, object, Some(owner), Events::Disabled).await;
        if given.is_err() {
            // Better nobody's than none at all.
            let _again = create_one(conn, database, object, None, Events::Disabled).await;
        }
        return given.map(drop);
    }
    let replacing = object.create_sql.replacen("CREATE ", "CREATE OR REPLACE ", 1);
    let object = StoredObject { create_sql: replacing, ..object.clone() };
    create_one(conn, database, &object, Some(owner), Events::Disabled).await.map(drop)
}

/// A connection whose default database is `database`.
async fn inside(endpoint: &Endpoint, database: &DatabaseName) -> Result<Conn> {
    let attempt = format!("create views, triggers, routines and events in {database}");
    let mut conn = endpoint.connect().await?;
    conn.query_drop(format!("USE {}", database.quoted()))
        .await
        .map_err(|error| faults::from_driver(&attempt, &endpoint.shown(), error))?;
    Ok(conn)
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
    owner: Option<&Account>,
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
    let create = owner.and_then(|owner| definer::with(&object.create_sql, owner));
    let answer = conn.query_iter(create.as_deref().unwrap_or(&object.create_sql)).await?;
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
    // Whoever alters an event takes it over, unless the statement names its owner.
    let definer = owner.map(|owner| format!("DEFINER={} ", owner.quoted())).unwrap_or_default();
    let name = format!("{}.{}", database.quoted(), quote_identifier(&object.name));
    conn.query_drop(format!("ALTER {definer}EVENT {name} {word}")).await?;
    Ok(true)
}
