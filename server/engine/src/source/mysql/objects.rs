//! Reads views, triggers, routines and events as single statements.
//!
//! The client program could dump them too, but as text that carries their definers, client-side delimiters and
//! statements of its own, and that text would have to be edited. SHOW CREATE gives one statement per object.

use domain::sources::{DatabaseName, quote_identifier};
use mysql_async::{Conn, Row};

use super::definer;
use super::inspect::{Session, number, optional, text};
use crate::source::inventory::{ObjectKind, StoredObject};
use crate::{Error, Kind, Result};

/// Everything stored in `database`, in the order in which it is to be created: routines, views, triggers in
/// their own order, events. Leaves it as the connection's default database, without which servers would print
/// views with the database's name in them.
pub async fn read(conn: &mut Conn, who: &str, database: &DatabaseName) -> Result<Vec<StoredObject>> {
    let name = database.as_str();
    let mut session = Session {
        conn,
        who,
        attempt: format!("read the views, triggers, routines and events of {database}"),
    };
    session.run(&format!("USE {}", database.quoted())).await?;
    let mut objects = Vec::new();

    let routines = session
        .rows(
            "SELECT ROUTINE_NAME, ROUTINE_TYPE, DEFINER, SQL_MODE, CHARACTER_SET_CLIENT, COLLATION_CONNECTION \
             FROM information_schema.ROUTINES WHERE ROUTINE_SCHEMA=? \
             ORDER BY FIELD(ROUTINE_TYPE,'PACKAGE','PACKAGE BODY','FUNCTION','PROCEDURE'), ROUTINE_NAME",
            &[name],
        )
        .await?;
    for row in &routines {
        let kind = match text(row, 1).as_str() {
            "FUNCTION" => ObjectKind::Function,
            "PACKAGE" => ObjectKind::Package,
            "PACKAGE BODY" => ObjectKind::PackageBody,
            _ => ObjectKind::Procedure,
        };
        objects.push(object(&mut session, kind, row, 2).await?);
    }
    let views = session
        .rows(
            "SELECT TABLE_NAME, 'VIEW', DEFINER, '', CHARACTER_SET_CLIENT, COLLATION_CONNECTION \
             FROM information_schema.VIEWS WHERE TABLE_SCHEMA=? ORDER BY TABLE_NAME",
            &[name],
        )
        .await?;
    for row in &views {
        objects.push(object(&mut session, ObjectKind::View, row, 1).await?);
    }
    let triggers = session
        .rows(
            "SELECT TRIGGER_NAME, 'TRIGGER', DEFINER, SQL_MODE, CHARACTER_SET_CLIENT, COLLATION_CONNECTION, \
             EVENT_OBJECT_TABLE, ACTION_ORDER FROM information_schema.TRIGGERS WHERE TRIGGER_SCHEMA=? \
             ORDER BY EVENT_OBJECT_TABLE, ACTION_TIMING, EVENT_MANIPULATION, ACTION_ORDER",
            &[name],
        )
        .await?;
    for row in &triggers {
        let mut trigger = object(&mut session, ObjectKind::Trigger, row, 2).await?;
        trigger.table = optional(row, 6);
        trigger.order = u32::try_from(number(row, 7)).ok();
        trigger.create_sql = without_order(&trigger.create_sql);
        objects.push(trigger);
    }
    let events = session
        .rows(
            "SELECT EVENT_NAME, 'EVENT', DEFINER, SQL_MODE, CHARACTER_SET_CLIENT, COLLATION_CONNECTION, TIME_ZONE, \
             STATUS FROM information_schema.EVENTS WHERE EVENT_SCHEMA=? ORDER BY EVENT_NAME",
            &[name],
        )
        .await?;
    for row in &events {
        let mut event = object(&mut session, ObjectKind::Event, row, 3).await?;
        event.time_zone = optional(row, 6);
        event.status = optional(row, 7);
        event.create_sql =
            definer::disabled_event(&event.create_sql).ok_or_else(|| unreadable(&session, &event.name))?;
        objects.push(event);
    }
    Ok(objects)
}

async fn object(
    session: &mut Session<'_>,
    kind: ObjectKind,
    row: &Row,
    column: usize,
) -> Result<StoredObject> {
    let name = text(row, 0);
    let shown = session.row(&format!("SHOW CREATE {} {}", kind.sql(), quote_identifier(&name))).await?;
    let Some(statement) = optional(&shown, column) else {
        return Err(Error::new(
            Kind::Source,
            session.attempt.clone(),
            format!("the account may not read the text of {} {name}", kind.sql().to_lowercase()),
        )
        .hint("The connection test prints the exact GRANT that is missing."));
    };
    let split = definer::split(&statement).ok_or_else(|| unreadable(session, &name))?;
    Ok(StoredObject {
        kind,
        name,
        definer: text(row, 2),
        sql_mode: text(row, 3),
        character_set_client: text(row, 4),
        collation: text(row, 5),
        create_sql: split.statement,
        table: None,
        order: None,
        time_zone: None,
        status: None,
    })
}

fn unreadable(session: &Session<'_>, name: &str) -> Error {
    Error::new(
        Kind::Source,
        session.attempt.clone(),
        format!("the server printed {name} in a form not known here"),
    )
    .hint("Please report the server's version and what SHOW CREATE prints.")
}

/// `FOLLOWS other` and `PRECEDES other` name a trigger that may not exist yet; the order is kept apart.
fn without_order(statement: &str) -> String {
    let Some(at) = find_word(statement, "FOR EACH ROW") else { return statement.to_owned() };
    let body = at + "FOR EACH ROW".len();
    let rest = statement[body..].trim_start();
    let Some(after) = ["FOLLOWS", "PRECEDES"].into_iter().find_map(|word| {
        let head = rest.get(..word.len())?;
        head.eq_ignore_ascii_case(word).then(|| rest[word.len()..].trim_start())
    }) else {
        return statement.to_owned();
    };
    let name_end = if let Some(inner) = after.strip_prefix('`') {
        inner.find('`').map(|end| end + 2)
    } else {
        after.find(char::is_whitespace)
    };
    name_end.map_or_else(
        || statement.to_owned(),
        |end| format!("{} {}", &statement[..body], after[end..].trim_start()),
    )
}

/// The first place of `wanted` outside quotes, whatever its case and the white space between its words.
fn find_word(text: &str, wanted: &str) -> Option<usize> {
    let mut quote = None;
    for (at, character) in text.char_indices() {
        match quote {
            Some(open) if character == open => quote = None,
            Some(_) => {}
            None if matches!(character, '`' | '"' | '\'') => quote = Some(character),
            None => {
                if text.get(at..at + wanted.len()).is_some_and(|here| here.eq_ignore_ascii_case(wanted)) {
                    return Some(at);
                }
            }
        }
    }
    None
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_triggers_neighbour_is_taken_out() {
        for (text, plain) in [
            (
                "CREATE TRIGGER `FOLLOWS` before insert on t for each row follows `a b` set @x=1",
                "CREATE TRIGGER `FOLLOWS` before insert on t for each row set @x=1",
            ),
            (
                "CREATE TRIGGER t before insert on t FOR EACH ROW PRECEDES x begin end",
                "CREATE TRIGGER t before insert on t FOR EACH ROW begin end",
            ),
            (
                "CREATE TRIGGER t before insert on t for each row set @x='FOLLOWS y'",
                "CREATE TRIGGER t before insert on t for each row set @x='FOLLOWS y'",
            ),
        ] {
            assert_eq!(super::without_order(text), plain);
        }
    }
}
