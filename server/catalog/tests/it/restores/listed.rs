//! What people see of requests: figures in lists, page by page, and no keys of rows.

use catalog::{RestoreQuery, RunRequest};
use domain::restores::{RequestState as S, Selection, SelectionSummary, TenantRestore};

use super::{difference, plan, wish};
use crate::world::{contract, map, raw, split_backup, tenant_key};

const SQLITE_FIGURES: &str =
    include_str!("../../../../../migrations/sqlite/20261127000004_selection_summary.sql");
const POSTGRES_FIGURES: &str =
    include_str!("../../../../../migrations/postgres/20261127000004_selection_summary.sql");

contract! {
    a_list_of_requests_has_figures_and_no_keys(world) {
        let backup = split_backup(world, world.ours, 3, map(&["control"])).await;
        let selections = [
            ("1", Selection::Everything),
            ("2", Selection::Tables { tables: vec!["a".into(), "b".into()] }),
            ("3", Selection::Rows { table: "control".into(), keys: vec![vec!["ann@example.org".into()], vec!["2".into()]] }),
        ];
        let mut restores = Vec::new();
        for (tenant, selection) in &selections {
            let wish = TenantRestore { selection: selection.clone(), ..wish(backup, tenant) };
            let (restore, _) = world.our().plan_restore(&wish).await.unwrap();
            assert_eq!(world.our().restore_selection(restore).await.unwrap(), *selection);
            restores.push(restore);
        }
        let one = Selection::Tables { tables: vec!["a".into()] }.summary();
        assert!(matches!(&one, SelectionSummary::Tables { tables: 1, only: Some(name) } if name == "a"));
        // Those that were made before there were figures get the same ones.
        for is_old in [false, true] {
            if is_old {
                raw(&world.url, "update restore_requests set selection_summary = '{\"what\":\"everything\"}'").await.unwrap();
                let migrations = if world.url.starts_with("sqlite") { SQLITE_FIGURES } else { POSTGRES_FIGURES };
                let (_, update) = migrations.split_once("UPDATE ").unwrap();
                raw(&world.url, Box::leak(format!("UPDATE {update}").into_boxed_str())).await.unwrap();
            }
            let listed = world.our().list_restores(&RestoreQuery::default()).await.unwrap().rows;
            assert!(!format!("{listed:?}").contains("ann@"), "{listed:?}");
            for (restore, (_, selection)) in restores.iter().zip(&selections) {
                let row = listed.iter().find(|row| row.id == *restore).unwrap();
                assert_eq!(row.selection, selection.summary(), "{is_old}");
            }
        }
        let trail = world.our().list_audit(None).await.unwrap().rows;
        assert!(!format!("{trail:?}").contains("ann@"), "{trail:?}");
    }

    requests_and_tables_are_listed_page_by_page(world) {
        let backup = split_backup(world, world.ours, 7, map(&["control"])).await;
        let mut made = Vec::new();
        for tenant in 1..=7 {
            made.push(plan(world, backup, &tenant.to_string(), "d").await);
        }
        made.reverse();
        let (mut query, mut seen) = (RestoreQuery { limit: 3, ..RestoreQuery::default() }, Vec::new());
        loop {
            let page = world.our().list_restores(&query).await.unwrap();
            seen.extend(page.rows.into_iter().map(|row| row.id));
            query.after = page.next;
            if query.after.is_none() { break; }
        }
        assert_eq!(seen, made);
        let of = RestoreQuery { tenant: Some(tenant_key("3")), state: Some(S::Planned), source: Some(world.ours.source), ..RestoreQuery::default() };
        assert_eq!(world.our().list_restores(&of).await.unwrap().rows.len(), 1);
        let (restore, run) = world.our().plan_restore(&wish(backup, "1")).await.unwrap();
        let claim = world.claim(run).await;
        world.catalog.lease(&claim).complete_plan(&difference(1201, "d"), 1).await.unwrap();
        let (mut after, mut seen) = (None, Vec::new());
        loop {
            let page = world.our().list_restore_tables(restore, false, None, after.as_ref(), 200).await.unwrap();
            seen.extend(page.rows);
            after = page.next;
            if after.is_none() { break; }
        }
        assert_eq!(seen.len(), 1201);
        assert!(seen[..600].iter().all(|table| table.changes() == 3) && seen[600..].iter().all(|table| table.changes() == 0));
        assert!(seen[..600].windows(2).all(|pair| pair[0].table < pair[1].table));
        let changed = world.our().list_restore_tables(restore, true, Some("TABLE_000"), None, 0).await.unwrap();
        assert_eq!(changed.rows.len(), 5);
        assert_eq!(world.our().get_restore_table(restore, "table_0001").await.unwrap().inserts, 2);
        let request = RunRequest::Verify { backup_id: backup };
        world.our().create_run(request, None).await.unwrap();
    }
}
