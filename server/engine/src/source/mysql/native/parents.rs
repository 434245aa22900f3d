//! Which tenant each row of a referenced table belongs to, kept in memory while a database is read.
//!
//! A server that joins every row to its parents spends nearly as much on that as on reading all rows. Parents are few
//! beside their children: their keys and tenants are read once, at the same snapshot, and the children are led
//! here. That is done where a parent is found by one integer column whose values lie close together, at four bytes
//! for each possible value; everything else is joined by the server, with the same result.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
};

use domain::{
    sources::quote_identifier,
    spelling::Spelling,
    tenancy::{Path, Route},
};
use tokio_util::sync::CancellationToken;

use super::{plan::TablePlan, row::Fields};
use crate::{
    Error, Result,
    source::mysql::{
        tenancy::{
            keys::{KeyColumn, Keys},
            select,
        },
        wire::Wire,
    },
};

/// Values of keys that may be held in all, four bytes each.
const ROOM: usize = 12 << 20;
/// A table with fewer rows is joined: that costs less than another statement.
const FEW: u64 = 4096;

/// What has to be read to lead rows by their parents.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Question {
    /// The referenced table.
    pub table: String,
    column: String,
    /// Selects that column and the tenant of the row.
    sql: String,
}

impl Question {
    /// The question whose answer leads the rows of `table` along `path`; none if its first step is no single integer.
    pub fn of(table: &str, path: &Path, keys: &Keys, spelling: Spelling) -> Option<Self> {
        let (first, rest) = path.steps.split_first()?;
        let ([here], [there]) = (first.columns.as_slice(), first.references.as_slice()) else { return None };
        if !is_integer(keys.column(table, here)?) || !is_integer(keys.column(&first.table, there)?) {
            return None;
        }
        let column = path.column.clone();
        let route = if rest.is_empty() {
            Route::Column { column }
        } else {
            Route::Paths { paths: vec![Path { steps: rest.to_vec(), column }] }
        };
        let led = select::all(&first.table, &route, keys, spelling).ok()?;
        let sql =
            format!("SELECT t0.{},{} FROM {}", quote_identifier(there), led.tenant?.expression, led.from);
        Some(Self { table: first.table.clone(), column: there.clone(), sql })
    }

    /// Whether answering costs less than joining a child of `child` rows, when the table has `parents`.
    pub const fn pays(child: u64, parents: u64) -> bool {
        child >= FEW && parents / 2 <= child
    }

    fn ends(&self) -> String {
        let column = quote_identifier(&self.column);
        format!("SELECT MIN({column}),MAX({column}) FROM {}", quote_identifier(&self.table))
    }
}

/// Whether the server prints a value of it in one way only.
fn is_integer(column: &KeyColumn) -> bool {
    matches!(column.data_type.as_str(), "tinyint" | "smallint" | "mediumint" | "int" | "bigint")
        && !column.definition.to_ascii_lowercase().contains("zerofill")
}

/// The tenants of the rows of one table.
#[derive(Debug, Default)]
pub struct Parents {
    first: i64,
    /// By key, from the first one: 0 for no tenant, else the place among `tenants` plus one.
    led: Vec<u32>,
    tenants: Vec<Box<[u8]>>,
}

impl Parents {
    /// The text of the tenant to whom the row with this key belongs, as the server would have sent it.
    pub fn tenant(&self, key: &[u8]) -> Option<&[u8]> {
        let at = usize::try_from(number(key)?.checked_sub(self.first)?).ok()?;
        let place = self.led.get(at)?.checked_sub(1)?;
        self.tenants.get(place as usize).map(AsRef::as_ref)
    }

    /// Reads the answer to `question`; none if its keys need more than what is left of `room`.
    fn read(
        wire: &mut Wire,
        question: &Question,
        room: &AtomicUsize,
        stop: &CancellationToken,
    ) -> Result<Option<Self>> {
        let attempt = format!("read the tenants of the rows of {}", question.table);
        let ends = wire.first(question.ends(), &attempt)?.unwrap_or_default();
        let end = |index: usize| number(ends.get(index)?.as_deref()?);
        let (Some(first), Some(last)) = (end(0), end(1)) else {
            // An empty table leads nobody. Anything else that is no number is left to the server.
            let empty = ends.iter().all(Option::is_none);
            return Ok(empty.then(Self::default));
        };
        let width = last.checked_sub(first).and_then(|width| usize::try_from(width).ok()?.checked_add(1));
        let Some(width) = width else { return Ok(None) };
        let taken = room.fetch_update(Ordering::AcqRel, Ordering::Acquire, |left| left.checked_sub(width));
        if taken.is_err() {
            return Ok(None);
        }
        let mut parents = Self { first, led: vec![0; width], tenants: Vec::new() };
        let (mut places, mut fields) = (HashMap::<Box<[u8]>, u32>::new(), Fields::default());
        let (mut rows, mut strayed) = (0_u64, false);
        wire.rows(&question.sql, &attempt, &mut |row| {
            rows += 1;
            if rows.is_multiple_of(4096) && stop.is_cancelled() {
                return Err(Error::cancelled(attempt.clone()));
            }
            fields.split(row, 2)?;
            let Some((key, tenant)) = fields.get(row, 0).zip(fields.get(row, 1)) else { return Ok(()) };
            let at = number(key).and_then(|key| usize::try_from(key.checked_sub(first)?).ok());
            let Some(led) = at.and_then(|at| parents.led.get_mut(at)) else {
                strayed = true;
                return Ok(());
            };
            *led = if let Some(place) = places.get(tenant) {
                *place
            } else {
                parents.tenants.push(tenant.into());
                let place = u32::try_from(parents.tenants.len()).unwrap_or(0);
                places.insert(tenant.into(), place);
                place
            };
            Ok(())
        })?;
        // Only a table without snapshots changes while it is read.
        Ok((!strayed).then_some(parents))
    }
}

