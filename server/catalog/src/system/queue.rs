//! apalis as the wake-up: it carries run ids to workers and nothing else.
//!
//! The truth is the run's row; a wake-up only says "look at this one". It may come twice (claiming is guarded)
//! and it may be lost with the whole queue (the dispatch sweep pushes it again). Therefore the queue has its own
//! file or schema and its own pool: apalis weakens durability on the pool it is given, and its migrations would
//! mix with ours.
//!
//! Settings that matter: a batch of one, because a worker with a full buffer stops its heartbeat and its wake-ups
//! run elsewhere at the same time; polling twice a second, because an idle worker looks only at its heartbeat
//! otherwise; names that were never used before, because a worker that returns under its old name blocks what its
//! predecessor held; one attempt and a handler that always succeeds, because apalis retries within milliseconds.

use std::{future::Future, str::FromStr, time::Duration};

use apalis::{
    layers::WorkerBuilderExt,
    prelude::{BackendExt, BoxDynError, Monitor, ParallelizeExt, TaskBuilder, WorkerBuilder},
};
use apalis_postgres::PostgresStorage;
use apalis_sqlite::SqliteStorage;
use domain::{RunId, Timestamp};
use serde::{Deserialize, Serialize};
use sqlx::{
    PgPool, SqlitePool,
    postgres::PgPoolOptions,
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous},
};

use crate::error::{Error, Result};

/// Name of the queue within its database.
const NAME: &str = "holdfast.run";
const HEARTBEAT: Duration = Duration::from_secs(5);
const MISSED_HEARTBEATS: usize = 3;
const POLL: Duration = Duration::from_millis(500);
/// Pushes of one run and start within this time are one, in milliseconds.
const BUCKET_MS: i64 = 15_000;
/// Wake-ups that were delivered are kept for this long, in seconds.
const KEEP_S: i64 = 86_400;
const CONNECTIONS: u32 = 6;

/// What is carried.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Wake {
    run_id: RunId,
}

/// The queue of wake-ups.
#[derive(Clone)]
pub struct Queue {
    pool: Pool,
}

#[derive(Clone)]
enum Pool {
    Sqlite(SqlitePool),
    Pg(PgPool),
}

impl std::fmt::Debug for Queue {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Queue")
    }
}

fn refused(error: impl std::fmt::Display) -> Error {
    Error::Queue(error.to_string())
}

impl Queue {
    /// Opens (and creates) the queue: `sqlite:///path/queue.db`, a file of its own, or `postgres://…`, a schema
    /// of its own.
    pub async fn open(url: &str) -> Result<Self> {
        let pool = if url.starts_with("sqlite:") {
            let options = SqliteConnectOptions::from_str(url)
                .map_err(|_| Error::Address("not a readable sqlite:// address".into()))?
                .create_if_missing(true)
                .journal_mode(SqliteJournalMode::Wal)
                .synchronous(SqliteSynchronous::Normal)
                .busy_timeout(Duration::from_secs(5));
            let pool = SqlitePoolOptions::new().max_connections(CONNECTIONS).connect_with(options).await?;
            SqliteStorage::<()>::migrations().run(&pool).await?;
            Pool::Sqlite(pool)
        } else {
            let pool = PgPoolOptions::new().max_connections(CONNECTIONS).connect(url).await?;
            PostgresStorage::<()>::migrations().run(&pool).await?;
            Pool::Pg(pool)
        };
        Ok(Self { pool })
    }

