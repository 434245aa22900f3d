//! Ten million entries in minutes: written straight into the tables, with the hashes that the program would compute.
//!
//! The guards and the indexes that only searching needs are taken away before and put back after, as no program ever
//! does; what is checked and measured then is a trail like one that grew.

use std::time::Instant;

use anyhow::Result;
use domain::{
    Timestamp,
    audit::{Chain, Event, Link, Origin, Who},
};
use sqlx::{AssertSqlSafe, Connection, PgConnection, SqliteConnection};
use uuid::Uuid;

use crate::{BETWEEN, deed};

/// Rows of one statement on Postgres, and of one transaction on SQLite.
const TOGETHER: u64 = 20_000;

struct Row {
    sequence: i64,
    previous: Vec<u8>,
    hash: Vec<u8>,
    event: Vec<u8>,
    at: i64,
    actor: String,
    act: &'static str,
    object: String,
    outcome: &'static str,
}

/// The next entry of a chain.
fn next(chain: Chain, at: &mut Link, begun: Timestamp, n: u64) -> Row {
    let when = begun.plus_ms(BETWEEN * i64::try_from(n).unwrap_or(0));
    let id = Uuid::from_u128(u128::from(n) << 64 | u128::from(n.wrapping_mul(0x9e37_79b9_7f4a_7c15)));
    let event: Event = deed(n).event(id, chain, when, Who::command_line("root"), Origin::here());
    let bytes = event.encode();
    let link = at.next(&bytes);
    let previous = std::mem::replace(at, link).hash;
    Row {
        sequence: i64::try_from(link.sequence).unwrap_or(i64::MAX),
        previous: previous.0.to_vec(),
        hash: link.hash.0.to_vec(),
        event: bytes,
        at: when.0,
        actor: event.who.key(),
        act: event.act.key(),
        object: event.on.key(),
        outcome: event.outcome.key(),
    }
}

const INDEXES: [(&str, &str); 5] = [
    ("audit_entries_by_time", "(tenant_id, at, sequence)"),
    ("audit_entries_by_actor", "(tenant_id, actor, at, sequence)"),
    ("audit_entries_by_act", "(tenant_id, act, at, sequence)"),
    ("audit_entries_by_object", "(tenant_id, object, at, sequence)"),
    ("audit_entries_by_outcome", "(tenant_id, outcome, at, sequence) where outcome <> 'done'"),
];

fn drop_indexes() -> String {
    INDEXES.iter().map(|(name, _)| format!("drop index {name};")).collect()
}

fn make_indexes() -> String {
    INDEXES.iter().map(|(name, on)| format!("create index {name} on audit_entries {on};")).collect()
}

/// Fills an empty chain.
pub async fn fill(url: &str, chain: Chain, begun: Timestamp, count: u64) -> Result<()> {
    let started = Instant::now();
    if url.starts_with("sqlite") {
        sqlite(url, chain, begun, count).await?;
    } else {
        postgres(url, chain, begun, count).await?;
    }
    println!("{count} entries written in {:.0} s", started.elapsed().as_secs_f64());
    Ok(())
}

