//! One reader: takes pieces of tables, reads their rows, leads each to its owner.
//!
//! Everything of a row happens on one thread while the row lies in the read buffer: it is taken apart, hashed,
//! led, written as SQL. Nothing is handed over but finished pieces of packs.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Instant,
};

use tokio_util::sync::CancellationToken;
use xxhash_rust::xxh3::xxh3_128_with_seed;

use super::{
    buffers::Buffers,
    open::{self, LONGEST_ROW},
    owners::{Known, SHARED},
    stages::Stages,
    tally::Tallies,
};
use crate::{
    Error, Kind, Result,
    source::{
        OnProgress, SourceProgress,
        mysql::{
            native::{
                chunks::Chunk,
                json::Narrowed,
                parents::Parents,
                pieces::Pieces,
                plan::{TablePlan, TenantAt},
                row::Fields,
            },
            tenancy::tenant_key,
            wire::Wire,
        },
    },
};

/// What all readers share.
pub struct Work {
    pieces: Pieces,
    seed: u64,
    /// Only rows of this tenant may come; anything else means that the selection is wrong.
    only: Option<domain::tenancy::TenantKey>,
    bytes: AtomicU64,
    progress: OnProgress,
    /// Stops all readers when one fails.
    pub stop: CancellationToken,
    /// What was counted.
    pub tallies: Mutex<Tallies>,
    /// Where the time went.
    pub stages: Mutex<Stages>,
    /// Rows whose ways lead to more than one tenant or to none, by table; they are shared.
    pub unled: Mutex<HashMap<u32, u64>>,
    /// Rows whose JSON no restore brings back as it is, by table.
    pub narrowed: Mutex<HashMap<u32, Narrowed>>,
}

impl Work {
    /// All tables, the largest first, so that the last one at work is not the longest.
    pub fn new(
        plans: Vec<TablePlan>,
        seed: u64,
        only: Option<domain::tenancy::TenantKey>,
        progress: OnProgress,
        stop: CancellationToken,
    ) -> Self {
        Self {
            pieces: Pieces::new(plans),
            seed,
            only,
            bytes: AtomicU64::new(0),
            progress,
            stop,
            tallies: Mutex::default(),
            stages: Mutex::default(),
            unled: Mutex::default(),
            narrowed: Mutex::default(),
        }
    }

    fn tell(&self, table: &str) {
        let (done, total) = self.pieces.progress();
        (self.progress)(SourceProgress {
            bytes: self.bytes.load(Ordering::Acquire),
            tables_done: done,
            tables_total: total,
            current_table: Some(table.to_owned()),
        });
    }
}

/// A reader's own state.
struct Reader<'w> {
    work: &'w Work,
    known: Known,
    buffers: Buffers,
    fields: Fields,
    owners: HashMap<Box<[u8]>, u32>,
    last: (Vec<u8>, u32),
    rows: u64,
    unled: u64,
    narrowed: Narrowed,
    /// Bytes of rows that were read since progress was last told.
    untold: u64,
    stages: Stages,
}

/// Bytes of rows after which progress is told.
const TELL: u64 = 256 << 10;

/// Reads until nothing is left, over one connection that stands at the snapshot. Gives it back, because while it is
/// open nobody can change the definition of what it has read.
pub fn read(work: &Work, mut wire: Wire, known: Known, buffers: Buffers) -> Result<Wire> {
    let mut reader = Reader {
        work,
        known,
        buffers,
        fields: Fields::default(),
        owners: HashMap::new(),
        last: (Vec::new(), SHARED),
        rows: 0,
        unled: 0,
        narrowed: Narrowed::default(),
        untold: 0,
        stages: Stages::default(),
    };
    let began = Instant::now();
    while let Some((reading, chunk)) = work.pieces.next(&mut wire)? {
        if work.stop.is_cancelled() {
            return Err(Error::cancelled("read the tables"));
        }
        reader.chunk(&mut wire, &reading.plan, &chunk)?;
        work.pieces.finished(reading, reader.rows);
        work.tell(&reading.plan.name);
    }
    reader.stages.compress = reader.buffers.spent.0;
    reader.stages.seal = reader.buffers.spent.1;
    reader.stages.all = u64::try_from(began.elapsed().as_nanos()).unwrap_or(u64::MAX);
    work.stages.lock().unwrap_or_else(PoisonError::into_inner).merge(&reader.stages);
    Ok(wire)
}

