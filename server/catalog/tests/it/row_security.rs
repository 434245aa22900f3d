//! The second wall on Postgres: what a statement that forgot its organisation sees.

use sqlx::{AssertSqlSafe, Connection, PgConnection};

use crate::world::{World, map, split_backup};

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

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_statement_that_forgets_its_organisation_sees_nothing_of_another() {
    let Some(world) = World::postgres().await else { return };
    for tenant in [world.ours, world.theirs] {
        split_backup(&world, tenant, 3, map(&["control"])).await;
        world.start_backup(tenant).await;
    }
    let mut conn = PgConnection::connect(&world.url).await.unwrap();
    let tables = tables(&mut conn).await;
    assert!(tables.len() >= 20, "{tables:?}");
    let open: Vec<_> = tables.iter().filter(|table| !(table.1 && table.2 && table.3 == 1)).collect();
    assert!(open.is_empty(), "tables of organisations without row security: {open:?}");

    assert!(world.catalog.is_bound_by_row_security().await.unwrap());

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
    // The scope ends with its transaction.
    assert_eq!(number(&mut conn, "select count(*) from sources".into()).await, 2);
}
