//! In which order tables are changed.

use std::collections::BTreeSet;

use domain::tenancy::Route;

use super::choose::{Compared, Live};

/// Numbers of tables, those first whose rows refer to others: by the way to the tenant, because a row is found over
/// it while it is deleted, and by foreign keys as far as they are no circle.
pub fn order(tables: &[Compared], live: &Live) -> Vec<usize> {
    fn visit(at: usize, waits: &[BTreeSet<usize>], seen: &mut BTreeSet<usize>, out: &mut Vec<usize>) {
        if seen.insert(at) {
            for next in waits.get(at).into_iter().flatten() {
                visit(*next, waits, seen, out);
            }
            out.push(at);
        }
    }
    let place = |name: &str| tables.iter().position(|table| table.plan.name == name);
    // Which tables must come before.
    let mut waits = vec![BTreeSet::new(); tables.len()];
    let mut before = |child: usize, parent: &str| {
        if let Some(parent) = place(parent).filter(|parent| *parent != child)
            && let Some(waits) = waits.get_mut(parent)
        {
            waits.insert(child);
        }
    };
    for (at, table) in tables.iter().enumerate() {
        if let Route::Paths { paths } = &table.route {
            for step in paths.iter().flat_map(|path| &path.steps) {
                before(at, &step.table);
            }
        }
        for key in live
            .keys
            .foreign
            .iter()
            .filter(|key| key.table == table.plan.name && key.references_database.is_none())
        {
            before(at, &key.references_table);
        }
    }
    let (mut seen, mut out) = (BTreeSet::new(), Vec::new());
    for at in 0..tables.len() {
        visit(at, &waits, &mut seen, &mut out);
    }
    out
}
