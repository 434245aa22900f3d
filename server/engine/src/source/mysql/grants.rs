//! What an account may do, read from SHOW GRANTS.
//!
//! It matters because servers do not refuse, they hide: an account without TRIGGER simply sees no triggers, and
//! a backup without them would look complete.

use std::collections::BTreeSet;

/// On what a privilege is granted.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Level {
    Global,
    /// A pattern with `_`, `%` and backslashes.
    Database(String),
    Table(String, String),
}

/// Everything that SHOW GRANTS listed.
#[derive(Debug, Default, Clone)]
pub struct Grants {
    granted: Vec<(Level, BTreeSet<String>)>,
    revoked: Vec<(Level, BTreeSet<String>)>,
}

impl Grants {
    /// Reads the lines of SHOW GRANTS.
    pub fn parse<'a>(lines: impl IntoIterator<Item = &'a str>) -> Self {
        let mut grants = Self::default();
        for line in lines {
            let (list, end, into) = if let Some(rest) = line.strip_prefix("GRANT ") {
                (rest, " TO ", &mut grants.granted)
            } else if let Some(rest) = line.strip_prefix("REVOKE ") {
                (rest, " FROM ", &mut grants.revoked)
            } else {
                continue;
            };
            // A line without ON grants a role; what the role gives has lines of its own.
            let Some((privileges, target)) = split_outside_parentheses(list, " ON ") else { continue };
            let target = ["PROCEDURE ", "FUNCTION ", "PACKAGE ", "PACKAGE BODY "]
                .into_iter()
                .find_map(|kind| target.strip_prefix(kind))
                .map_or(Some(target), |_| None);
            let Some(level) = target.and_then(|target| level(target, end)) else { continue };
            into.push((level, names(privileges)));
        }
        grants
    }

    /// Whether `privilege` is held on every database.
    pub fn global(&self, privilege: &str) -> bool {
        self.granted.iter().any(|(level, set)| *level == Level::Global && holds(set, privilege))
    }
    /// Whether `privilege` is held on the whole of `database`.
    pub fn on(&self, database: &str, privilege: &str) -> bool {
        let taken = self.revoked.iter().any(|(level, set)| match level {
            Level::Database(name) => matches(name, database) && holds(set, privilege),
            Level::Global | Level::Table(..) => false,
        });
        let here = self.granted.iter().any(|(level, set)| match level {
            Level::Database(pattern) => matches(pattern, database) && holds(set, privilege),
            Level::Global | Level::Table(..) => false,
        });
        here || (self.global(privilege) && !taken)
    }
    /// Whether `privilege` is held on one table.
    pub fn on_table(&self, database: &str, table: &str, privilege: &str) -> bool {
        self.on(database, privilege)
            || self.granted.iter().any(|(level, set)| {
                *level == Level::Table(database.to_owned(), table.to_owned()) && holds(set, privilege)
            })
    }
}

fn holds(set: &BTreeSet<String>, privilege: &str) -> bool {
    set.contains(privilege) || set.contains("ALL PRIVILEGES") || set.contains("ALL")
}

fn names(list: &str) -> BTreeSet<String> {
    // `SELECT (a, b), INSERT`: a privilege on columns is not one on the table.
    let mut depth = 0;
    let mut names = vec![String::new()];
    let mut columns = false;
    for character in list.chars() {
        match character {
            '(' => {
                depth += 1;
                columns = true;
            }
            ')' => depth -= 1,
            ',' if depth == 0 => {
                if columns {
                    names.pop();
                }
                columns = false;
                names.push(String::new());
            }
            other if depth == 0 => {
                if let Some(last) = names.last_mut() {
                    last.push(other);
                }
            }
            _ => {}
        }
    }
    if columns {
        names.pop();
    }
    names.into_iter().map(|name| name.trim().to_ascii_uppercase()).collect()
}

fn level(target: &str, end: &str) -> Option<Level> {
    let (database, rest) = name(target)?;
    let rest = rest.strip_prefix('.')?;
    let (table, rest) = name(rest)?;
    rest.starts_with(end).then_some(())?;
    Some(match (database.as_str(), table.as_str()) {
        ("*", "*") => Level::Global,
        (_, "*") => Level::Database(database),
        _ => Level::Table(database, table),
    })
}

/// A name in backticks or double quotes, or a star; and what follows.
fn name(text: &str) -> Option<(String, &str)> {
    if let Some(rest) = text.strip_prefix('*') {
        return Some(("*".into(), rest));
    }
    let quote = text.chars().next().filter(|c| matches!(c, '`' | '"'))?;
    let mut name = String::new();
    let mut rest = &text[1..];
    loop {
        let at = rest.find(quote)?;
        name.push_str(&rest[..at]);
        rest = &rest[at + 1..];
        match rest.strip_prefix(quote) {
            Some(more) => {
                name.push(quote);
                rest = more;
            }
            None => return Some((name, rest)),
        }
    }
}

fn split_outside_parentheses<'a>(text: &'a str, wanted: &str) -> Option<(&'a str, &'a str)> {
    let mut depth = 0;
    let mut quoted = false;
    for (at, character) in text.char_indices() {
        match character {
            '`' => quoted = !quoted,
            '(' if !quoted => depth += 1,
            ')' if !quoted => depth -= 1,
            _ if depth == 0 && !quoted && text[at..].starts_with(wanted) => {
                return Some((&text[..at], &text[at + wanted.len()..]));
            }
            _ => {}
        }
    }
    None
}

/// The server's pattern of database names: `_` one character, `%` any, a backslash takes the next literally.
fn matches(pattern: &str, name: &str) -> bool {
    fn from(pattern: &[char], name: &[char]) -> bool {
        match pattern {
            [] => name.is_empty(),
            ['%', rest @ ..] => (0..=name.len()).any(|skip| from(rest, &name[skip..])),
            ['_', rest @ ..] => !name.is_empty() && from(rest, &name[1..]),
            ['\\', literal, rest @ ..] | [literal, rest @ ..] => {
                name.first() == Some(literal) && from(rest, &name[1..])
            }
        }
    }
    from(&pattern.chars().collect::<Vec<_>>(), &name.chars().collect::<Vec<_>>())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_patterns_and_revokes_are_understood() {
        let grants = Grants::parse([
            "GRANT RELOAD, BINLOG MONITOR ON *.* TO `u`@`%` IDENTIFIED BY PASSWORD '*x'",
            "GRANT SELECT, SHOW VIEW, TRIGGER ON `grc\\_2`.* TO `u`@`%`",
            "GRANT ALL PRIVILEGES ON `te``st%`.* TO `u`@`%` WITH GRANT OPTION",
            "GRANT SELECT (a, b), INSERT ON `mysql`.`proc` TO `u`@`%`",
            "GRANT `role`@`%` TO `u`@`%`",
            "GRANT EXECUTE ON PROCEDURE `d`.`p` TO `u`@`%`",
        ]);
        assert!(grants.global("RELOAD") && !grants.global("SELECT"));
        assert!(
            grants.on("grc_2", "TRIGGER") && !grants.on("grcx2", "TRIGGER") && !grants.on("grc_2", "EVENT")
        );
        assert!(grants.on("te`st1", "EVENT"));
        assert!(grants.on_table("mysql", "proc", "INSERT") && !grants.on_table("mysql", "proc", "SELECT"));
        let partly =
            Grants::parse(["GRANT SELECT ON *.* TO `u`@`%`", "REVOKE SELECT ON `secret`.* FROM `u`@`%`"]);
        assert!(partly.on("d", "SELECT") && !partly.on("secret", "SELECT"));
    }
}
