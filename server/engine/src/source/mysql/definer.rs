//! A stored object's statement without the account that owns it.
//!
//! A definer that does not exist on the target, or that is more than the restoring account, makes the statement
//! fail or gives somebody else's rights away. So the definer is kept as a field, and put back only where somebody asks
//! for it ([`super::owners`]). Only the head of a single statement that the server itself has just printed is parsed
//! here; anything unexpected is refused rather than guessed at.

use domain::definers::Account;

/// A statement split from its definer.
#[derive(Debug, PartialEq, Eq)]
pub struct Split {
    /// The statement without `DEFINER=…`.
    pub statement: String,
    /// `root@localhost`; empty if it has none.
    pub definer: String,
}

/// Takes `DEFINER=…` out of the head of a CREATE statement. `None` if the head is not as servers print it.
pub fn split(statement: &str) -> Option<Split> {
    let at = place(statement)?;
    let Some(after) = word(statement, at, "DEFINER") else {
        return Some(Split { statement: statement.to_owned(), definer: String::new() });
    };
    let after = skip_space(
        statement,
        skip_space(statement, after) + usize::from(statement[after..].trim_start().starts_with('=')),
    );
    let (user, mut end) = identifier(statement, after)?;
    let mut definer = user;
    if statement[end..].starts_with('@') {
        let (host, after_host) = identifier(statement, end + 1)?;
        definer = format!("{definer}@{host}");
        end = after_host;
    }
    end = skip_space(statement, end);
    Some(Split { statement: format!("{}{}", &statement[..at], &statement[end..]), definer })
}

/// A statement without a definer, with one.
pub fn with(statement: &str, definer: &Account) -> Option<String> {
    let at = place(statement)?;
    Some(format!("{}DEFINER={} {}", &statement[..at], definer.quoted(), &statement[at..]))
}

/// Where the definer stands, or would stand.
fn place(statement: &str) -> Option<usize> {
    let mut at = word(statement, 0, "CREATE")?;
    if let Some(after) = word(statement, at, "OR") {
        at = word(statement, after, "REPLACE")?;
    }
    if let Some(after) = word(statement, at, "ALGORITHM") {
        at = statement[after..].strip_prefix('=').map(|rest| statement.len() - rest.len())?;
        at += statement[at..].find(' ')?;
        at = skip_space(statement, at);
    }
    Some(at)
}

/// The statement of an event with its status set to DISABLE, whatever it was.
///
/// The head is `EVENT name ON SCHEDULE … ON COMPLETION [NOT] PRESERVE status …`, in which the server prints
/// the status itself.
pub fn disabled_event(statement: &str) -> Option<String> {
    let at = find_outside_quotes(statement, "ON COMPLETION ")?;
    let preserve = at + statement[at..].find("PRESERVE ")? + "PRESERVE ".len();
    let rest = &statement[preserve..];
    let rest = ["DISABLE ON SLAVE", "DISABLE ON REPLICA", "ENABLE", "DISABLE"]
        .into_iter()
        .find_map(|status| rest.strip_prefix(status))?;
    Some(format!("{}DISABLE{rest}", &statement[..preserve]))
}

fn skip_space(text: &str, at: usize) -> usize {
    text.len() - text[at..].trim_start().len()
}

/// The position after `wanted` (and the space behind it) if it stands at `at`.
fn word(text: &str, at: usize, wanted: &str) -> Option<usize> {
    let found = text.get(at..at + wanted.len())?;
    let next = text[at + wanted.len()..].chars().next();
    let ends = next.is_none_or(|next| !next.is_alphanumeric() && next != '_');
    (found.eq_ignore_ascii_case(wanted) && ends).then(|| skip_space(text, at + wanted.len()))
}

/// An identifier in backticks, double or single quotes, or bare; and the position after it.
fn identifier(text: &str, at: usize) -> Option<(String, usize)> {
    let quote = text[at..].chars().next()?;
    if !matches!(quote, '`' | '"' | '\'') {
        let length =
            text[at..].find(|c: char| !(c.is_alphanumeric() || matches!(c, '_' | '$' | '%' | '.')))?;
        return (length > 0).then(|| (text[at..at + length].to_owned(), at + length));
    }
    let mut name = String::new();
    let mut characters = text[at + 1..].char_indices().peekable();
    while let Some((offset, character)) = characters.next() {
        if character != quote {
            name.push(character);
        } else if characters.peek().is_some_and(|(_, next)| *next == quote) {
            name.push(quote);
            characters.next();
        } else {
            return Some((name, at + 1 + offset + 1));
        }
    }
    None
}

fn find_outside_quotes(text: &str, wanted: &str) -> Option<usize> {
    let mut quote = None;
    let mut characters = text.char_indices();
    while let Some((at, character)) = characters.next() {
        match quote {
            Some(open) if character == open => quote = None,
            Some('\'' | '"') if character == '\\' => {
                characters.next();
            }
            None if matches!(character, '`' | '"' | '\'') => quote = Some(character),
            None if text[at..].starts_with(wanted) => return Some(at),
            Some(_) | None => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn the_definer_is_taken_out_and_nothing_else() {
        for (text, statement, definer) in [
            (
                "CREATE DEFINER=`root`@`localhost` trigger t before insert on `x` for each row set @a='DEFINER=`x`@`y`'",
                "CREATE trigger t before insert on `x` for each row set @a='DEFINER=`x`@`y`'",
                "root@localhost",
            ),
            (
                "CREATE ALGORITHM=UNDEFINED DEFINER=`a``b c`@`%` SQL SECURITY DEFINER VIEW `v` AS select 1",
                "CREATE ALGORITHM=UNDEFINED SQL SECURITY DEFINER VIEW `v` AS select 1",
                "a`b c@%",
            ),
            (
                "CREATE DEFINER=\"r\"@\"h\" PROCEDURE \"p\"() BEGIN END",
                "CREATE PROCEDURE \"p\"() BEGIN END",
                "r@h",
            ),
            (
                "CREATE DEFINER=`role` FUNCTION f() RETURNS int RETURN 1",
                "CREATE FUNCTION f() RETURNS int RETURN 1",
                "role",
            ),
            ("CREATE PROCEDURE p() SELECT 1", "CREATE PROCEDURE p() SELECT 1", ""),
        ] {
            assert_eq!(split(text).unwrap(), Split { statement: statement.into(), definer: definer.into() });
            let account = Account { user: "a`b".into(), host: "%".into() };
            let other = with(statement, &account).unwrap();
            assert!(other.contains("DEFINER=`a``b`@`%` "), "{other}");
            assert_eq!(split(&other).unwrap().statement, statement);
        }
        assert_eq!(split("DROP TABLE x"), None);
        assert_eq!(split("CREATE DEFINER=`open"), None);
    }

    #[test]
    fn an_event_is_switched_off_where_its_status_stands() {
        let text = "CREATE EVENT `ON COMPLETION ` ON SCHEDULE EVERY 1 DAY STARTS '2026-01-01' ON COMPLETION NOT PRESERVE ENABLE DO set @x='ENABLE'";
        let off = disabled_event(text).unwrap();
        assert!(off.contains("NOT PRESERVE DISABLE DO set @x='ENABLE'"), "{off}");
        assert_eq!(disabled_event(&off).unwrap(), off);
    }
}
