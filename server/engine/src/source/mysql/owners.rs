//! To whom restored views, triggers, routines and events belong, and whether the server lets them.
//!
//! Everything that can be known is asked before anything is made: whether the account may make objects for others,
//! whether those others exist (an object of nobody fails for whoever uses it, and belongs to the first who comes along
//! and makes an account of that name), and whether a replacement means anybody in the backup at all.

use std::collections::{BTreeMap, BTreeSet};

use domain::{
    definers::{Account, Definers},
    sources::ServerFamily,
};

use super::{
    connect::Endpoint,
    grants::Grants,
    inspect::{self, Session, text},
    probe,
};
use crate::{
    Error, Kind, Result,
    source::inventory::{ServerFacts, StoredObject, series},
};

const ATTEMPT: &str = "choose to whom views, triggers, routines and events belong";
const OTHERWISE: &str = "or let everything belong to the account that restores";

/// Who gets what, by the definer that the backup recorded. Everything else belongs to the account that restores.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Owners(BTreeMap<String, Account>);

impl Owners {
    /// To whom `object` is to belong; nothing if to the account that restores.
    pub fn of(&self, object: &StoredObject) -> Option<&Account> {
        self.0.get(&object.definer)
    }

    /// Whether `restored` belongs to whom it is to belong. Nothing is asked of what belongs to the account that restores.
    pub fn has(&self, object: &StoredObject, restored: &StoredObject) -> bool {
        let Some(wanted) = self.of(object) else { return true };
        Account::recorded(&restored.definer).is_some_and(|found| found.is(wanted))
    }

    /// What `wish` means for `objects`, or why it cannot be done on that server. Changes nothing.
    pub async fn settle(endpoint: &Endpoint, objects: &[StoredObject], wish: &Definers) -> Result<Self> {
        let owners = Self(wanted(objects, wish)?);
        let accounts: BTreeSet<&Account> = owners.0.values().collect();
        if accounts.is_empty() {
            return Ok(owners);
        }
        let who = endpoint.shown();
        let mut conn = endpoint.connect().await?;
        let facts = inspect::server_facts(&mut conn, &who, "").await?;
        let account = probe::account(&mut conn, &who, facts.family).await?;
        let mut session = Session { conn: &mut conn, who: &who, attempt: ATTEMPT.into() };
        let current = Account::recorded(&text(&session.row("SELECT CURRENT_USER()").await?, 0));
        let others: Vec<&Account> = accounts
            .into_iter()
            .filter(|account| !current.as_ref().is_some_and(|own| own.is(account)))
            .collect();
        refuse_without_right(&who, &account, &facts, &others)?;
        refuse_missing(&mut session, &account.name, &others).await?;
        if facts.family == ServerFamily::Mysql && !account.grants.global("SYSTEM_USER") {
            refuse_system_users(&mut session, &account.name, &others).await?;
        }
        // Nothing more is asked of it; how the goodbye goes does not matter.
        let _closed = conn.disconnect().await;
        Ok(owners)
    }
}

/// Who gets what, if the server lets them.
fn wanted(objects: &[StoredObject], wish: &Definers) -> Result<BTreeMap<String, Account>> {
    let recorded: BTreeMap<&str, Account> = objects
        .iter()
        .filter_map(|object| Some((object.definer.as_str(), Account::recorded(&object.definer)?)))
        .collect();
    let owned = |(definer, account): (&str, Account)| (definer.to_owned(), account);
    let replacements = match wish {
        Definers::Strip => return Ok(BTreeMap::new()),
        Definers::Keep => return Ok(recorded.into_iter().map(owned).collect()),
        Definers::Map(replacements) => replacements,
    };
    if let Some(unknown) =
        replacements.iter().find(|replacement| !recorded.values().any(|found| found.is(&replacement.from)))
    {
        let message = format!("nothing in the backup belongs to {}", unknown.from);
        let names: Vec<_> = recorded.values().map(ToString::to_string).collect();
        return Err(Error::new(Kind::Input, ATTEMPT, message).hint(if names.is_empty() {
            "It has no views, triggers, routines or events: leave definers as they are.".to_owned()
        } else {
            format!("Name one of these: {}.", names.join(", "))
        }));
    }
    let replaced = recorded.into_iter().filter_map(|(definer, account)| {
        let found = replacements.iter().find(|replacement| replacement.from.is(&account))?;
        Some((definer, found.to.clone()))
    });
    Ok(replaced.map(owned).collect())
}

