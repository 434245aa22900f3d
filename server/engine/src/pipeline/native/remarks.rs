//! What a person should know of a backup that was taken, one sentence each: for the run's log, its page and the command
//! line.

use crate::pipeline::DatabaseContent;

const BLURRED: &str = "Some tables were made in the same second. Whether such tables exchanged their names while they were \
                       read is known only to accounts with PROCESS: grant it.";

/// All of them; `blurred` if it is not known which table a name meant.
pub fn remarks(content: &DatabaseContent, blurred: bool) -> Vec<String> {
    let Some(split) = &content.split else { return Vec::new() };
    let mut remarks = vec![split.agreed.clone()];
    if !split.confirmed {
        remarks.push("The tenant map was inferred; nobody has confirmed it yet.".into());
    }
    let apart: Vec<&str> = content.inventory.inconsistent().map(|table| table.name.as_str()).collect();
    if !apart.is_empty() {
        remarks.push(format!("Not transactional, so not part of the consistent read: {}.", apart.join(", ")));
    }
    remarks.extend(split.drift.iter().map(|drift| format!("Tenant map: {drift}.")));
    remarks.extend(split.unled.iter().map(|(table, rows)| {
        format!("{rows} rows of {table} lead to no tenant or to several, and are shared.")
    }));
    remarks.extend(content.lost_in_sentences());
    if blurred {
        remarks.push(BLURRED.into());
    }
    remarks
}