async fn sqlite(url: &str, chain: Chain, begun: Timestamp, count: u64) -> Result<()> {
    let mut conn = SqliteConnection::connect(url).await?;
    let guards: Vec<(String, String)> = sqlx::query_as(
        "select name, sql from sqlite_master where type = 'trigger' and tbl_name in ('audit_entries', 'audit_chains')",
    )
    .fetch_all(&mut conn)
    .await?;
    for (name, _) in &guards {
        sqlx::raw_sql(AssertSqlSafe(format!("drop trigger {name}"))).execute(&mut conn).await?;
    }
    let quick = "pragma synchronous = off; pragma cache_size = -500000;";
    sqlx::raw_sql(AssertSqlSafe(format!("{quick}{}", drop_indexes()))).execute(&mut conn).await?;
    let (mut at, mut n) = (Link::start(chain), 0);
    while n < count {
        let mut tx = conn.begin().await?;
        let end = (n + TOGETHER).min(count);
        while n < end {
            let row = next(chain, &mut at, begun, n);
            sqlx::query(
                "insert into audit_entries (tenant_id, sequence, previous, hash, event, at, actor, act, object, outcome, \
                 urgent) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, 0)",
            )
            .bind(chain.key())
            .bind(row.sequence)
            .bind(row.previous)
            .bind(row.hash)
            .bind(row.event)
            .bind(row.at)
            .bind(row.actor)
            .bind(row.act)
            .bind(row.object)
            .bind(row.outcome)
            .execute(&mut *tx)
            .await?;
            n += 1;
        }
        tx.commit().await?;
        told(n);
    }
    sqlx::query(
        "insert or replace into audit_chains (tenant_id, sequence, hash, urgent) values ($1, $2, $3, 0)",
    )
    .bind(chain.key())
    .bind(i64::try_from(at.sequence)?)
    .bind(at.hash.0.to_vec())
    .execute(&mut conn)
    .await?;
    sqlx::raw_sql(AssertSqlSafe(make_indexes())).execute(&mut conn).await?;
    for (_, sql) in guards {
        sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut conn).await?;
    }
    sqlx::raw_sql("analyze; pragma wal_checkpoint(truncate)").execute(&mut conn).await?;
    Ok(())
}

async fn postgres(url: &str, chain: Chain, begun: Timestamp, count: u64) -> Result<()> {
    let mut conn = PgConnection::connect(url).await?;
    sqlx::raw_sql(
        "set holdfast.scope = '*'; set synchronous_commit = off; set maintenance_work_mem = '512MB'",
    )
    .execute(&mut conn)
    .await?;
    let without =
        "alter table audit_entries disable trigger user; alter table audit_chains disable trigger user;";
    sqlx::raw_sql(AssertSqlSafe(format!("{without}{}", drop_indexes()))).execute(&mut conn).await?;
    let (mut at, mut n) = (Link::start(chain), 0);
    while n < count {
        let until = (n + TOGETHER).min(count);
        let rows: Vec<Row> = (n..until).map(|n| next(chain, &mut at, begun, n)).collect();
        n = until;
        sqlx::query(
            "insert into audit_entries (tenant_id, sequence, previous, hash, event, at, actor, act, object, outcome, urgent) \
             select $1, t.*, 0 from unnest($2::bigint[], $3::bytea[], $4::bytea[], $5::bytea[], $6::bigint[], $7::text[], \
             $8::text[], $9::text[], $10::text[]) as t",
        )
        .bind(chain.key())
        .bind(rows.iter().map(|row| row.sequence).collect::<Vec<_>>())
        .bind(rows.iter().map(|row| row.previous.clone()).collect::<Vec<_>>())
        .bind(rows.iter().map(|row| row.hash.clone()).collect::<Vec<_>>())
        .bind(rows.iter().map(|row| row.event.clone()).collect::<Vec<_>>())
        .bind(rows.iter().map(|row| row.at).collect::<Vec<_>>())
        .bind(rows.iter().map(|row| row.actor.clone()).collect::<Vec<_>>())
        .bind(rows.iter().map(|row| row.act).collect::<Vec<_>>())
        .bind(rows.iter().map(|row| row.object.clone()).collect::<Vec<_>>())
        .bind(rows.iter().map(|row| row.outcome).collect::<Vec<_>>())
        .execute(&mut conn)
        .await?;
        told(n);
    }
    sqlx::query(
        "insert into audit_chains (tenant_id, sequence, hash, urgent) values ($1, $2, $3, 0) \
         on conflict (tenant_id) do update set sequence = excluded.sequence, hash = excluded.hash",
    )
    .bind(chain.key())
    .bind(i64::try_from(at.sequence)?)
    .bind(at.hash.0.to_vec())
    .execute(&mut conn)
    .await?;
    let with = "alter table audit_entries enable trigger user; alter table audit_chains enable trigger user;";
    sqlx::raw_sql(AssertSqlSafe(format!("{}{with}", make_indexes()))).execute(&mut conn).await?;
    sqlx::raw_sql("vacuum analyze audit_entries").execute(&mut conn).await?;
    Ok(())
}

fn told(n: u64) {
    if n.is_multiple_of(1_000_000) {
        eprintln!("{n} entries");
    }
}
