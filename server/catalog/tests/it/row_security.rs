//! The second wall on Postgres: what a statement that forgot its organisation sees, or forgot that it is about one.

use catalog::{Catalog, NewUser, RowSecurity};
use domain::access::Role;
use sqlx::{AssertSqlSafe, Connection, PgConnection};

use crate::{
    access::session_of,
    world::{HOUR, NOON, World, map, raw, split_backup},
};

/// A trigger's own words.
const RAISED: &str = "P0001";
/// What Postgres answers to a row that a policy does not let in.
const NOT_LET_IN: &str = "42501";

async fn number(conn: &mut PgConnection, sql: String) -> i64 {
    let (number,): (i64,) = sqlx::query_as(AssertSqlSafe(sql)).fetch_one(conn).await.unwrap();
    number
}

async fn tables(conn: &mut PgConnection) -> Vec<(String, bool, bool, i64)> {
    sqlx::query_as(
        "select c.relname::text, c.relrowsecurity, c.relforcerowsecurity, (select count(*) from pg_policy p \
         where p.polrelid = c.oid) from pg_class c join pg_attribute a on a.attrelid = c.oid where c.relkind = 'r' \
         and c.relnamespace = current_schema()::regnamespace and a.attname = 'tenant_id' and not a.attisdropped",
    )
    .fetch_all(conn)
    .await
    .unwrap()
}

