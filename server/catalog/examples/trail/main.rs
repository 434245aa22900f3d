//! How long the audit trail takes: what it adds to a writing request, entries that come together, and finding them again.
//!
//! `cargo run -p catalog --example trail -- 10000000 [postgres://…]` fills a new catalog (SQLite in a temporary directory
//! unless an address of an empty Postgres database is given) with so many entries of one organisation. It prints what a
//! change costs with its entry and without, before and after; how long one waits for a group's commit; and for each kind
//! of search the median and the 95th percentile of two hundred.

mod fill;

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result};
use catalog::{Catalog, NewConnection, TenantCatalog, TrailQuery};
use domain::{
    Clock, ConnectionId, FixedClock, SourceId, Timestamp, UserId,
    access::may,
    audit::{Act, Chain, Deed, Field, Object, Outcome},
    policies::schedule::{DAILY_FULL, Schedule},
    sources::{AccountName, DatabaseName, HostName, Label, TlsMode},
};
use sqlx::Connection as _;
use uuid::Uuid;

/// Searches of a kind.
const SEARCHES: u32 = 200;
/// Changes of a kind.
const CHANGES: u32 = 2_000;
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

/// CPU of this process so far: with SQLite, of the database too.
fn cpu() -> Result<Duration> {
    let stat = std::fs::read_to_string("/proc/self/stat")?;
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
    let ticks: u64 =
        fields.get(11).context("utime")?.parse::<u64>()? + fields.get(12).context("stime")?.parse::<u64>()?;
    Ok(Duration::from_millis(ticks * 10))
}

fn percentile(times: &mut [Duration], percent: usize) -> f64 {
    times.sort();
    times.get(times.len() * percent / 100).map_or(0.0, |time| time.as_secs_f64() * 1000.0)
}

fn tell(name: &str, mut times: Vec<Duration>, cpu: Duration) {
    let (median, high, count) = (percentile(&mut times, 50), percentile(&mut times, 95), times.len());
    let each = cpu.as_secs_f64() * 1000.0 / f64::from(u32::try_from(count).unwrap_or(u32::MAX));
    println!("{name:<44} {median:>8.3} ms  {high:>8.3} ms   {each:>7.3} ms CPU");
}

/// The same change, by the catalog with its entry and by its statement alone.
async fn change(rows: &TenantCatalog<'_>, url: &str, source: SourceId, what: &str) -> Result<()> {
    let daily = Schedule::parse(DAILY_FULL, Timestamp(0))?;
    let (mut times, before) = (Vec::new(), cpu()?);
    for _ in 0..CHANGES {
        let begun = Instant::now();
        rows.set_schedule(source, &daily, true).await?;
        times.push(begun.elapsed());
    }
    tell(&format!("a change with its entry, {what}"), times, cpu()?.saturating_sub(before));
    // The statement of the change and what is asked before it, on a connection of the same settings.
    let statement = "update schedules set cron = cron, version = version + 1 where source_id = $1";
    let (mut times, before) = (Vec::new(), cpu()?);
    if url.starts_with("sqlite") {
        let mut conn = sqlx::SqliteConnection::connect(url).await?;
        sqlx::raw_sql("pragma synchronous = full").execute(&mut conn).await?;
        for _ in 0..CHANGES {
            let begun = Instant::now();
            rows.get_source(source).await?;
            let mut tx = conn.begin_with("begin immediate").await?;
            sqlx::query(statement).bind(source.to_string()).execute(&mut *tx).await?;
            tx.commit().await?;
            times.push(begun.elapsed());
        }
    } else {
        let mut conn = sqlx::PgConnection::connect(url).await?;
        for _ in 0..CHANGES {
            let begun = Instant::now();
            rows.get_source(source).await?;
            let mut tx = conn.begin_with("begin; set local holdfast.scope = '*'").await?;
            sqlx::query(statement).bind(source.to_string()).execute(&mut *tx).await?;
            tx.commit().await?;
            times.push(begun.elapsed());
        }
    }
    tell("the same change without", times, cpu()?.saturating_sub(before));
    Ok(())
}

/// How long each of many who come at the same time waits until its entry lasts.
async fn together(rows: &TenantCatalog<'_>, count: u64) -> Result<()> {
    let (mut times, before) = (Vec::new(), cpu()?);
    for round in 0..50 {
        let waits = (0..count).map(|n| async move {
            let begun = Instant::now();
            rows.record_deed(deed(round * count + n + 1)).await.map(|()| begun.elapsed())
        });
        times.extend(futures::future::try_join_all(waits).await?);
    }
    tell(&format!("until an entry lasts, {count} at a time"), times, cpu()?.saturating_sub(before));
    Ok(())
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
    println!(
        "{name:<44} {:>8.2} ms  {:>8.2} ms   {found} rows",
        percentile(&mut times, 50),
        percentile(&mut times, 95)
    );
    Ok(())
}

#[tokio::main]
async fn main() -> Result<()> {
    let mut arguments = std::env::args().skip(1);
    let count: u64 = arguments.next().context("how many entries?")?.parse()?;
    let dir = tempfile::tempdir()?;
    let url = arguments.next().unwrap_or_else(|| format!("sqlite://{}/catalog.db", dir.path().display()));
    let begun = Timestamp(1_577_836_800_000);
    let clock = Arc::new(FixedClock::at(begun));
    let catalog = Catalog::open(&url, clock.clone()).await?;
    catalog.migrate().await?;
    let root = catalog.command_line("root").await?;
    let (full, empty) =
        (catalog.create_tenant(&root, "Full").await?, catalog.create_tenant(&root, "Empty").await?);
    fill::fill(&url, Chain::Tenant(full), begun, count).await?;
    clock.advance_ms(BETWEEN * i64::try_from(count)?);
    println!("{count} entries on {}", catalog.database());
    println!("{:<44} {:>11}  {:>11}", "", "median", "95th");

    let root = catalog.command_line("root").await?;
    let scopes = [
        (root.allow::<may::ManageSources>(empty)?, "first entries"),
        (root.allow(full)?, "after all of them"),
    ];
    for (scope, what) in &scopes {
        let rows = catalog.tenant(scope);
        let new = NewConnection {
            id: ConnectionId::new(clock.uuid()),
            name: Label::new("main")?,
            host: HostName::new("db.example")?,
            port: 3306,
            user: AccountName::new("backup")?,
            tls: TlsMode::Verify,
            credential: None,
        };
        let connection = new.id;
        rows.create_connection(new).await?;
        let daily = Schedule::parse(DAILY_FULL, clock.now())?;
        let source = rows.create_source(connection, &DatabaseName::new("grc")?, &daily).await?;
        change(&rows, &url, source, what).await?;
    }
    let rows = catalog.tenant(&scopes[1].0);
    for count in [1, 10, 100, 1000] {
        together(&rows, count).await?;
    }

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
