//! Looking at tenants.

use std::collections::BTreeMap;

use app::tenancy::api::{
    LastRestore, PointFilter, TenantDetail, TenantFilter, TenantList, TenantPoint, TenantRow,
};
use catalog::{RestoreQuery, RunQuery, Scope, TenantQuery};
use domain::{
    Page, SourceId, Timestamp,
    access::may,
    health::TenantStanding,
    sources::EngineKind,
    tenancy::{Drift, TenantKey},
};

use super::{map_read::summary, standing::judge};
use crate::{backups::view::run_row, caller::Caller, fault::Result, restores::request_view::restore_row};

/// Runs and requests on a tenant's page.
const NEWEST: u32 = 10;
/// Tenants on a page of the list.
const PAGE: u32 = 50;
/// Tenants that are looked at for one page when only some standings are asked for.
const LOOKED_AT: usize = 2_000;

type Sources = BTreeMap<SourceId, catalog::SourceRow>;

/// Tenants, by source and key.
pub async fn list(
    caller: &Caller,
    scope: Scope<may::ReadBackups>,
    filter: TenantFilter,
) -> Result<TenantList> {
    let rows = caller.rows(&scope);
    let now = caller.services.clock.now();
    if let Some(source) = filter.source {
        rows.get_source(source).await?;
    }
    let sources: Sources =
        rows.list_sources().await?.into_iter().map(|source| (source.source.id, source)).collect();
    let mut query = TenantQuery {
        source: filter.source,
        search: filter.search,
        after: filter.after,
        // Standings are judged here, so many are looked at together when only one of them is asked for.
        limit: if filter.standing.is_some() { catalog::PAGE_MAX } else { PAGE },
        ..TenantQuery::default()
    };
    let (mut page, mut looked) = (Page::empty(), 0);
    while page.rows.len() < PAGE as usize && looked < LOOKED_AT {
        let found = rows.list_tenants(&query).await?;
        looked += found.rows.len();
        page.next.clone_from(&found.next);
        let mut left = found.rows.iter();
        for row in left.by_ref() {
            let shown = tenant_row(row, &sources, now).0;
            if filter.standing.is_none_or(|standing| standing == shown.standing) {
                page.rows.push(shown);
            }
            if page.rows.len() == PAGE as usize {
                page.next = (left.len() > 0 || found.next.is_some()).then(|| row.cursor());
                break;
            }
        }
        query.after.clone_from(&page.next);
        if query.after.is_none() {
            break;
        }
    }
    let maps = rows.list_maps().await?.iter().map(summary).collect::<Vec<_>>();
    let maps = match filter.source {
        Some(source) => maps.into_iter().filter(|map| map.source_id == source).collect(),
        None => maps.into_iter().filter(needs_eyes).collect(),
    };
    Ok(TenantList { page, total: rows.count_tenants(filter.source).await?, maps })
}

fn needs_eyes(map: &app::tenancy::map_api::MapSummary) -> bool {
    use app::tenancy::map_api::MapState;
    map.engine == EngineKind::Native
        && (map.state != MapState::Confirmed || map.drift.iter().any(Drift::breaks_coverage))
}

fn tenant_row(row: &catalog::TenantRow, sources: &Sources, now: Timestamp) -> (TenantRow, String) {
    let (standing, because) = judge(row, sources.get(&row.source_id), now);
    let newest = row.newest.as_ref();
    let shown = TenantRow {
        source_id: row.source_id,
        database: row.database.clone(),
        key: row.key.clone(),
        name: row.name.clone(),
        rows: newest.map_or(0, |part| part.rows),
        stored: newest.map(|part| part.stored).unwrap_or_default(),
        standing,
        restorable_to: row.proven_at.or_else(|| {
            newest.filter(|_| standing == TenantStanding::Incomplete).map(|part| part.snapshot_at)
        }),
        last_restore: row.last_restore.map(|(id, state, at)| LastRestore { id, state, at }),
    };
    (shown, because)
}

/// One tenant with what its page shows.
pub async fn get(
    caller: &Caller,
    scope: Scope<may::ReadBackups>,
    source: SourceId,
    key: &TenantKey,
) -> Result<TenantDetail> {
    let rows = caller.rows(&scope);
    let tenant = rows.get_tenant(source, key).await?;
    let sources = Sources::from([(source, rows.get_source(source).await?)]);
    let (row, because) = tenant_row(&tenant, &sources, caller.services.clock.now());
    let runs =
        RunQuery { source: Some(source), tenant: Some(key.clone()), limit: NEWEST, ..RunQuery::default() };
    let active = RunQuery { active: true, limit: 1, ..runs.clone() };
    let restores = RestoreQuery {
        source: Some(source),
        tenant: Some(key.clone()),
        limit: NEWEST,
        ..RestoreQuery::default()
    };
    Ok(TenantDetail {
        row,
        because,
        map: summary(&rows.get_map(source).await?),
        runs: rows.list_runs(&runs).await?.rows.into_iter().map(run_row).collect(),
        restores: rows.list_restores(&restores).await?.rows.iter().map(restore_row).collect(),
        active_run: rows.list_runs(&active).await?.rows.first().map(|run| run.id),
    })
}

/// The recovery points of a tenant, newest first.
pub async fn points(
    caller: &Caller,
    scope: Scope<may::ReadBackups>,
    filter: PointFilter,
) -> Result<Page<TenantPoint>> {
    let rows = caller.rows(&scope);
    rows.get_tenant(filter.source_id, &filter.tenant).await?;
    let found = rows.list_points(filter.source_id, &filter.tenant, filter.after.as_ref(), 0).await?;
    Ok(found.map(|part| TenantPoint {
        backup_id: part.backup_id,
        snapshot_at: part.snapshot_at,
        label: part.label,
        verification: part.verification,
        verified_at: part.verified_at,
        is_own: part.is_own,
        is_complete: part.is_complete,
        rows: part.rows,
        stored: part.stored,
    }))
}
