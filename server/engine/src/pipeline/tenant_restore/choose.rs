//! Which tables are compared, how each is read, and why some are not.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use domain::{
    restores::{Obstacle, Selection},
    sources::quote_identifier,
    spelling::Spelling,
    tenancy::{Drift, Route, TenantKey},
};

use super::{
    super::content::{DatabaseContent, Split},
    look::Live,
    triggers::Trigger,
};
use crate::{
    Error, Kind, Result,
    source::{
        inventory::{Column, ColumnClass, Table},
        mysql::{
            native::{columns::Form, plan::TablePlan},
            tenancy::{
                drift,
                select::{self, OfTenant},
                tenant_key,
            },
        },
    },
};

/// A table whose rows are compared.
#[derive(Debug, Clone)]
pub struct Compared {
    pub plan: TablePlan,
    /// The route of the backup, which still leads in the live database.
    pub route: Route,
    /// The condition on the table's own tenant column, where it has one.
    pub scope: Option<String>,
    /// The tenant's rows, as joins from `t0`.
    pub of: OfTenant,
    /// Character set by column, where it holds text.
    pub charsets: Vec<Option<String>>,
    /// Columns with their definitions; whoever applies a change set compares them.
    pub shape: Vec<String>,
    /// Its triggers.
    pub triggers: Vec<Trigger>,
    /// Only these rows, by the text of their key.
    pub only: Option<HashSet<Vec<String>>>,
}

/// What is compared, and what is to be said.
pub struct Choice {
    /// The tenant as the live database spells it.
    pub tenant: TenantKey,
    /// How it spells tenants.
    pub spelling: Spelling,
    pub tables: Vec<Compared>,
    pub obstacles: Vec<Obstacle>,
    pub remarks: Vec<String>,
}

/// What helps where a table cannot be compared.
const OTHER_TABLES: &str =
    "Choose the other tables, or restore the backup into a new database and move these rows by hand.";

fn wrong(what: String) -> Error {
    Error::new(Kind::Input, "choose what is put back", what)
        .hint("Choose tables of which the tenant can have rows; they are listed in the tenant map.")
}

/// Chooses the tables of a request. What cannot be compared is an obstacle where it was asked for by name or by
/// "everything": nobody may take the rest for the whole.
pub fn choose(
    live: &Live,
    content: &DatabaseContent,
    split: &Split,
    tenant: &TenantKey,
    selection: &Selection,
) -> Result<Choice> {
    let effective = drift::effective(&split.map, &live.inventory, &live.keys);
    let spelling = effective.spelling;
    let tenant = spelling
        .key(tenant.as_str())
        .ok_or_else(|| wrong(format!("{tenant} names nobody in the live database")))?;
    let mut choice =
        Choice { tenant, spelling, tables: Vec::new(), obstacles: Vec::new(), remarks: Vec::new() };
    let named: Option<BTreeSet<&str>> = match selection {
        Selection::Everything => None,
        Selection::Tables { tables } => Some(tables.iter().map(String::as_str).collect()),
        Selection::Rows { table, .. } => Some(BTreeSet::from([table.as_str()])),
    };
    let route_of = |table: &str| split.map.tables.get(table).map(|mapping| &mapping.route);
    for name in named.iter().flatten() {
        match route_of(name) {
            Some(route) if route.leads_to_tenants() => {}
            Some(_) => return Err(wrong(format!("table {name} has no rows of tenants in this backup"))),
            None => return Err(wrong(format!("the backup has no table {name} in its tenant map"))),
        }
    }
    let broken: BTreeMap<&str, &Drift> = effective
        .drift
        .iter()
        .filter(|drift| drift.breaks_coverage())
        .map(|drift| (drift.table(), drift))
        .collect();
    let mut shared = 0;
    for (number, old) in (0u32..).zip(&content.inventory.tables) {
        let Some(route) = route_of(&old.name).filter(|route| route.leads_to_tenants()) else {
            shared += 1;
            continue;
        };
        if named.as_ref().is_some_and(|named| !named.contains(old.name.as_str())) {
            continue;
        }
        let now = live.inventory.tables.iter().find(|table| table.name == old.name);
        let primary = split.primary.get(&old.name).map(Vec::as_slice).unwrap_or_default();
        if let Some(obstacle) = hindered(old, now, primary, live, broken.get(old.name.as_str()).copied()) {
            choice.obstacles.push(obstacle);
            continue;
        }
        let Some(now) = now else { continue };
        if let Some(table) = compared(number, now, route, live, (&choice.tenant, spelling))? {
            choice.tables.push(table);
        }
    }
    if let (Selection::Rows { keys, .. }, Some(table)) = (selection, choice.tables.first_mut()) {
        table.only = Some(rows(table, keys)?);
    }
    if named.is_none() {
        // Such tables were kept as shared; rows of the tenant lie there.
        for drift in split.drift.iter().filter(|drift| matches!(drift, Drift::Apart { .. })) {
            choice.obstacles.push(Obstacle {
                table: drift.table().to_owned(),
                what: format!("nobody can tell whose its rows are in this backup: {drift}"),
                hint: Some(OTHER_TABLES.to_owned()),
            });
        }
        if shared > 0 {
            choice
                .remarks
                .push(format!("{shared} shared tables are not touched: they belong to every tenant."));
        }
        for drift in &effective.drift {
            if let Drift::Unmapped { table } = drift {
                choice.remarks.push(format!("Table {table} is newer than the backup and is not touched."));
            }
        }
    }
    if !live.outside.complete {
        choice.remarks.push(
            "Rows of other databases that refer to these are known only as far as the account may see such tables; \
             GRANT PROCESS to it to see all."
                .to_owned(),
        );
    }
    if let Some(rows) = Some(split.unled.values().sum::<u64>()).filter(|rows| *rows > 0) {
        choice.remarks.push(format!(
            "{rows} rows of the backup lead to no tenant or to several; they are not touched."
        ));
    }
    Ok(choice)
}

