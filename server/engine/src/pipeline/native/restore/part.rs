//! Which part of a backup is restored, and what must then be there.

use std::{collections::BTreeSet, sync::Arc};

use domain::{backups::Evidence, restores};

use crate::{
    Error, Kind, Result,
    format::keys::Place,
    pipeline::{
        Vault,
        archive::Archive,
        native::{
            blocks::{Blocks, totals},
            whose::Whose,
        },
    },
};

/// A part of a backup, open.
pub(in crate::pipeline) struct Chosen {
    /// The blocks of the owners that were chosen.
    pub blocks: Arc<Blocks>,
    /// Numbers of the tables whose rows are loaded.
    pub tables: BTreeSet<u32>,
}

/// Opens the part. The sums of `archive` become those of what is restored: a table that is left out has no rows.
pub(in crate::pipeline) async fn choose(
    vault: &Vault,
    place: &Place,
    archive: &mut Archive,
    part: &restores::Part,
) -> Result<Chosen> {
    let inventory = &archive.index.content.inventory;
    if let Some(unknown) =
        part.tables.iter().find(|name| inventory.tables.iter().all(|table| table.name != **name))
    {
        return Err(Error::new(
            Kind::Input,
            format!("find table {unknown} in the backup"),
            "the backup has no such table",
        )
        .hint("Check the name, upper and lower case too, and whether the table existed when the backup was taken."));
    }
    let tables: BTreeSet<u32> = (0u32..)
        .zip(&inventory.tables)
        .filter(|(_, table)| is_chosen(part, &table.name))
        .map(|(number, _)| number)
        .collect();
    let whose = if part.tenants.is_empty() { Whose::All } else { Whose::SharedAnd(part.tenants.clone()) };
    let blocks = Arc::new(Blocks::open(vault, place, archive, &whose).await?);
    let mut sums = totals(&archive.index.content, blocks.parts().iter().map(|part| &part.content));
    for (name, sum) in &mut sums.tables {
        if !is_chosen(part, name) {
            *sum = crate::source::sums::TableSum::default();
        }
    }
    archive.index.content.sums = sums;
    Ok(Chosen { blocks, tables })
}

fn is_chosen(part: &restores::Part, table: &str) -> bool {
    !part.schema_only && (part.tables.is_empty() || part.tables.iter().any(|name| name == table))
}

/// Leaves in the evidence what was asked for: the tables whose rows were restored, and whatever is not as it should be.
pub(in crate::pipeline) fn reduce(evidence: &mut Evidence, part: &restores::Part) {
    if part.is_everything() {
        return;
    }
    if !part.tables.is_empty() {
        evidence.tables.retain(|table| !table.equal || is_chosen(part, &table.table));
    }
    evidence.remarks.push(said(part));
}

fn said(part: &restores::Part) -> String {
    if part.schema_only {
        return "only definitions were restored, no rows".into();
    }
    let mut what = Vec::new();
    if !part.tables.is_empty() {
        what.push(format!("rows of {}", part.tables.join(", ")));
    }
    if !part.tenants.is_empty() {
        let tenants: Vec<_> = part.tenants.iter().map(domain::tenancy::TenantKey::as_str).collect();
        what.push(format!("rows of tenants {} and shared ones", tenants.join(", ")));
    }
    format!("only a part was restored: {}", what.join("; "))
}
