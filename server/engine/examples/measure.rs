//! Measures the native engine by itself: one backup of a database into a new vault in a directory, with the time of
//! each stage.
//!
//! `measure <socket> <database> <directory> [readers] [full|read]`: `read` reads every row and throws it away, which
//! is the limit of what any engine can reach with this reader.

use std::{path::PathBuf, sync::Arc, time::Instant};

use anyhow::{Context, Result};
use domain::{
    Clock, Timestamp,
    id::Id,
    sources::{AccountName, DatabaseName, HostName, TlsMode},
};
use engine::{
    format::{Owner, keys::Place},
    pipeline::{
        Control, NoFence, Vault,
        native::{self, NativeRequest},
    },
    seal::{LocalRoot, Secret},
    source::mysql::{connect::Endpoint, inspect, native::sums},
    storage::local::Local,
};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

struct RealClock;

impl Clock for RealClock {
    fn now(&self) -> Timestamp {
        let since = std::time::UNIX_EPOCH.elapsed().unwrap_or_default();
        Timestamp(i64::try_from(since.as_millis()).unwrap_or_default())
    }
    #[expect(clippy::disallowed_methods, reason = "the clock of this program")]
    fn uuid(&self) -> Uuid {
        Uuid::now_v7()
    }
}

#[tokio::main]
async fn main() -> Result<()> {
    let mut arguments = std::env::args().skip(1);
    let mut next = |name: &'static str| arguments.next().context(name);
    let (socket, database) = (PathBuf::from(next("a socket")?), DatabaseName::new(next("a database")?)?);
    let directory = PathBuf::from(next("a directory")?);
    let readers: usize = next("readers").ok().and_then(|text| text.parse().ok()).unwrap_or(2);
    let what = next("what").unwrap_or_else(|_| "full".into());
    let mut endpoint = Endpoint::new(
        HostName::new("localhost")?,
        3306,
        AccountName::new("root")?,
        String::new().into(),
        TlsMode::Off,
    );
    endpoint.socket = Some(socket);
    if what == "read" {
        let mut conn = endpoint.connect().await?;
        let family = inspect::server_facts(&mut conn, "root", "").await?.family;
        let inventory = inspect::inventory(&mut conn, "root", family, &database).await?;
        let began = Instant::now();
        let cancel = CancellationToken::new();
        let read = sums::read(&endpoint, &database, &inventory, 1, readers, &cancel).await?;
        let rows: u64 = read.tables.values().map(|table| table.rows).sum();
        println!("read and hash {rows} rows: {:.2} s", began.elapsed().as_secs_f64());
        return Ok(());
    }
    let clock: Arc<dyn Clock> = Arc::new(RealClock);
    let storage = Arc::new(Local::open(&directory).await?);
    let root = Arc::new(LocalRoot::new(Secret::random()?));
    let vault = Vault::create(storage, root, Id::new(Uuid::from_u128(1)), Arc::clone(&clock)).await?.vault;
    let control = Control {
        clock: Arc::clone(&clock),
        cancel: CancellationToken::new(),
        progress: Arc::new(|_| {}),
        fence: Arc::new(NoFence),
    };
    let place = Place {
        owner: Owner::System,
        source: Id::new(Uuid::from_u128(2)),
        backup: Id::new(clock.uuid()),
        attempt: 1,
    };
    let request = NativeRequest { readers, ..NativeRequest::full(place, endpoint, database) };
    let began = Instant::now();
    let (receipt, stages) = native::measured(&vault, &request, &control).await?;
    let seconds = began.elapsed().as_secs_f64();
    println!(
        "{seconds:.2} s, {} tenants, {} plain, {} stored, {} frames",
        receipt.tenants.len(),
        receipt.sizes.plain,
        receipt.sizes.stored,
        receipt.manifest.frames
    );
    for phase in &receipt.phases {
        println!("  {:<10}{:>8} ms", phase.name, phase.took_ms);
    }
    #[expect(clippy::cast_precision_loss, reason = "three digits are shown")]
    let gigabytes = receipt.sizes.plain.0 as f64 / 1e9;
    for (name, nanoseconds) in [
        ("read", stages.read()),
        ("split", stages.split),
        ("hash", stages.hash),
        ("route", stages.route),
        ("format", stages.format),
        ("compress", stages.compress),
        ("seal", stages.seal),
    ] {
        #[expect(clippy::cast_precision_loss, reason = "three digits are shown")]
        let seconds = nanoseconds as f64 / 1e9;
        println!("  {name:<10}{seconds:>8.3} s {:>8.3} s/GB", seconds / gigabytes);
    }
    for remark in &receipt.remarks {
        println!("  {remark}");
    }
    Ok(())
}