/// A catalog of two organisations, both of which have rows in most tables.
async fn peopled() -> Option<World> {
    let world = World::postgres().await?;
    for tenant in [world.ours, world.theirs] {
        split_backup(&world, tenant, 3, map(&["control"])).await;
        world.start_backup(tenant).await;
    }
    Some(world)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_statement_that_forgets_its_organisation_sees_nothing_of_another() {
    let Some(world) = peopled().await else { return };
    let mut conn = PgConnection::connect(&world.url).await.unwrap();
    let tables = tables(&mut conn).await;
    assert!(tables.len() >= 20, "{tables:?}");
    let open: Vec<_> = tables.iter().filter(|table| !(table.1 && table.2 && table.3 == 1)).collect();
    assert!(open.is_empty(), "tables of organisations without row security: {open:?}");

    let (ours, theirs) = (world.ours.id.to_string(), world.theirs.id.to_string());
    let mut seen = 0;
    for (table, ..) in &tables {
        let mut tx = conn.begin_with("BEGIN; SET LOCAL holdfast.scope = '*'").await.unwrap();
        let of = |tenant: &str| format!("select count(*) from {table} where tenant_id = '{tenant}'");
        let (mine, other) = (number(&mut tx, of(&ours)).await, number(&mut tx, of(&theirs)).await);
        drop(tx);
        let scope = format!("BEGIN; SET LOCAL holdfast.scope = '{ours}'");
        let mut tx = conn.begin_with(AssertSqlSafe(scope)).await.unwrap();
        assert_eq!(number(&mut tx, format!("select count(*) from {table}")).await, mine, "{table}");
        let moved = sqlx::query(AssertSqlSafe(format!("update {table} set tenant_id = '{theirs}'")));
        assert!(mine == 0 || moved.execute(&mut *tx).await.is_err(), "{table}: rows were given away");
        drop(tx);
        let scope = format!("BEGIN; SET LOCAL holdfast.scope = '{ours}'");
        let mut tx = conn.begin_with(AssertSqlSafe(scope)).await.unwrap();
        let named = format!("update {table} set tenant_id = tenant_id where tenant_id = '{theirs}'");
        if let Ok(done) = sqlx::query(AssertSqlSafe(named)).execute(&mut *tx).await {
            assert_eq!(done.rows_affected(), 0, "{table}: another's rows were changed");
        }
        seen += other;
    }
    assert!(seen > 10, "the other organisation has rows that could have been seen");
}

/// Every table, with its columns that can be written.
async fn all_tables(conn: &mut PgConnection) -> Vec<(String, String)> {
    sqlx::query_as(
        "select c.relname::text, string_agg(quote_ident(a.attname), ', ' order by a.attnum) from pg_class c \
         join pg_attribute a on a.attrelid = c.oid where c.relkind = 'r' and a.attnum > 0 and not a.attisdropped \
         and a.attgenerated = '' and c.relnamespace = current_schema()::regnamespace \
         and c.relname <> '_sqlx_migrations' group by c.relname order by c.relname",
    )
    .fetch_all(conn)
    .await
    .unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_statement_in_no_scope_sees_nothing_and_writes_nothing() {
    let Some(world) = peopled().await else { return };
    // What belongs to nobody in particular is nobody's to look at either.
    world.catalog.installation().await.unwrap();
    let (name, email) = ("Ann".into(), "ann@example.org".into());
    let new = NewUser { name, email, role: Role::Viewer, password_hash: Some("$argon2id$none".into()) };
    let user = world.our().create_user(new).await.unwrap();
    session_of(&world, user).await;
    world.our().create_password_link(user, &[1; 32], NOON.plus_ms(HOUR)).await.unwrap();
    let mut conn = PgConnection::connect(&world.url).await.unwrap();
    let mut peopled = Vec::new();
    for (table, columns) in all_tables(&mut conn).await {
        let mut tx = conn.begin_with("BEGIN; SET LOCAL holdfast.scope = '*'").await.unwrap();
        let one = format!("select row_to_json(t)::text from {table} t limit 1");
        let row: Option<(String,)> =
            sqlx::query_as(AssertSqlSafe(one)).fetch_optional(&mut *tx).await.unwrap();
        drop(tx);
        // Where the scope has ended, and where there never was one.
        let mut fresh = PgConnection::connect(&world.url).await.unwrap();
        for (unscoped, when) in [(&mut conn, "after a scope"), (&mut fresh, "at the beginning")] {
            let what = format!("{table}, {when}");
            assert_eq!(number(unscoped, format!("select count(*) from {table}")).await, 0, "{what}");
            let first = columns.split(", ").next().unwrap();
            for change in [format!("update {table} set {first} = {first}"), format!("delete from {table}")] {
                // Some tables refuse a change before they look for rows.
                if let Ok(done) = sqlx::query(AssertSqlSafe(change)).execute(&mut *unscoped).await {
                    assert_eq!(done.rows_affected(), 0, "{what}");
                }
            }
            let Some((row,)) = &row else { continue };
            let forged = format!(
                "insert into {table} ({columns}) select {columns} from json_populate_record(null::{table}, $1::json)"
            );
            let refused =
                sqlx::query(AssertSqlSafe(forged)).bind(row).execute(&mut *unscoped).await.unwrap_err();
            let code = refused.as_database_error().and_then(|error| error.code().map(String::from));
            // What only ever grows refuses a forged entry before its organisation is looked at.
            let is_refused = code.as_deref() == Some(NOT_LET_IN)
                || (table.starts_with("audit_") && code.as_deref() == Some(RAISED));
            assert!(is_refused, "{what}: {refused}");
        }
        peopled.extend(row.map(|_| table));
    }
    assert!(peopled.len() >= 15, "only {peopled:?} had a row that could have been seen");
    for table in ["installation", "password_links", "runs", "sessions", "tenants", "users", "vaults"] {
        assert!(peopled.iter().any(|found| found == table), "{table} had none: {peopled:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_table_that_somebody_opened_and_a_scope_for_every_session_are_told() {
    let Some(world) = peopled().await else { return };
    assert_eq!(world.catalog.row_security().await.unwrap(), RowSecurity::Holds);

    // Nothing is declared amiss, and yet every statement is in the system's scope.
    let separator = if world.url.contains('?') { '&' } else { '?' };
    let scoped = format!("{}{separator}options=-c%20holdfast.scope%3D*", world.url);
    let scoped = Catalog::open(&scoped, world.clock.clone()).await.unwrap();
    let RowSecurity::Open(tables) = scoped.row_security().await.unwrap() else { panic!("it holds") };
    assert!(tables.iter().any(|table| table == "sources"), "{tables:?}");

    raw(&world.url, "alter table channels no force row level security").await.unwrap();
    raw(&world.url, "create policy everybody on users using (true)").await.unwrap();
    let open = RowSecurity::Open(vec!["channels".into(), "users".into()]);
    assert_eq!(world.catalog.row_security().await.unwrap(), open);
}