/// Decimal digits as the server prints an integer; none if it does not fit.
fn number(text: &[u8]) -> Option<i64> {
    std::str::from_utf8(text).ok()?.parse().ok()
}

/// Reads what the plans ask for, over connections that stand at one snapshot, and leads the plans by it.
pub fn lead(readers: &mut [Wire], plans: &mut [TablePlan], stop: &CancellationToken) -> Result<()> {
    let mut questions: Vec<Question> = Vec::new();
    for question in plans.iter().flat_map(TablePlan::questions) {
        if !questions.contains(question) {
            questions.push(question.clone());
        }
    }
    let (next, room) = (AtomicUsize::new(0), AtomicUsize::new(ROOM));
    let answers = Mutex::new(HashMap::new());
    let failure = Mutex::new(None);
    std::thread::scope(|scope| {
        for wire in readers {
            scope.spawn(|| {
                while let Some(question) = questions.get(next.fetch_add(1, Ordering::AcqRel)) {
                    match Parents::read(wire, question, &room, stop) {
                        Ok(Some(parents)) => {
                            let mut answers = answers.lock().unwrap_or_else(PoisonError::into_inner);
                            answers.insert(question.sql.clone(), Arc::new(parents));
                        }
                        Ok(None) => {}
                        Err(error) => {
                            failure.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(error);
                            return;
                        }
                    }
                }
            });
        }
    });
    if let Some(error) = failure.into_inner().unwrap_or_else(PoisonError::into_inner) {
        return Err(error);
    }
    let answers = answers.into_inner().unwrap_or_else(PoisonError::into_inner);
    for plan in plans {
        plan.lead(|question| answers.get(&question.sql).cloned());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::*;
    use crate::source::mysql::tenancy::{infer::infer, testing::schema};

    #[test]
    fn only_single_integers_are_asked_for() {
        let (inventory, keys) =
            schema(&["a: id, TenantId", "b: id, a", "c: id, b", "b(a) -> a(id)", "c(b) -> b(id)"]);
        let map = infer(&inventory, &keys, "TenantId");
        let Route::Paths { paths } = &map.tables["c"].route else { unreachable!() };
        let question = Question::of("c", &paths[0], &keys, Spelling::default()).unwrap();
        assert_eq!(
            question.sql,
            "SELECT t0.`id`,t1.`TenantId` FROM `b` t0 LEFT JOIN `a` t1 ON t1.`id`=t0.`a`"
        );
        let mut text = keys.clone();
        for column in text.columns.get_mut("b").unwrap() {
            column.data_type = "char".into();
        }
        assert_eq!(Question::of("c", &paths[0], &text, Spelling::default()), None);
        let mut filled = keys;
        for column in filled.columns.get_mut("c").unwrap() {
            column.definition = "bigint(20) unsigned ZEROFILL".into();
        }
        assert_eq!(Question::of("c", &paths[0], &filled, Spelling::default()), None);
    }

    #[test]
    fn what_lies_outside_leads_nowhere() {
        let parents =
            Parents { first: -2, led: vec![1, 0, 2], tenants: vec![(*b"7").into(), (*b"0").into()] };
        let tenant = |key: &[u8]| parents.tenant(key).map(<[u8]>::to_vec);
        assert_eq!(tenant(b"-2"), Some(b"7".to_vec()));
        assert_eq!(tenant(b"0"), Some(b"0".to_vec()));
        for nobody in [&b"-1"[..], b"-3", b"1", b"", b"x", b"18446744073709551615", b"-9223372036854775808"] {
            assert_eq!(tenant(nobody), None);
        }
        assert_eq!(Parents::default().tenant(b"0"), None);
    }
}
