//! Looking at requests of tenant restores.

use app::restores::{
    difference_api::DifferenceFilter,
    request_api::{RestoreDetail, RestoreFilter, RestoreRow},
};
use catalog::{Conflict, RestoreQuery, Scope, UNDO_MS};
use domain::{
    Page, RestoreId,
    access::{Permission, may},
    audit::{Act, Deed, Field},
    restores::{RequestState, SelectionSummary, TableDifference},
};

use super::request_view::{event_view, restore_row};
use crate::{backups::view::run_detail, caller::Caller, fault::Result};

/// Requests, newest first.
pub async fn list(
    caller: &Caller,
    scope: Scope<may::ReadBackups>,
    filter: RestoreFilter,
) -> Result<Page<RestoreRow>> {
    let query = RestoreQuery {
        source: filter.source,
        tenant: filter.tenant,
        state: filter.state,
        after: filter.after,
        limit: 0,
    };
    Ok(caller.rows(&scope).list_restores(&query).await?.map(|restore| restore_row(&restore)))
}

/// One request with what its page shows.
pub async fn get(caller: &Caller, scope: Scope<may::ReadBackups>, id: RestoreId) -> Result<RestoreDetail> {
    let rows = caller.rows(&scope);
    let restore = rows.get_restore(id).await?;
    let newest_run = restore.undo_run.or(restore.apply_run).unwrap_or(restore.plan_run);
    let run = rows.get_run(newest_run).await?;
    let log = rows.run_events(newest_run, 0).await?;
    let is_mine = restore.made_by_id == scope.actor().key();
    let refusal = rows.second_person_refusal(&restore).await?;
    let may_approve = scope.permits(Permission::ApproveRestore) && refusal.is_none();
    let is_young = restore.applied_at.is_some_and(|at| at.plus_ms(UNDO_MS) > caller.services.clock.now());
    // Keys of rows are contents, like the rows themselves.
    let is_shown = !matches!(restore.selection, SelectionSummary::Rows { .. })
        || scope.permits(Permission::ReadContents);
    let is_by_rows = matches!(restore.selection, SelectionSummary::Rows { .. });
    if is_by_rows && is_shown {
        let seen = Deed::done(Act::RestoreDifference, id).after(Field::Kind, "chosen_rows");
        rows.record_deed(seen.after(Field::Tenant, &restore.tenant)).await?;
    }
    Ok(RestoreDetail {
        row: restore_row(&restore),
        selection: if is_shown { Some(rows.restore_selection(id).await?) } else { None },
        history: rows.restore_events(id).await?.into_iter().map(event_view).collect(),
        difference: restore.figures.clone(),
        run: Some(run_detail(run, log)),
        is_mine,
        is_alone: !rows.has_second_person(id).await?,
        is_dependent: refusal == Some(Conflict::NotIndependent),
        is_unsure: restore.is_unsure,
        may_approve,
        can_undo: restore.state == RequestState::Applied && is_young,
    })
}

/// Tables of a difference. That somebody looks at them is recorded first.
pub async fn differences(
    caller: &Caller,
    scope: Scope<may::ReadBackups>,
    filter: DifferenceFilter,
) -> Result<Page<TableDifference>> {
    let rows = caller.rows(&scope);
    let restore = rows.get_restore(filter.restore_id).await?;
    let seen = Deed::done(Act::RestoreDifference, restore.id).after(Field::Tenant, &restore.tenant);
    rows.record_deed(seen).await?;
    let (search, after) = (filter.search.as_deref(), filter.after.as_ref());
    Ok(rows.list_restore_tables(filter.restore_id, filter.changed, search, after, 0).await?)
}
