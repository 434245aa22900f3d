//! Small schemas for tests, as one line a table.
#![expect(clippy::unwrap_used, reason = "tests")]

use super::keys::{ForeignKey, Index, KeyColumn, Keys};
use crate::source::inventory::{Column, ColumnClass, Inventory, Table};

/// An inventory and its keys from lines such as `orders: id, customer?, TenantId` with `?` for nullable, and
/// `orders(customer) -> customers(id)`. The first column is the primary key, `a+b` at the beginning a composite
/// one; ` = a+b` at the end adds a unique key. `columnname:varchar(10)` has a type, others are `int`.
pub fn schema(lines: &[&str]) -> (Inventory, Keys) {
    let (mut inventory, mut keys) = (Inventory::default(), Keys::default());
    for line in lines.iter().filter(|line| !line.contains("->")) {
        add_table(&mut inventory, &mut keys, line);
    }
    for (number, line) in lines.iter().enumerate().filter(|(_, line)| line.contains("->")) {
        let (from, to) = line.split_once(" -> ").unwrap();
        let side = |side: &str| {
            let (table, columns) = side.trim().split_once('(').unwrap();
            let columns = columns.trim_end_matches(')').split(',').map(|c| c.trim().to_owned());
            (table.to_owned(), columns.collect::<Vec<_>>())
        };
        let ((table, columns), (references, references_columns)) = (side(from), side(to));
        let (references_database, references_table) = match references.split_once('.') {
            Some((database, table)) => (Some(database.to_owned()), table.to_owned()),
            None => (None, references),
        };
        let nullable = columns.iter().any(|name| keys.column(&table, name).is_none_or(|c| c.nullable));
        keys.foreign.push(ForeignKey {
            name: format!("fk{number}"),
            table,
            columns,
            references_database,
            references_table,
            references_columns,
            on_delete: "RESTRICT".into(),
            on_update: "RESTRICT".into(),
            nullable,
        });
    }
    (inventory, keys)
}

fn add_table(inventory: &mut Inventory, keys: &mut Keys, line: &str) {
    let (name, rest) = line.split_once(": ").unwrap();
    let (columns, unique) = rest.split_once(" = ").map_or((rest, None), |(c, u)| (c, Some(u)));
    let (mut all, mut primary) = (Vec::new(), Vec::new());
    for (position, column) in columns.split(',').enumerate() {
        for part in column.trim().split('+') {
            let (name, definition) = part.split_once(':').unwrap_or((part, "int"));
            let text = definition.contains("char");
            let column = KeyColumn {
                name: name.trim_end_matches('?').to_owned(),
                data_type: definition.split('(').next().unwrap().to_owned(),
                definition: definition.to_owned(),
                charset: text.then(|| "utf8mb4".to_owned()),
                collation: text.then(|| "utf8mb4_general_ci".to_owned()),
                nullable: name.ends_with('?'),
                prefix: None,
            };
            if position == 0 {
                primary.push(column.clone());
            }
            all.push(column);
        }
    }
    if let Some(unique) = unique {
        let columns = unique.split('+').map(|name| all.iter().find(|c| c.name == name).unwrap().clone());
        let index = Index { name: "u".into(), unique: true, columns: columns.collect() };
        keys.unique.insert(name.into(), vec![index]);
    }
    inventory.tables.push(Table {
        name: name.into(),
        engine: "InnoDB".into(),
        transactional: true,
        system_versioned: false,
        collation: "utf8mb4_general_ci".into(),
        rows_estimate: 0,
        bytes_estimate: 0,
        auto_increment: None,
        columns: all
            .iter()
            .map(|column| Column {
                name: column.name.clone(),
                definition: column.definition.clone(),
                charset: column.charset.clone(),
                class: ColumnClass::Exact,
                generated: false,
                invisible: false,
            })
            .collect(),
        create_sql: String::new(),
    });
    keys.primary.insert(name.into(), primary);
    keys.columns.insert(name.into(), all);
}

/// A route in one line: `TenantId`, `customer>customers.TenantId`, several paths with ` & `, `shared`.
pub(super) fn written(route: &domain::tenancy::Route) -> String {
    use domain::tenancy::Route;
    match route {
        Route::Column { column } => column.clone(),
        Route::Shared => "shared".into(),
        Route::Excluded { reason } => format!("excluded: {reason}"),
        Route::Paths { paths } => {
            let path = |path: &domain::tenancy::Path| {
                let steps =
                    path.steps.iter().map(|step| format!("{}>{}.", step.columns.join("+"), step.table));
                steps.collect::<String>() + &path.column
            };
            paths.iter().map(path).collect::<Vec<_>>().join(" & ")
        }
    }
}