    /// Wakes a worker for a run at `at`. The same run, start and quarter of a minute is pushed once only.
    pub async fn push(&self, run: RunId, starts: i64, at: Timestamp) -> Result<()> {
        let seconds = u64::try_from(at.0.div_euclid(1000)).unwrap_or(0);
        let args = serde_json::to_vec(&Wake { run_id: run }).map_err(refused)?;
        let task = TaskBuilder::new(args)
            .max_attempts(1)
            .idempotency_key(format!("{run}:{starts}:{}", at.0.div_euclid(BUCKET_MS)))
            // Rounded up: a wake-up that comes before the run is due finds nothing to claim.
            .run_at_timestamp(seconds + u64::from(at.0.rem_euclid(1000) > 0))
            .build();
        match &self.pool {
            Pool::Sqlite(pool) => {
                let mut conn = pool.acquire().await?;
                apalis_sqlite::queries::push_tasks(&mut *conn, NAME, &[task]).await.map_err(refused)
            }
            Pool::Pg(pool) => {
                let mut conn = pool.acquire().await?;
                match apalis_postgres::queries::push_tasks(&mut *conn, NAME, vec![task]).await {
                    Err(apalis_postgres::Error::Database(sqlx::Error::Database(error)))
                        if error.is_unique_violation() =>
                    {
                        Ok(())
                    }
                    other => other.map_err(refused),
                }
            }
        }
    }

    /// Forgets wake-ups that were due more than a day before `now`: delivered, or for runs that the dispatch sweep
    /// looks after. Returns how many.
    pub async fn prune(&self, now: Timestamp) -> Result<u64> {
        let before = now.0.div_euclid(1000) - KEEP_S;
        match &self.pool {
            Pool::Sqlite(pool) => {
                let delete =
                    sqlx::query("delete from Jobs where run_at < $1 and status <> 'Running'").bind(before);
                Ok(delete.execute(pool).await?.rows_affected())
            }
            Pool::Pg(pool) => {
                let delete = sqlx::query(
                    "delete from apalis.jobs where run_at < to_timestamp(cast($1 as double precision)) \
                     and status <> 'Running'",
                );
                Ok(delete.bind(before).execute(pool).await?.rows_affected())
            }
        }
    }

    /// Calls `handler` with the run ids that come, `concurrency` at once at most, until `shutdown` is ready and
    /// the handlers at work have returned. `worker` must be unique per start of the program.
    pub async fn run<S, H, F>(&self, worker: &str, concurrency: usize, shutdown: S, handler: H) -> Result<()>
    where
        S: Future<Output = ()> + Send + 'static,
        H: Fn(RunId) -> F + Clone + Send + Sync + 'static,
        F: Future<Output = ()> + Send + 'static,
    {
        let worker = worker.to_owned();
        let monitor = Monitor::new().should_restart(|worker, error| {
            tracing::warn!(worker.name = worker.name(), %error, "a queue worker stopped; it is started again");
            true
        });
        let monitor = match self.pool.clone() {
            Pool::Sqlite(pool) => monitor.register(move |start| {
                let config = apalis_sqlite::Config::default()
                    .queue(NAME)
                    .batch_size(1)
                    .heartbeat_interval(HEARTBEAT)
                    .missed_heartbeats(MISSED_HEARTBEATS);
                let storage = SqliteStorage::<Wake>::new(&pool).with_config(config);
                let handler = handler.clone();
                WorkerBuilder::new(format!("{worker}-{start}"))
                    .backend(storage.poll_with_interval(POLL))
                    .concurrency(concurrency)
                    .parallelize(tokio::spawn)
                    .build(move |wake: Wake| answer(handler(wake.run_id)))
            }),
            Pool::Pg(pool) => monitor.register(move |start| {
                let config = apalis_postgres::Config::default()
                    .queue(NAME)
                    .batch_size(1)
                    .heartbeat_interval(HEARTBEAT)
                    .missed_heartbeats(MISSED_HEARTBEATS);
                let storage = PostgresStorage::<Wake>::new(&pool).with_config(config);
                let handler = handler.clone();
                WorkerBuilder::new(format!("{worker}-{start}"))
                    .backend(storage.poll_with_interval(POLL))
                    .concurrency(concurrency)
                    .parallelize(tokio::spawn)
                    .build(move |wake: Wake| answer(handler(wake.run_id)))
            }),
        };
        let signal = async move {
            shutdown.await;
            Ok(())
        };
        monitor.run_with_signal(signal).await.map_err(refused)
    }
}

/// Whatever became of the run is in its row: for the queue a wake-up is always done.
async fn answer(handling: impl Future<Output = ()>) -> std::result::Result<String, BoxDynError> {
    handling.await;
    Ok("seen".into())
}
