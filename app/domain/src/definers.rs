//! To whom restored views, triggers, routines and events belong.
//!
//! Such an object runs with the rights of its definer, so bringing a definer back gives rights away. Unless somebody
//! says otherwise, everything belongs to the account that restores.

use std::{collections::BTreeMap, fmt};

use serde::{Deserialize, Serialize};

/// An account of a database server, or a role of MariaDB, which has no host.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Account {
    /// Its name.
    pub user: String,
    /// From where it may connect, e.g. `%`.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub host: String,
}

impl Account {
    /// As servers record a definer: `user@host` without quotes. A host has no `@`, a user may. Nothing if it is empty.
    pub fn recorded(definer: &str) -> Option<Self> {
        let (user, host) = definer.rsplit_once('@').unwrap_or((definer, ""));
        (!user.is_empty()).then(|| Self { user: user.to_owned(), host: host.to_owned() })
    }
    /// For a statement: both parts between backticks, with backticks inside doubled.
    pub fn quoted(&self) -> String {
        let quote = crate::sources::quote_identifier;
        if self.host.is_empty() {
            quote(&self.user)
        } else {
            format!("{}@{}", quote(&self.user), quote(&self.host))
        }
    }
    /// Whether both mean the same: servers tell users apart by case, and hosts not.
    pub fn is(&self, other: &Self) -> bool {
        self.user == other.user && self.host.eq_ignore_ascii_case(&other.host)
    }
}

impl fmt::Display for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.user)?;
        if self.host.is_empty() { Ok(()) } else { write!(f, "@{}", self.host) }
    }
}

/// What becomes of definers.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Definers {
    /// Everything belongs to the account that restores.
    #[default]
    Strip,
    /// Everything belongs to the account that it belonged to at the source.
    Keep,
    /// What belonged to one account belongs to another; what belonged to any that is not named, to the one that restores.
    Map(Vec<Replacement>),
}

/// One account in place of another.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Replacement {
    /// At the source.
    pub from: Account,
    /// Where it is restored.
    pub to: Account,
}

/// What was typed is not a choice of definers.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DefinerError {
    /// Not `old@host=new@host`.
    #[error("{0:?} is not written as old@host=new@host; a name with = or @ in it goes between quotes")]
    NotAReplacement(String),
    /// Two replacements for one account.
    #[error("{0} is named twice")]
    Twice(Account),
    /// No replacement at all.
    #[error("name at least one account, as old@host=new@host")]
    Nothing,
    /// More than one of keep, strip and a list.
    #[error("choose one: keep, strip, or accounts as old@host=new@host")]
    Mixed,
}

impl Definers {
    /// The choice that `words` make, as on a command line: `keep`, `strip`, or `old@host=new@host` once or more.
    pub fn parse(words: &[String]) -> Result<Self, DefinerError> {
        match words {
            [] => Ok(Self::Strip),
            [word] if word == "strip" => Ok(Self::Strip),
            [word] if word == "keep" => Ok(Self::Keep),
            words if words.iter().any(|word| word == "strip" || word == "keep") => Err(DefinerError::Mixed),
            words => Self::replaced(words),
        }
    }

    /// Replacements, each written as `old@host=new@host`.
    pub fn replaced(texts: &[String]) -> Result<Self, DefinerError> {
        let mut all: BTreeMap<Account, Account> = BTreeMap::new();
        for text in texts {
            let Replacement { from, to } =
                replacement(text).ok_or_else(|| DefinerError::NotAReplacement(text.clone()))?;
            if all.contains_key(&from) {
                return Err(DefinerError::Twice(from));
            }
            all.insert(from, to);
        }
        if all.is_empty() {
            return Err(DefinerError::Nothing);
        }
        Ok(Self::Map(all.into_iter().map(|(from, to)| Replacement { from, to }).collect()))
    }
}

fn replacement(text: &str) -> Option<Replacement> {
    let (from, rest) = account(text.trim())?;
    let (to, rest) = account(rest.trim_start().strip_prefix('=')?.trim_start())?;
    rest.trim().is_empty().then_some(Replacement { from, to })
}

/// An account at the beginning of `text`, and what follows.
fn account(text: &str) -> Option<(Account, &str)> {
    let (user, rest) = part(text)?;
    let (host, rest) = match rest.strip_prefix('@') {
        Some(rest) => part(rest)?,
        None => (String::new(), rest),
    };
    (!user.is_empty()).then_some((Account { user, host }, rest))
}

/// A name in quotes of any kind, which are doubled inside, or up to the next sign with a meaning.
fn part(text: &str) -> Option<(String, &str)> {
    let Some(quote) = text.chars().next().filter(|c| matches!(c, '`' | '\'' | '"')) else {
        let end = text.find(['@', '=']).unwrap_or(text.len());
        return Some((text[..end].trim_end().to_owned(), &text[end..]));
    };
    let (mut name, mut rest) = (String::new(), text.get(1..)?);
    loop {
        let (inside, after) = rest.split_once(quote)?;
        name.push_str(inside);
        let Some(more) = after.strip_prefix(quote) else { return Some((name, after)) };
        name.push(quote);
        rest = more;
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    fn words(words: &[&str]) -> Vec<String> {
        words.iter().map(|word| (*word).to_owned()).collect()
    }

    fn account(user: &str, host: &str) -> Account {
        Account { user: user.into(), host: host.into() }
    }

    #[test]
    fn a_choice_is_read_as_it_is_typed() {
        assert_eq!(Definers::parse(&[]), Ok(Definers::Strip));
        assert_eq!(Definers::parse(&words(&["keep"])), Ok(Definers::Keep));
        let map = Definers::parse(&words(&["app@% = web@10.%", "`a``=b`@'h'=role"])).unwrap();
        let expected = [("a`=b", "h", "role", ""), ("app", "%", "web", "10.%")];
        let expected =
            expected.map(|(a, b, c, d)| Replacement { from: account(a, b), to: account(c, d) }).to_vec();
        assert_eq!(map, Definers::Map(expected));
    }

    #[test]
    fn what_could_be_meant_in_two_ways_is_refused() {
        for wrong in ["app@%", "app@%=", "=app@%", "a@b@c=d@e", "`a@%=b@%", "a=b=c", ""] {
            let found = Definers::parse(&words(&[wrong]));
            assert_eq!(found, Err(DefinerError::NotAReplacement(wrong.into())), "{wrong}");
        }
        assert_eq!(Definers::parse(&words(&["keep", "a@%=b@%"])), Err(DefinerError::Mixed));
        assert_eq!(
            Definers::parse(&words(&["a@%=b@%", "a@%=c@%"])),
            Err(DefinerError::Twice(account("a", "%")))
        );
        assert_eq!(Definers::replaced(&[]), Err(DefinerError::Nothing));
    }

    #[test]
    fn a_recorded_definer_is_one_account() {
        assert_eq!(Account::recorded("me@corp.org@10.0.%"), Some(account("me@corp.org", "10.0.%")));
        assert_eq!(Account::recorded("role"), Some(account("role", "")));
        assert_eq!(Account::recorded(""), None);
        assert_eq!(account("a`b", "%").quoted(), "`a``b`@`%`");
        assert!(account("a", "DB1").is(&account("a", "db1")) && !account("a", "x").is(&account("A", "x")));
    }
}
