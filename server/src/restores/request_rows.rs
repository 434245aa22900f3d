//! Changed rows of a tenant restore, old and new side by side, from the sealed change set.

use app::restores::difference_api::{CellDifference, RowChange, RowDifference, RowDifferences, RowFilter};
use catalog::Scope;
use domain::{
    Cursor, Fault, Page,
    access::may,
    audit::{Act, Deed, Field},
    restores::Cell,
    sources::TableName,
};
use engine::pipeline::tenant_restore::{ChangeKind, ChangedRow, ChangedRows, changed_rows};

use super::request_jobs::change_set;
use crate::{caller::Caller, fault::Result};

/// Rows of a page.
const PAGE: usize = 20;

/// Changed rows of one table. That somebody looks at them is recorded first.
pub async fn rows(
    caller: &Caller,
    scope: Scope<may::ReadContents>,
    filter: RowFilter,
) -> Result<RowDifferences> {
    let rows = caller.rows(&scope);
    let restore = rows.get_restore(filter.restore_id).await?;
    let table = rows.get_restore_table(restore.id, &filter.table).await?;
    let after =
        filter.after.map(|cursor| cursor.0.parse::<u64>().map_err(|_| Fault::NotFound)).transpose()?;
    let attempt = restore.attempt.ok_or(Fault::NotFound)?;
    if table.changes() == 0 {
        return Ok(RowDifferences { table, columns: Vec::new(), rows: Page::empty() });
    }
    let seen = Deed::done(Act::RestoreRows, restore.id)
        .after(Field::Tenant, &restore.tenant)
        .maybe(Field::Table, TableName::new(filter.table.as_str()).ok().as_ref())
        .after(Field::Rows, after.unwrap_or_default());
    rows.record_deed(seen).await?;
    let vault = &caller.services.vault;
    let at = change_set(&restore, attempt);
    let found = match changed_rows(vault, &at, &restore.tenant, &filter.table, after, PAGE).await {
        // It was removed: what was applied long ago, or what nobody wanted.
        Err(error) if error.kind() == engine::Kind::Input => return Err(Fault::NotFound.into()),
        found => found?,
    };
    let page = Page {
        rows: found.rows.iter().map(|row| difference(row, &found)).collect(),
        next: found.next.map(|next| Cursor(next.to_string())),
    };
    Ok(RowDifferences { table, columns: found.columns, rows: page })
}

fn difference(row: &ChangedRow, of: &ChangedRows) -> RowDifference {
    let value = |side: &Option<Vec<Cell>>, column: usize| {
        side.as_ref().and_then(|values| values.get(column)).cloned()
    };
    let cells = (0..of.columns.len()).map(|column| {
        let (old, new) = (value(&row.old, column), value(&row.new, column));
        let is_changed = row.differs.get(column).copied().unwrap_or(true);
        CellDifference { is_changed, old, new }
    });
    let key = of.key.iter().map(|name| {
        let column = of.columns.iter().position(|column| column == name).unwrap_or(usize::MAX);
        value(&row.new, column).or_else(|| value(&row.old, column)).map(key_text).unwrap_or_default()
    });
    RowDifference {
        change: match row.kind {
            ChangeKind::Insert => RowChange::Insert,
            ChangeKind::Update => RowChange::Update,
            ChangeKind::Delete => RowChange::Delete,
        },
        key: key.collect(),
        cells: cells.collect(),
    }
}

/// A value of a primary key, in one line.
fn key_text(value: Cell) -> String {
    match value {
        Cell::Null => String::new(),
        Cell::Text { text, length } if (text.len() as u64) < length => format!("{text}… ({length} bytes)"),
        Cell::Text { text, .. } => text,
        Cell::Binary { hex, length } if (hex.len() as u64) < 2 * length => {
            format!("0x{hex}… ({length} bytes)")
        }
        Cell::Binary { hex, .. } => format!("0x{hex}"),
    }
}
