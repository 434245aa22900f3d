//! Everything that is needed to read one table and to write its rows.

use std::sync::Arc;

use domain::{
    sources::quote_identifier,
    spelling::Spelling,
    tenancy::{Route, TenantKey},
};

use super::{
    chunks::{Chunk, Key},
    columns::{self, Form, Written},
    json,
    parents::{Parents, Question},
};
use crate::{
    Error, Kind, Result,
    source::{
        inventory::Table,
        mysql::tenancy::{
            keys::{KeyColumn, Keys, same_name},
            select,
        },
    },
};

/// Where the tenant of a row is found among the values that are selected.
#[derive(Debug, Clone)]
pub enum TenantAt {
    /// Nowhere: the table is shared.
    Nowhere,
    /// In the value with this number.
    Value(usize),
    /// With the rows that these values refer to.
    Parents(Vec<(usize, Arc<Parents>)>),
}

/// How a table is read when its rows are led by what is known of their parents, instead of by joins.
#[derive(Debug, Clone)]
struct Unjoined {
    /// Which value refers to a row of what.
    ways: Vec<(usize, Question)>,
    from: String,
    select: String,
}

/// How one table is read and written.
#[derive(Debug, Clone)]
pub struct TablePlan {
    /// Its place in the inventory.
    pub number: u32,
    /// Its name.
    pub name: String,
    /// How each column that is kept is written.
    pub forms: Vec<Form>,
    /// Names of these columns.
    pub columns: Vec<String>,
    /// Values that are selected: the columns, and the tenant's key where no column holds it.
    pub selected: usize,
    /// Where the tenant is found.
    pub tenant: TenantAt,
    /// `` INSERT INTO `t` (`a`,`b`) VALUES `` and a line break.
    pub head: Vec<u8>,
    /// Primary key, by place among the columns; empty if there is none, or a part of it is not kept.
    pub key: Vec<usize>,
    /// By what it is cut; a table that takes part in no snapshot is never cut.
    pub cut: Key,
    /// Rows by the server's estimate.
    pub rows_estimate: u64,
    /// Bytes by the server's estimate.
    pub bytes_estimate: u64,
    /// Columns of JSON in whose rows it is counted what a restore cannot bring back.
    pub json: Vec<String>,
    /// Which value has these digits, once they are asked for.
    pub narrowed: Option<usize>,
    select: String,
    from: String,
    condition: Option<String>,
    order: String,
    unjoined: Option<Unjoined>,
}

impl TablePlan {
    /// The plan for table number `number`, led by `route`; for the rows of one tenant only, if one is given. Nothing
    /// if no row of the table can belong to that tenant, or the table has no rows of its own.
    pub fn new(
        number: u32,
        table: &Table,
        route: &Route,
        keys: &Keys,
        spelling: Spelling,
        only: Option<&TenantKey>,
    ) -> Result<Option<Self>> {
        if table.shows_others() {
            return Ok(None);
        }
        let written = columns::written(table);
        if written.is_empty() {
            return Err(Error::new(
                Kind::Source,
                format!("read table {}", table.name),
                "all its columns are computed, which no server allows",
            ));
        }
        let led = select::all(&table.name, route, keys, spelling)?;
        let own = |name: &str| written.iter().position(|column| column.name == name);
        let mut expressions: Vec<_> = written.iter().map(|column| column.expression.clone()).collect();
        let tenant = match led.tenant {
            None => TenantAt::Nowhere,
            Some(tenant) => {
                let column = tenant.column.as_deref().and_then(own);
                TenantAt::Value(column.unwrap_or_else(|| {
                    expressions.push(tenant.expression);
                    expressions.len() - 1
                }))
            }
        };
        let primary = keys.primary.get(&table.name).map(Vec::as_slice).unwrap_or_default();
        let key = primary.iter().map(|part| own(&part.name)).collect::<Option<Vec<_>>>().unwrap_or_default();
        let t0 = format!("{} t0", quote_identifier(&table.name));
        let mut order: Vec<_> =
            primary.iter().map(|part| format!("t0.{}", quote_identifier(&part.name))).collect();
        let (mut from, mut condition, mut cut) = (led.from, None, cut(primary));
        if let Some(tenant) = only {
            let Some(of) = select::of_tenant(&table.name, route, keys, tenant, spelling)? else {
                return Ok(None);
            };
            // Both joins lead to the same rows; the second one begins with the tenant's.
            condition = Some(of.condition);
            if matches!(route, Route::Paths { .. }) {
                // The same aliases, because both follow the same steps.
                from = of.from;
                // The server would have to sort, for nothing but a little speed on the way back.
                order.clear();
            }
            cut = Key::None;
        } else if !primary.is_empty() {
            from = from
                .strip_prefix(&t0)
                .map_or_else(|| from.clone(), |joins| format!("{t0} FORCE INDEX (PRIMARY){joins}"));
        }
        if !table.transactional {
            // No snapshot holds it still. One statement does, for as long as it reads; two would see two instants.
            cut = Key::None;
        }
        let unjoined = match route {
            Route::Paths { paths } if only.is_none() => paths
                .iter()
                .map(|path| {
                    let refers = path.steps.first()?.columns.first()?;
                    let at = written.iter().position(|column| same_name(&column.name, refers))?;
                    Some((at, Question::of(&table.name, path, keys, spelling)?))
                })
                .collect::<Option<Vec<_>>>()
                .map(|ways| Unjoined {
                    ways,
                    from: if primary.is_empty() { t0 } else { format!("{t0} FORCE INDEX (PRIMARY)") },
                    select: expressions.get(..written.len()).unwrap_or_default().join(","),
                }),
            _ => None,
        };
        Ok(Some(Self {
            number,
            name: table.name.clone(),
            forms: written.iter().map(|column| column.form).collect(),
            selected: expressions.len(),
            tenant,
            head: head(&table.name, &written),
            columns: written.into_iter().map(|column| column.name).collect(),
            key,
            cut,
            rows_estimate: table.rows_estimate,
            bytes_estimate: table.bytes_estimate,
            json: json::counted(table),
            narrowed: None,
            select: expressions.join(","),
            from,
            condition,
            order: if order.is_empty() { String::new() } else { format!(" ORDER BY {}", order.join(",")) },
            unjoined,
        }))
    }

