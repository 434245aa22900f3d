//! Triggers of the tables that are written to: which will fire, and what they write to.
//!
//! Their text is part of what is agreed to: another text does other things. What they write to is read from it as
//! far as text tells; what a routine does that they call, nobody can tell, and that is said.

use std::collections::{BTreeMap, BTreeSet};

use domain::sources::DatabaseName;
use serde::{Deserialize, Serialize};

use super::{choose::Compared, content::TableChange, look::Live};
use crate::{
    Result,
    source::mysql::inspect::{Session, text},
};

/// A trigger as it is now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trigger {
    /// Its name.
    pub name: String,
    /// `BEFORE` or `AFTER`.
    pub timing: String,
    /// `INSERT`, `UPDATE` or `DELETE`.
    pub event: String,
    /// As whom it acts.
    pub definer: String,
    /// The settings that it was made under.
    pub sql_mode: String,
    /// What it does.
    pub text: String,
}

/// Reads the triggers of a database, by table and in the order in which they fire.
pub async fn read(
    session: &mut Session<'_>,
    database: &DatabaseName,
) -> Result<BTreeMap<String, Vec<Trigger>>> {
    let rows = session
        .rows(
            "SELECT EVENT_OBJECT_TABLE, TRIGGER_NAME, ACTION_TIMING, EVENT_MANIPULATION, DEFINER, SQL_MODE, \
             ACTION_STATEMENT FROM information_schema.TRIGGERS WHERE TRIGGER_SCHEMA=? \
             ORDER BY EVENT_OBJECT_TABLE, EVENT_MANIPULATION, ACTION_TIMING, ACTION_ORDER, TRIGGER_NAME",
            &[database.as_str()],
        )
        .await?;
    let mut triggers: BTreeMap<String, Vec<Trigger>> = BTreeMap::new();
    for row in &rows {
        triggers.entry(text(row, 0)).or_default().push(Trigger {
            name: text(row, 1),
            timing: text(row, 2).to_uppercase(),
            event: text(row, 3).to_uppercase(),
            definer: text(row, 4),
            sql_mode: text(row, 5),
            text: text(row, 6),
        });
    }
    Ok(triggers)
}

/// Names of a table's triggers, in alphabetical order.
pub fn names(table: &Compared) -> Vec<&str> {
    let mut names: Vec<_> = table.triggers.iter().map(|trigger| trigger.name.as_str()).collect();
    names.sort_unstable();
    names
}

/// What is to be said of the triggers of tables that change.
pub fn remarks(
    tables: &[Compared],
    changed: &[TableChange],
    live: &Live,
    database: &DatabaseName,
) -> Vec<String> {
    let here = format!("{database}.");
    let mut remarks = Vec::new();
    for (table, change) in tables.iter().zip(changed).filter(|(_, change)| change.count() > 0) {
        let name = &table.plan.name;
        let firing: Vec<_> = table.triggers.iter().filter(|trigger| fires(trigger, table, change)).collect();
        if firing.is_empty() {
            continue;
        }
        let list: Vec<_> = firing
            .iter()
            .map(|trigger| format!("{} ({} {})", trigger.name, trigger.timing, trigger.event))
            .collect();
        remarks.push(format!("Triggers of {name} will fire: {}.", list.join(", ")));
        for trigger in firing {
            let written =
                written_to(&trigger.text, trigger.sql_mode.contains("ANSI_QUOTES"), &live.functions);
            let (inside, outside): (Vec<_>, Vec<_>) = written
                .tables
                .into_iter()
                .map(|table| table.strip_prefix(&here).map(str::to_owned).unwrap_or(table))
                .partition(|table| tables.iter().any(|compared| compared.plan.name == *table));
            if !outside.is_empty() {
                remarks.push(format!(
                    "Trigger {} of {name} writes to {}, which is no part of this restore: those rows change \
                     besides, are not shown here, and are not taken back when it is undone.",
                    trigger.name,
                    outside.join(", ")
                ));
            }
            if !inside.is_empty() {
                remarks.push(format!(
                    "Trigger {} of {name} writes to {}, which is put back too: if other rows than the backup's \
                     are left there, the restore is refused and nothing changes. Rows of other tenants that it \
                     writes are not looked at.",
                    trigger.name,
                    inside.join(", ")
                ));
            }
            if !written.calls.is_empty() {
                let calls: Vec<_> = written.calls.into_iter().collect();
                remarks.push(format!(
                    "Trigger {} of {name} calls {}: what that changes cannot be seen from here.",
                    trigger.name,
                    calls.join(", ")
                ));
            }
        }
    }
    remarks
}