fn refuse_without_right(
    who: &str,
    account: &probe::Account,
    facts: &ServerFacts,
    others: &[&Account],
) -> Result<()> {
    let (may, right) = right(&account.grants, facts);
    if may || others.is_empty() {
        return Ok(());
    }
    let message = format!("{who} may not make objects that belong to {}", list(others));
    let hint =
        format!("As an administrator of the server: GRANT {right} ON *.* TO {}; {OTHERWISE}.", account.name);
    Err(Error::new(Kind::Input, ATTEMPT, message).hint(hint))
}

/// Whether objects may be made for others, and the right that this server wants for it.
fn right(grants: &Grants, facts: &ServerFacts) -> (bool, &'static str) {
    let mut numbers = series(&facts.version).split('.').map(|number| number.parse::<u32>().unwrap_or(0));
    let version = (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0));
    let (right, super_may) = match facts.family {
        ServerFamily::Mariadb if version >= (10, 5) => ("SET USER", version < (11, 0)),
        ServerFamily::Mysql if version >= (8, 2) => ("SET_ANY_DEFINER", true),
        ServerFamily::Mysql if version >= (8, 0) => ("SET_USER_ID", true),
        ServerFamily::Mariadb | ServerFamily::Mysql => ("SUPER", true),
    };
    (grants.global(right) || (super_may && grants.global("SUPER")), right)
}

async fn refuse_missing(session: &mut Session<'_>, own: &str, others: &[&Account]) -> Result<()> {
    if others.is_empty() {
        return Ok(());
    }
    let rows = session.rows("SELECT User, Host FROM mysql.user", &[]).await.map_err(|error| {
        let message = "the server does not say which accounts exist";
        let hint =
            format!("As an administrator of the server: GRANT SELECT ON mysql.user TO {own}; {OTHERWISE}.");
        Error::new(Kind::Input, ATTEMPT, message).hint(hint).caused_by(error)
    })?;
    let there: Vec<Account> =
        rows.iter().map(|row| Account { user: text(row, 0), host: text(row, 1) }).collect();
    let missing: Vec<&Account> =
        others.iter().copied().filter(|account| !there.iter().any(|found| found.is(account))).collect();
    if missing.is_empty() {
        return Ok(());
    }
    let message = format!("the server has no account {}", list(&missing));
    Err(Error::new(Kind::Input, ATTEMPT, message)
        .hint(format!("Make it there first, name another account in its place, {OTHERWISE}.")))
}

/// MySQL lets only accounts of the system make objects for accounts of the system.
async fn refuse_system_users(session: &mut Session<'_>, own: &str, others: &[&Account]) -> Result<()> {
    for account in others {
        // Whoever may not look is told by the server when the object is made.
        let Ok(rows) = session.rows(&format!("SHOW GRANTS FOR {}", account.quoted()), &[]).await else {
            continue;
        };
        let lines: Vec<String> = rows.iter().map(|row| text(row, 0)).collect();
        if Grants::parse(lines.iter().map(String::as_str)).global("SYSTEM_USER") {
            let message = format!("{account} is an account of the system, and {own} is not");
            return Err(Error::new(Kind::Input, ATTEMPT, message).hint(format!(
                "As an administrator of the server: GRANT SYSTEM_USER ON *.* TO {own}; {OTHERWISE}."
            )));
        }
    }
    Ok(())
}

fn list(accounts: &[&Account]) -> String {
    accounts.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}
