//! How long the audit trail takes: writing entries that come together, and finding them again.
//!
//! `cargo run -p catalog --example trail -- 1000000 [postgres://…]` fills a new catalog (SQLite in a temporary directory
//! unless an address of an empty Postgres database is given) with so many entries of one organisation and prints for each
//! kind of search the median and the 95th percentile of two hundred.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result};
use catalog::{Catalog, TenantCatalog, TrailQuery};
use domain::{
    Clock, FixedClock, SourceId, Timestamp, UserId,
    access::may,
    audit::{Act, Deed, Field, Object, Origin, Outcome},
};
use uuid::Uuid;

/// Entries that are written at once.
const TOGETHER: u64 = 2_000;
/// Searches of a kind.
const SEARCHES: u32 = 200;
/// Between two entries, in milliseconds: ten million are seven years.
const BETWEEN: i64 = 22_000;

fn source(n: u64) -> SourceId {
    SourceId::new(Uuid::from_u128(u128::from(n % 997) + 1))
}

/// Nearly all done, some refused; every act in turn; a thousand objects; every hundred-thousandth on a rare one.
fn deed(n: u64) -> Deed {
    let act = Act::ALL[usize::try_from(n % Act::ALL.len() as u64).unwrap_or(0)];
    let on = if n.is_multiple_of(100_000) {
        Object::from(UserId::new(Uuid::from_u128(7)))
    } else {
        Object::from(source(n))
    };
    if n.is_multiple_of(500) {
        return Deed::refused(act, on, "role");
    }
    Deed::done(act, on).after(Field::Source, source(n)).after(Field::Count, n)
}

async fn fill(rows: &TenantCatalog<'_>, clock: &FixedClock, count: u64) -> Result<Duration> {
    let begun = Instant::now();
    let mut n = 0;
    while n < count {
        let until = (n + TOGETHER).min(count);
        futures::future::try_join_all((n..until).map(|n| rows.record_deed(deed(n)))).await?;
        clock.advance_ms(BETWEEN * i64::try_from(until - n)?);
        n = until;
        if n.is_multiple_of(100_000) {
            eprintln!(
                "{n} entries, {} per second",
                u128::from(n) * 1000 / begun.elapsed().as_millis().max(1)
            );
        }
    }
    Ok(begun.elapsed())
}

async fn measure(rows: &TenantCatalog<'_>, name: &str, query: TrailQuery) -> Result<()> {
    let mut times = Vec::new();
    let mut found = 0;
    let mut query = query;
    for _ in 0..SEARCHES {
        let begun = Instant::now();
        let page = rows.search_trail(&query).await?;
        times.push(begun.elapsed());
        found += page.rows.len();
        // The next page; from the beginning again after the last.
        query.after = page.next;
    }
    times.sort();
    let at = |percent: usize| times[times.len() * percent / 100].as_secs_f64() * 1000.0;
    println!("{name:<40} {:>8.2} ms  {:>8.2} ms   {found} rows", at(50), at(95));
    Ok(())
}

#[tokio::main]
async fn main() -> Result<()> {
    let mut arguments = std::env::args().skip(1);
    let count = arguments.next().context("how many entries?")?.parse()?;
    let dir = tempfile::tempdir()?;
    let url = arguments.next().unwrap_or_else(|| format!("sqlite://{}/catalog.db", dir.path().display()));
    let clock = Arc::new(FixedClock::at(Timestamp(1_577_836_800_000)));
    let catalog = Catalog::open(&url, clock.clone()).await?;
    catalog.migrate().await?;
    let root = catalog.command_line("root").await?;
    let tenant = catalog.create_tenant(&root, "Bench").await?;
    let root = catalog.command_line("root").await?;
    let scope = root.allow::<may::ReadSettings>(tenant)?;
    let rows = catalog.tenant(&scope).seen_from(Origin::here());
    let took = fill(&rows, &clock, count).await?;
    println!("{count} entries in {took:?} on {}", catalog.database());

    let begun = Instant::now();
    rows.record_deed(deed(1)).await?;
    println!("one entry alone: {:?}", begun.elapsed());
    println!("{:<40} {:>11}  {:>11}", "search", "median", "95th");
    let any = TrailQuery::default;
    let actor = Some("command_line:root".to_owned());
    let rare = Some(Object::from(UserId::new(Uuid::from_u128(7))));
    let middle = Some(clock.now().plus_ms(-BETWEEN * i64::try_from(count / 2)?));
    measure(&rows, "everything", any()).await?;
    measure(&rows, "up to the middle of time", TrailQuery { until: middle, ..any() }).await?;
    measure(&rows, "an act", TrailQuery { act: Some(Act::BackupStart), ..any() }).await?;
    measure(&rows, "an actor", TrailQuery { actor: actor.clone(), ..any() }).await?;
    measure(&rows, "an object", TrailQuery { object: Some(source(5).into()), ..any() }).await?;
    measure(&rows, "a rare object", TrailQuery { object: rare.clone(), ..any() }).await?;
    measure(&rows, "refusals", TrailQuery { outcome: Some(Outcome::Refused), ..any() }).await?;
    let query = TrailQuery { actor: actor.clone(), act: Some(Act::BackupStart), ..any() };
    measure(&rows, "an actor and an act", query).await?;
    let query = TrailQuery { actor, act: Some(Act::BackupStart), outcome: Some(Outcome::Failed), ..any() };
    measure(&rows, "three conditions that nothing meets", query).await?;
    let query = TrailQuery { object: rare, act: Some(Act::TenantRestoreUndone), ..any() };
    measure(&rows, "a rare object and an act", query).await
}
