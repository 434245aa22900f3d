//! Opening, and bringing the schema up to date.
//!
//! SQLite: the catalog says what was backed up, so a commit must survive a power cut (`synchronous=FULL`), and
//! the file is not trusted to bring functions into its schema (`trusted_schema=OFF`).

use std::{
    collections::BTreeSet,
    str::FromStr,
    time::{Duration, Instant},
};

use sqlx::{
    PgPool,
    migrate::{MigrateError, Migrator},
    postgres::{PgConnectOptions, PgPoolOptions},
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous},
};

use super::{Db, Scope, all, first};
use crate::error::{Error, Result};

static SQLITE: Migrator = sqlx::migrate!("../../migrations/sqlite");
static POSTGRES: Migrator = sqlx::migrate!("../../migrations/postgres");

const READERS: u32 = 8;
const POSTGRES_CONNECTIONS: u32 = 16;
const BUSY: Duration = Duration::from_secs(5);
const MIGRATING: Duration = Duration::from_secs(5);
const BETWEEN_TRIES: Duration = Duration::from_millis(50);
const ACQUIRE: Duration = Duration::from_secs(30);

impl Db {
    /// Opens `sqlite://…` or `postgres://…`.
    pub async fn open(url: &str) -> Result<Self> {
        // The address may hold a password: it is never repeated in an error.
        if url.starts_with("sqlite:") {
            Self::open_sqlite(url).await
        } else if url.starts_with("postgres:") || url.starts_with("postgresql:") {
            let options = PgConnectOptions::from_str(url)
                .map_err(|_| Error::Address("not a readable postgres:// address".into()))?
                .application_name("holdfast");
            let pool = PgPoolOptions::new().max_connections(POSTGRES_CONNECTIONS).acquire_timeout(ACQUIRE);
            Ok(Self::Pg(pool.connect_with(options).await?))
        } else {
            Err(Error::Address("it must begin with sqlite:// or postgres://".into()))
        }
    }

    async fn open_sqlite(url: &str) -> Result<Self> {
        let options = SqliteConnectOptions::from_str(url)
            .map_err(|_| Error::Address("not a readable sqlite:// address".into()))?
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .foreign_keys(true)
            .busy_timeout(BUSY)
            .pragma("trusted_schema", "OFF");
        let name = options.get_filename().to_string_lossy().into_owned();
        if name.is_empty() || name.contains(":memory:") || name.contains("sqlx-in-memory") {
            return Err(Error::Address("the catalog needs a file: sqlite:///path/catalog.db".into()));
        }
        let pool = || SqlitePoolOptions::new().acquire_timeout(ACQUIRE);
        let writer = pool().max_connections(1).connect_with(options.clone()).await?;
        let reader = pool().max_connections(READERS).connect_with(options.pragma("query_only", "ON")).await?;
        Ok(Self::Sqlite { writer, reader })
    }

    /// Applies what is missing.
    pub async fn migrate(&self) -> Result<()> {
        let writer = match self {
            Self::Sqlite { writer, .. } => writer,
            Self::Pg(pool) => return migrate_postgres(pool).await,
        };
        // SQLite has no lock for migrating: another server may have been faster with one, which is just as well, and
        // be at the next one.
        let deadline = Instant::now() + MIGRATING;
        loop {
            let Err(error) = SQLITE.run(writer).await else { return Ok(()) };
            let is_ours = matches!(error, MigrateError::Execute(_) | MigrateError::ExecuteMigration(..));
            if !is_ours || Instant::now() > deadline {
                return Err(Error::Migration(error));
            }
            tokio::time::sleep(BETWEEN_TRIES).await;
        }
    }

    /// What is missing.
    pub async fn pending_migrations(&self) -> Result<Vec<String>> {
        let mut reader = self.read().await?;
        let reader = &mut reader;
        let exists = match self {
            Self::Sqlite { .. } => {
                first!(reader, (i64,), "select count(*) from sqlite_master where name = '_sqlx_migrations'")?
            }
            Self::Pg(_) => first!(
                reader,
                (i64,),
                "select count(*) from pg_catalog.pg_class where oid = to_regclass('_sqlx_migrations')"
            )?,
        };
        let mut applied = BTreeSet::new();
        if exists.is_some_and(|(count,)| count > 0) {
            let rows = all!(reader, (i64,), "select version from _sqlx_migrations where success = true")?;
            applied.extend(rows.into_iter().map(|row| row.0));
        }
        let known = match self {
            Self::Sqlite { .. } => &SQLITE,
            Self::Pg(_) => &POSTGRES,
        };
        if let Some(newer) = applied.iter().find(|version| !known.version_exists(**version)) {
            return Err(Error::Migration(MigrateError::VersionMissing(*newer)));
        }
        let pending = known.iter().filter(|migration| !applied.contains(&migration.version));
        Ok(pending.map(|migration| format!("{} {}", migration.version, migration.description)).collect())
    }

    /// Whether it answers.
    pub async fn ping(&self) -> Result<()> {
        let mut reader = self.read().await?;
        let reader = &mut reader;
        first!(reader, (i64,), "select cast(1 as bigint)").map(drop)
    }

    /// Closes every connection.
    pub async fn close(&self) {
        match self {
            Self::Sqlite { writer, reader } => {
                reader.close().await;
                writer.close().await;
            }
            Self::Pg(pool) => pool.close().await,
        }
    }
}

/// A migration is about the rows of everybody, so its session says so: on a connection of its own, with which the scope
/// ends, and that nobody else is given.
async fn migrate_postgres(pool: &PgPool) -> Result<()> {
    let in_scope =
        PgPoolOptions::new().max_connections(1).acquire_timeout(ACQUIRE).after_connect(|conn, _| {
            Box::pin(
                async move { sqlx::query(Scope::System.for_the_session()).execute(conn).await.map(drop) },
            )
        });
    let own = in_scope.connect_with(pool.connect_options().as_ref().clone()).await?;
    let migrated = POSTGRES.run(&own).await;
    own.close().await;
    migrated.map_err(Error::Migration)
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, clippy::panic, reason = "tests")]

    use super::*;

    #[tokio::test]
    async fn every_connection_survives_a_power_cut_and_keeps_its_references() {
        let dir = tempfile::tempdir().unwrap();
        let db = Db::open(&format!("sqlite://{}/catalog.db", dir.path().display())).await.unwrap();
        let Db::Sqlite { writer, reader } = &db else { panic!("SQLite") };
        let mut all = vec![writer.acquire().await.unwrap()];
        for _ in 0..READERS {
            all.push(reader.acquire().await.unwrap());
        }
        for conn in &mut all {
            for (pragma, expected) in [
                ("pragma synchronous", 2),
                ("pragma foreign_keys", 1),
                ("pragma trusted_schema", 0),
                ("pragma busy_timeout", 5000),
            ] {
                let (value,): (i64,) = sqlx::query_as(pragma).fetch_one(&mut **conn).await.unwrap();
                assert_eq!(value, expected, "{pragma}");
            }
            let (mode,): (String,) =
                sqlx::query_as("pragma journal_mode").fetch_one(&mut **conn).await.unwrap();
            assert_eq!(mode, "wal");
        }
        let refused = sqlx::query("create table t (a)").execute(&mut *all[1]).await;
        assert!(refused.is_err(), "a reader does not write");
    }
}
