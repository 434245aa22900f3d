//! Whether the account may write what a preview shows.
//!
//! An account that backs up needs to read only, and often may do no more. That is no fault, but whoever agrees to a restore
//! should not learn at its end that it could not be carried out: the preview says so, with the statement that mends it.

use domain::sources::DatabaseName;

use super::content::TableChange;
use crate::{
    Result,
    source::mysql::{grants::Grants, wire::Wire},
};

/// What is said of privileges that are lacking. Nothing if none is, or if roles give what no line of grants shows.
pub fn remark(wire: &mut Wire, database: &DatabaseName, changed: &[TableChange]) -> Result<Option<String>> {
    let attempt = "see whether the account may change rows";
    let text = |value: Option<Vec<u8>>| String::from_utf8_lossy(&value.unwrap_or_default()).into_owned();
    let rows = wire.all("SHOW GRANTS", attempt)?;
    let lines: Vec<_> = rows.into_iter().filter_map(|row| row.into_iter().next().map(text)).collect();
    let account = wire.first("SELECT CURRENT_USER()", attempt)?;
    let account = account.and_then(|row| row.into_iter().next()).map(text).unwrap_or_default();
    let changed: Vec<_> = changed
        .iter()
        .map(|change| (change.name.as_str(), [change.inserts, change.updates, change.deletes]))
        .collect();
    Ok(lacking(&lines, database, &changed).map(|lacking| said(&lacking, &account, database)))
}

/// Which rows of a table change: those that come, those that are altered, those that go.
type Counts<'t> = (&'t str, [u64; 3]);

const NEEDED: [&str; 3] = ["INSERT", "UPDATE", "DELETE"];

/// Privileges that some change needs and the account does not have.
fn lacking(lines: &[String], database: &DatabaseName, changed: &[Counts<'_>]) -> Option<Vec<&'static str>> {
    if lines.iter().any(|line| line.starts_with("GRANT ") && !line.contains(" ON ")) {
        return None;
    }
    let grants = Grants::parse(lines.iter().map(String::as_str));
    let lacks = |at: usize, privilege: &str| {
        let mut tables = changed.iter().filter(|(_, rows)| rows.get(at).is_some_and(|rows| *rows > 0));
        tables.any(|(table, _)| !grants.on_table(database.as_str(), table, privilege))
    };
    let needed = NEEDED.into_iter().enumerate();
    let lacking: Vec<_> =
        needed.filter(|(at, privilege)| lacks(*at, privilege)).map(|(_, privilege)| privilege).collect();
    (!lacking.is_empty()).then_some(lacking)
}

fn said(lacking: &[&str], account: &str, database: &DatabaseName) -> String {
    let (user, host) = account.rsplit_once('@').unwrap_or((account, "%"));
    let quote = |text: &str| format!("'{}'", text.replace('\'', "''"));
    format!(
        "The account {account} may not {} here, so this cannot be applied yet. An administrator of the server runs: GRANT \
         INSERT, UPDATE, DELETE ON {}.* TO {}@{};",
        lacking.join(" or "),
        database.quoted(),
        quote(user),
        quote(host),
    )
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::*;

    fn lines(lines: &[&str]) -> Vec<String> {
        lines.iter().map(|line| (*line).to_owned()).collect()
    }

    #[test]
    fn only_what_the_changes_need_is_missed() {
        let database = DatabaseName::new("grc2").unwrap();
        let changed = [("risk", [0, 2, 1]), ("core", [0, 0, 0])];
        let of = |grants: &[&str]| lacking(&lines(grants), &database, &changed);
        assert_eq!(of(&["GRANT SELECT ON *.* TO `u`@`%`"]), Some(vec!["UPDATE", "DELETE"]));
        assert_eq!(of(&["GRANT UPDATE ON `grc2`.`risk` TO `u`@`%`"]), Some(vec!["DELETE"]));
        assert_eq!(of(&["GRANT UPDATE, DELETE ON `grc2`.* TO `u`@`%`"]), None);
        assert_eq!(of(&["GRANT ALL PRIVILEGES ON *.* TO `u`@`%`"]), None);
        assert_eq!(of(&["GRANT `writers` TO `u`@`%`", "GRANT USAGE ON *.* TO `u`@`%`"]), None, "a role may");
        let text = said(&["DELETE"], "u@10.0.0.%", &database);
        assert!(text.ends_with("GRANT INSERT, UPDATE, DELETE ON `grc2`.* TO 'u'@'10.0.0.%';"), "{text}");
    }
}