fn hindered(
    old: &Table,
    now: Option<&Table>,
    primary: &[String],
    live: &Live,
    broken: Option<&Drift>,
) -> Option<Obstacle> {
    let say = |what: String, hint: &str| {
        Some(Obstacle { table: old.name.clone(), what, hint: Some(hint.to_owned()) })
    };
    let Some(now) = now else { return say("the table is gone from the live database".into(), OTHER_TABLES) };
    if let Some(drift) = broken {
        return say(format!("the way to the tenant is lost: {drift}"), OTHER_TABLES);
    }
    let (before, after) = (shape(old), shape(now));
    if before != after {
        let list = |of: &[String], other: &[String]| {
            of.iter().filter(|column| !other.contains(column)).cloned().collect::<Vec<_>>().join(", ")
        };
        let (then, today) = (list(&before, &after), list(&after, &before));
        let what = match (then.is_empty(), today.is_empty()) {
            (false, false) => format!("its columns have changed since the backup: {then}; now {today}"),
            (false, true) => format!("columns were dropped since the backup: {then}"),
            (true, false) => format!("columns were added since the backup: {today}"),
            (true, true) => "its columns have another order than in the backup".into(),
        };
        return say(what, OTHER_TABLES);
    }
    if !now.transactional {
        return say(
            format!("its engine {} has no transactions, so a change could stay half done", now.engine),
            "Convert the table to InnoDB, or choose the other tables.",
        );
    }
    let key: Vec<_> =
        live.keys.primary.get(&old.name).into_iter().flatten().map(|column| column.name.clone()).collect();
    if key != primary {
        return say("its primary key has changed since the backup".into(), OTHER_TABLES);
    }
    None
}

/// How a table of the live database is read and changed. Nothing if no row of it can belong to the tenant.
pub fn compared(
    number: u32,
    table: &Table,
    route: &Route,
    live: &Live,
    (tenant, spelling): (&TenantKey, Spelling),
) -> Result<Option<Compared>> {
    let Some(plan) = TablePlan::new(number, table, route, &live.keys, spelling, Some(tenant))? else {
        return Ok(None);
    };
    let Some(of) = select::of_tenant(&table.name, route, &live.keys, tenant, spelling)? else {
        return Ok(None);
    };
    let scope = match route {
        Route::Column { column } => live
            .keys
            .column(&table.name, column)
            .map(|column| tenant_key::condition(column, &quote_identifier(&column.name), tenant, spelling)),
        _ => None,
    };
    let charset = |name: &String| {
        let column = table.columns.iter().find(|column| column.name == *name);
        column.and_then(|column| column.charset.clone())
    };
    let charsets = plan.columns.iter().map(charset).collect();
    let triggers = live.triggers.get(&table.name).cloned().unwrap_or_default();
    Ok(Some(Compared {
        plan,
        route: route.clone(),
        scope,
        of,
        charsets,
        shape: shape(table),
        triggers,
        only: None,
    }))
}

/// The columns that are read and written, with what decides how.
pub fn shape(table: &Table) -> Vec<String> {
    let stored =
        table.columns.iter().filter(|column| !column.generated && column.class != ColumnClass::ServerKept);
    stored
        .map(|column| {
            let charset = column.charset.as_deref().map(|charset| format!(" {charset}")).unwrap_or_default();
            format!("{} {}{charset}", column.name, definition(column))
        })
        .collect()
}

/// The definition without the width of an integer, which newer servers no longer say.
fn definition(column: &Column) -> String {
    let text = column.definition.to_ascii_lowercase();
    match (text.find('('), text.find(')')) {
        (Some(open), Some(close))
            if open < close && text.get(..open).is_some_and(|kind| kind.ends_with("int")) =>
        {
            format!("{}{}", text.get(..open).unwrap_or_default(), text.get(close + 1..).unwrap_or_default())
        }
        _ => text,
    }
}

/// The rows that a request names, by the text of their keys.
pub fn rows(table: &Compared, keys: &[Vec<String>]) -> Result<HashSet<Vec<String>>> {
    let width = table.plan.key.len();
    if width == 0 {
        return Err(wrong(format!(
            "table {} has no primary key, so its rows cannot be named",
            table.plan.name
        )));
    }
    if keys.is_empty() {
        return Err(wrong("no row is named".into()));
    }
    if keys.iter().any(|key| key.len() != width) {
        return Err(wrong(format!("the primary key of {} has {width} columns", table.plan.name)));
    }
    let named = |(place, text): (&usize, &String)| match table.plan.forms.get(*place) {
        Some(Form::Hex) => plain_hex(text),
        _ => text.clone(),
    };
    Ok(keys.iter().map(|key| table.plan.key.iter().zip(key).map(named).collect()).collect())
}

/// Binary values are named by hexadecimal digits, a UUID with or without hyphens.
pub fn plain_hex(text: &str) -> String {
    let text = text.trim().to_ascii_lowercase().replace('-', "");
    text.strip_prefix("0x").map_or(text.clone(), str::to_owned)
}