impl Reader<'_> {
    fn chunk(&mut self, wire: &mut Wire, plan: &TablePlan, chunk: &Chunk) -> Result<()> {
        self.rows = 0;
        self.unled = 0;
        self.buffers.begin(plan.number, chunk.number);
        let attempt = format!("read table {}", plan.name);
        wire.rows(plan.statement(chunk), &attempt, &mut |row| self.row(plan, row))?;
        let tallies = self.buffers.end()?;
        self.work.bytes.fetch_add(std::mem::take(&mut self.untold), Ordering::AcqRel);
        let mut all = self.work.tallies.lock().unwrap_or_else(PoisonError::into_inner);
        for (owner, tally) in tallies {
            all.entry((owner, plan.number)).or_default().merge(tally);
        }
        drop(all);
        if self.unled > 0 {
            let mut unled = self.work.unled.lock().unwrap_or_else(PoisonError::into_inner);
            *unled.entry(plan.number).or_default() += self.unled;
        }
        if plan.narrowed.is_some() {
            let mut narrowed = self.work.narrowed.lock().unwrap_or_else(PoisonError::into_inner);
            narrowed.entry(plan.number).or_default().merge(&std::mem::take(&mut self.narrowed));
        }
        Ok(())
    }

    fn row(&mut self, plan: &TablePlan, row: &[u8]) -> Result<()> {
        // Time is taken of few rows: asking the clock costs as much as a small row.
        let sampled = self.rows.is_multiple_of(Stages::SAMPLE);
        self.rows += 1;
        if row.len() as u64 > LONGEST_ROW {
            return Err(self.too_long(plan, row));
        }
        self.untold += row.len() as u64;
        if self.untold >= TELL {
            self.work.bytes.fetch_add(std::mem::take(&mut self.untold), Ordering::AcqRel);
            self.work.tell(&plan.name);
        }
        if self.rows.is_multiple_of(4096) && self.work.stop.is_cancelled() {
            return Err(Error::cancelled("read the tables"));
        }
        if !sampled {
            self.fields.split(row, plan.selected)?;
            self.count_narrowed(plan, row);
            let hash = xxh3_128_with_seed(self.fields.prefix(row, plan.forms.len()), self.work.seed);
            let owner = self.owner(plan, row)?;
            return self.buffers.row(owner, plan, row, &self.fields, hash);
        }
        let began = Instant::now();
        self.fields.split(row, plan.selected)?;
        self.count_narrowed(plan, row);
        let split = began.elapsed();
        let hash = xxh3_128_with_seed(self.fields.prefix(row, plan.forms.len()), self.work.seed);
        let hashed = began.elapsed();
        let owner = self.owner(plan, row)?;
        let led = began.elapsed();
        let stored = self.buffers.spent;
        self.buffers.row(owner, plan, row, &self.fields, hash)?;
        let blocks = self.buffers.spent.0 + self.buffers.spent.1 - stored.0 - stored.1;
        self.stages.sample(split, hashed, led, began.elapsed(), blocks);
        Ok(())
    }

    fn count_narrowed(&mut self, plan: &TablePlan, row: &[u8]) {
        if let Some(digits) = plan.narrowed.and_then(|at| self.fields.get(row, at)) {
            self.narrowed.add(digits);
        }
    }

    fn owner(&mut self, plan: &TablePlan, row: &[u8]) -> Result<u32> {
        let value = match &plan.tenant {
            TenantAt::Nowhere => return self.shared(plan),
            TenantAt::Value(at) => self.fields.get(row, *at),
            TenantAt::Parents(ways) => by_parents(ways, &self.fields, row),
        };
        let Some(value) = value else {
            self.unled += 1;
            return self.shared(plan);
        };
        if !self.last.0.is_empty() && self.last.0 == value {
            return Ok(self.last.1);
        }
        let number = if let Some(number) = self.owners.get(value) {
            *number
        } else {
            let number = match tenant_key::key(Some(value)) {
                Some(tenant) => {
                    if self.work.only.as_ref().is_some_and(|only| *only != tenant) {
                        return Err(foreign(plan));
                    }
                    self.known.tenant(&tenant)?
                }
                None => self.shared(plan)?,
            };
            self.owners.insert(value.into(), number);
            number
        };
        self.last.0.clear();
        self.last.0.extend_from_slice(value);
        self.last.1 = number;
        Ok(number)
    }

    /// A row that came after all: the server's estimate of its table was too small for a look before the run.
    fn too_long(&mut self, plan: &TablePlan, row: &[u8]) -> Error {
        if let Err(error) = self.fields.split(row, plan.selected) {
            return error;
        }
        let key = plan.key.iter().filter_map(|at| {
            let value = self.fields.get(row, *at).unwrap_or_default();
            let value = String::from_utf8_lossy(value.get(..value.len().min(64)).unwrap_or_default());
            Some((plan.columns.get(*at)?.as_str(), value.into_owned()))
        });
        open::too_long(&plan.name, key, row.len() as u64)
    }

    fn shared(&self, plan: &TablePlan) -> Result<u32> {
        if self.work.only.is_some() { Err(foreign(plan)) } else { Ok(SHARED) }
    }
}

/// The tenant that every parent names that names any; the same rule as that of the joins.
fn by_parents<'p>(ways: &'p [(usize, Arc<Parents>)], fields: &Fields, row: &[u8]) -> Option<&'p [u8]> {
    let named = |(at, parents): &'p (usize, Arc<Parents>)| parents.tenant(fields.get(row, *at)?);
    if let [one] = ways {
        return named(one);
    }
    let mut all = ways.iter().filter_map(named).filter(|tenant| !tenant.is_empty());
    let first = all.next()?;
    all.all(|tenant| tenant == first).then_some(first)
}

fn foreign(plan: &TablePlan) -> Error {
    Error::new(Kind::Integrity, format!("read table {}", plan.name), "a row came that is not the tenant's")
        .hint("Nothing was stored. Confirm the tenant map again; if it stays so, please report it.")
}