    /// What has to be known of its parents to read it without joins.
    pub fn questions(&self) -> impl Iterator<Item = &Question> {
        self.unjoined.iter().flat_map(|unjoined| unjoined.ways.iter().map(|(_, question)| question))
    }
    /// Has the server join where that costs less; `rows` gives the estimate for a table.
    pub fn weigh(&mut self, rows: impl Fn(&str) -> u64) {
        if !self.questions().all(|question| Question::pays(self.rows_estimate, rows(&question.table))) {
            self.unjoined = None;
        }
    }
    /// Leads the rows by their parents, if every question has an answer.
    pub fn lead(&mut self, answer: impl Fn(&Question) -> Option<Arc<Parents>>) {
        let Some(unjoined) = self.unjoined.take() else { return };
        let known = unjoined.ways.iter().map(|(at, question)| Some((*at, answer(question)?))).collect();
        if let Some(known) = known {
            self.tenant = TenantAt::Parents(known);
            (self.from, self.select) = (unjoined.from, unjoined.select);
            self.selected = self.forms.len();
        }
    }

    /// Has the server say of each row what of its JSON a restore cannot bring back. Asked last: it is one more value.
    pub fn count_narrowed(&mut self) {
        if self.json.is_empty() || self.narrowed.is_some() {
            return;
        }
        self.select = format!("{},{}", self.select, json::narrowed("t0.", &self.json));
        self.narrowed = Some(self.selected);
        self.selected += 1;
    }

    /// The statement that reads a piece.
    pub fn statement(&self, chunk: &Chunk) -> String {
        let conditions: Vec<_> =
            chunk.condition.iter().chain(&self.condition).map(|condition| format!("({condition})")).collect();
        let filter = if conditions.is_empty() {
            String::new()
        } else {
            format!(" WHERE {}", conditions.join(" AND "))
        };
        format!("SELECT {} FROM {}{filter}{}", self.select, self.from, self.order)
    }
    /// The statement that asks for the ends of a column of the key.
    pub fn ends(&self, column: &str) -> String {
        let column = quote_identifier(column);
        format!("SELECT MIN({column}), MAX({column}) FROM {}", quote_identifier(&self.name))
    }
}

/// With what every statement with rows of a table begins.
pub fn head(table: &str, written: &[Written]) -> Vec<u8> {
    let names: Vec<_> = written.iter().map(|column| quote_identifier(&column.name)).collect();
    format!("INSERT INTO {} ({}) VALUES\n", quote_identifier(table), names.join(",")).into_bytes()
}

fn is_old_czech(collation: &str) -> bool {
    ["latin2_czech", "cp1250_czech"].iter().any(|old| collation.starts_with(old))
}

fn cut(primary: &[KeyColumn]) -> Key {
    let Some(first) = primary.first().filter(|first| first.prefix.is_none()) else { return Key::None };
    let name = first.name.clone();
    match first.data_type.as_str() {
        "tinyint" | "smallint" | "mediumint" | "int" | "bigint" => Key::Integer(name),
        // The old Czech collations order digits after letters; a table is cut where digits come first.
        "char" | "varchar" if first.collation.as_deref().is_some_and(is_old_czech) => Key::None,
        "char" | "varchar" => Key::Text(name),
        "binary" | "varbinary" => Key::Binary(name),
        _ => Key::None,
    }
}
