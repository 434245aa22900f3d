//! Which piece of which table is read next, by readers that share a list of tables.

use std::sync::{
    Mutex, PoisonError,
    atomic::{AtomicUsize, Ordering},
};

use super::{
    chunks::{Chunk, Chunks},
    plan::TablePlan,
};
use crate::{Result, source::mysql::wire::Wire};

/// A table at work.
#[derive(Debug)]
pub struct Reading {
    /// How it is read.
    pub plan: TablePlan,
    chunks: Mutex<Chunks>,
    /// Pieces that were taken and not finished yet.
    open: AtomicUsize,
}

/// The tables that are being read.
#[derive(Debug)]
pub struct Pieces {
    tables: Vec<Reading>,
    done: AtomicUsize,
}

impl Pieces {
    /// All tables, the largest first, so that the last one at work is not the longest.
    pub fn new(mut plans: Vec<TablePlan>) -> Self {
        plans.sort_by_key(|plan| std::cmp::Reverse((plan.bytes_estimate, plan.rows_estimate)));
        let tables = plans.into_iter().map(|plan| Reading {
            chunks: Mutex::new(Chunks::new(plan.cut.clone(), plan.rows_estimate, plan.bytes_estimate)),
            plan,
            open: AtomicUsize::new(0),
        });
        Self { tables: tables.collect(), done: AtomicUsize::new(0) }
    }
    /// How many tables are behind us, and how many there are.
    pub fn progress(&self) -> (usize, usize) {
        (self.done.load(Ordering::Acquire), self.tables.len())
    }

    /// The next piece, of the first table that has one left.
    pub fn next(&self, wire: &mut Wire) -> Result<Option<(&Reading, Chunk)>> {
        for reading in &self.tables {
            let mut chunks = reading.chunks.lock().unwrap_or_else(PoisonError::into_inner);
            if chunks.is_done() {
                continue;
            }
            if let Some(column) = chunks.asks_for().map(str::to_owned) {
                let ends = ends(wire, &reading.plan, &column)?;
                chunks.ends(ends, reading.plan.rows_estimate);
            }
            if let Some(chunk) = chunks.take() {
                reading.open.fetch_add(1, Ordering::AcqRel);
                return Ok(Some((reading, chunk)));
            }
        }
        Ok(None)
    }
    /// Must be called when a piece was read.
    pub fn finished(&self, reading: &Reading, rows: u64) {
        let mut chunks = reading.chunks.lock().unwrap_or_else(PoisonError::into_inner);
        chunks.learn(rows);
        let left = reading.open.fetch_sub(1, Ordering::AcqRel) - 1;
        if left == 0 && chunks.is_done() {
            self.done.fetch_add(1, Ordering::AcqRel);
        }
    }
}

fn ends(wire: &mut Wire, plan: &TablePlan, column: &str) -> Result<Option<(i128, i128)>> {
    let attempt = format!("find the ends of the key of {}", plan.name);
    let row = wire.first(plan.ends(column), &attempt)?.unwrap_or_default();
    let number = |index: usize| {
        row.get(index).and_then(|value| std::str::from_utf8(value.as_deref()?).ok()?.parse::<i128>().ok())
    };
    Ok(number(0).zip(number(1)))
}