/// Whether a trigger fires when the change is made.
fn fires(trigger: &Trigger, table: &Compared, change: &TableChange) -> bool {
    let moved = if in_place(table) { 0 } else { change.updates };
    match trigger.event.as_str() {
        "INSERT" => change.inserts + moved > 0,
        "DELETE" => change.deletes + moved > 0,
        _ => change.updates > moved,
    }
}

/// Whether an updated row is changed in place. Where no trigger would notice it is taken out and put in again:
/// rows can exchange their unique values then, and go many at a time.
pub fn in_place(table: &Compared) -> bool {
    !table.triggers.is_empty() && table.plan.columns.len() > table.plan.key.len()
}

/// What a text writes to, as far as it says so.
#[derive(Debug, Default, PartialEq, Eq)]
struct Written {
    /// Tables, with their database where it is named.
    tables: BTreeSet<String>,
    /// Procedures and stored functions that it calls.
    calls: BTreeSet<String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Token {
    Word(String),
    Name(String),
    Sign(char),
}

impl Token {
    fn is(&self, word: &str) -> bool {
        matches!(self, Self::Word(own) if own.eq_ignore_ascii_case(word))
    }
    fn name(&self) -> Option<&str> {
        match self {
            Self::Word(name) | Self::Name(name) => Some(name),
            Self::Sign(_) => None,
        }
    }
}

fn written_to(text: &str, ansi: bool, functions: &BTreeSet<String>) -> Written {
    let tokens = tokens(text, ansi);
    let mut written = Written::default();
    let at = |place: usize| tokens.get(place);
    let is = |place: usize, word: &str| at(place).is_some_and(|token| token.is(word));
    let sign = |place: usize, sign: char| at(place) == Some(&Token::Sign(sign));
    // A name that may be one of two parts, and where it ends.
    let name = |place: usize| {
        let first = at(place)?.name()?.to_owned();
        if sign(place + 1, '.') {
            return Some((format!("{first}.{}", at(place + 2)?.name()?), place + 3));
        }
        Some((first, place + 1))
    };
    // The tables of a list of references, up to one of these words.
    let references = |mut place: usize, ends: &[&str], into: &mut BTreeSet<String>| {
        let mut expected = true;
        while let Some(token) = at(place) {
            if *token == Token::Sign(';') || ends.iter().any(|end| token.is(end)) {
                break;
            }
            if *token == Token::Sign(',') || token.is("JOIN") || token.is("STRAIGHT_JOIN") {
                expected = true;
            } else if expected && *token != Token::Sign('(') {
                expected = false;
                if let Some((table, _)) = name(place) {
                    into.insert(table);
                }
            }
            place += 1;
        }
    };
    let modifiers = ["LOW_PRIORITY", "HIGH_PRIORITY", "DELAYED", "QUICK", "IGNORE", "INTO"];
    for (place, token) in tokens.iter().enumerate() {
        let mut next = place + 1;
        while modifiers.iter().any(|word| is(next, word)) {
            next += 1;
        }
        let part = place > 0 && sign(place - 1, '.');
        if part || sign(next, '(') && !token.is("CALL") {
            let called = token.name().filter(|name| functions.contains(&name.to_lowercase()));
            written.calls.extend(called.filter(|_| sign(place + 1, '(')).map(str::to_owned));
            continue;
        }
        if token.is("INSERT") || token.is("REPLACE") {
            written.tables.extend(name(next).map(|found| found.0));
        } else if token.is("UPDATE") && !(place > 0 && (is(place - 1, "KEY") || is(place - 1, "FOR"))) {
            references(next, &["SET"], &mut written.tables);
        } else if token.is("DELETE") {
            let from =
                (next..tokens.len()).take_while(|place| !sign(*place, ';')).find(|place| is(*place, "FROM"));
            if let Some(from) = from {
                references(from + 1, &["WHERE", "ORDER", "LIMIT", "USING", "RETURNING"], &mut written.tables);
            }
        } else if token.is("CALL") {
            written.calls.extend(name(next).map(|found| found.0));
        }
    }
    written
}

fn tokens(text: &str, ansi: bool) -> Vec<Token> {
    let letters: Vec<char> = text.chars().collect();
    let (mut tokens, mut at) = (Vec::new(), 0);
    let is_word = |letter: char| letter.is_alphanumeric() || matches!(letter, '_' | '$' | '@');
    while let Some(letter) = letters.get(at).copied() {
        let next = letters.get(at + 1).copied();
        let line = letter == '#' || letter == '-' && next == Some('-');
        if line {
            at += letters.iter().skip(at).take_while(|letter| **letter != '\n').count();
        } else if letter == '/' && next == Some('*') {
            at += 2;
            // What stands in such a comment with a mark is code to some servers.
            if letters.get(at) == Some(&'!')
                || letters.get(at) == Some(&'M') && letters.get(at + 1) == Some(&'!')
            {
                continue;
            }
            while at < letters.len() && !(letters.get(at) == Some(&'*') && letters.get(at + 1) == Some(&'/'))
            {
                at += 1;
            }
            at += 2;
        } else if matches!(letter, '\'' | '"' | '`') {
            let is_name = letter == '`' || ansi && letter == '"';
            let mut inside = String::new();
            at += 1;
            while let Some(inner) = letters.get(at).copied() {
                if inner == letter && letters.get(at + 1) != Some(&letter) {
                    break;
                }
                at += usize::from(inner == letter || inner == '\\' && !is_name);
                inside.extend(letters.get(at));
                at += 1;
            }
            at += 1;
            tokens.push(if is_name { Token::Name(inside) } else { Token::Sign('\'') });
        } else if is_word(letter) {
            let word: String = letters.iter().skip(at).take_while(|letter| is_word(**letter)).collect();
            at += word.chars().count();
            tokens.push(Token::Word(word));
        } else {
            if !letter.is_whitespace() {
                tokens.push(Token::Sign(letter));
            }
            at += 1;
        }
    }
    tokens
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> (Vec<String>, Vec<String>) {
        let functions = BTreeSet::from(["noted".to_owned()]);
        let written = written_to(text, false, &functions);
        (written.tables.into_iter().collect(), written.calls.into_iter().collect())
    }

    #[test]
    fn what_a_trigger_writes_to_is_read_from_its_text() {
        for (text, tables) in [
            ("INSERT INTO seen (what) VALUES ('update other set x')", &["seen"][..]),
            ("insert ignore into `other db`.`log` SELECT 1 FROM a", &["other db.log"]),
            ("SET NEW.title = REPLACE(NEW.title, 'a', 'b')", &[]),
            ("SET NEW.title = INSERT(NEW.title, 1, 2, 'x')", &[]),
            (
                "BEGIN UPDATE a x JOIN b y ON x.id=y.id, c SET x.n=1; DELETE FROM d WHERE id=OLD.id; END",
                &["a", "b", "c", "d"],
            ),
            ("DELETE x, y FROM a x JOIN b y WHERE x.id=1", &["a", "b"]),
            ("INSERT INTO a VALUES (1) ON DUPLICATE KEY UPDATE n=n+1", &["a"]),
            ("-- DELETE FROM a\n/* UPDATE b SET x=1 */ # REPLACE INTO c\nSET @x=1", &[]),
            ("/*!50000 DELETE FROM a */", &["a"]),
            ("IF NEW.`update` THEN REPLACE e VALUES (1); END IF", &["e"]),
        ] {
            assert_eq!(found(text).0, tables, "{text}");
        }
        assert_eq!(
            found("BEGIN CALL d.note(1); SET NEW.x = noted(2); SET NEW.y = LOWER('a'); END").1,
            ["d.note", "noted"]
        );
    }
}
