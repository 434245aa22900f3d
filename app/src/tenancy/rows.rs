//! Tenants and their recovery points as tables.

use domain::Timestamp;
use leptos::prelude::*;

use super::{
    address::{restore_path, tenant_path},
    api::{TenantPoint, TenantRow},
};
use crate::ui::{
    badge::{Badged, Tone, badge},
    table::{Table, link, text},
    text::{name, none, number, or_none, visible},
    time::{when, when_or},
};

/// Tenants; `with_source` where they are of several sources.
pub fn tenants_table(tenants: Vec<TenantRow>, now: Option<Timestamp>, with_source: bool) -> AnyView {
    let table = Table::new("Tenants, by key").lead("Tenant").state("State").text("Name");
    let table = if with_source { table.text("Source") } else { table };
    table
        .text("Restorable to")
        .number("Rows")
        .number("Stored")
        .text("Last restore")
        .rows(tenants, |tenant| {
            let source =
                with_source.then(|| link(format!("/sources/{}/tenants", tenant.source_id), &tenant.database));
            let mut cells = vec![
                link(tenant_path(tenant.source_id, &tenant.key), tenant.key.as_str()),
                tenant.standing.badge(),
                or_none(tenant.name.as_deref()),
            ];
            cells.extend(source);
            cells.extend([
                when_or(tenant.restorable_to, now, "never"),
                text(number(tenant.rows)),
                text(tenant.stored.to_string()),
                last_restore(&tenant, now),
            ]);
            cells
        })
        .view()
}

fn last_restore(tenant: &TenantRow, now: Option<Timestamp>) -> AnyView {
    tenant.last_restore.map_or_else(none, |restore| {
        let (_, word) = restore.state.tone_and_word();
        view! { <a href=format!("/restores/{}", restore.id)>{word}</a>" "{when(restore.at, now)} }.into_any()
    })
}

/// What one can do with a point.
#[derive(Debug, Clone, Copy)]
pub enum PointAction<'a> {
    /// Nothing.
    None,
    /// Begin a restore from it.
    Restore(&'a TenantRow),
}

/// Recovery points of a tenant.
pub fn points_table(points: Vec<TenantPoint>, now: Option<Timestamp>, action: PointAction<'_>) -> AnyView {
    let table = Table::new("Recovery points, newest first")
        .lead("Holds")
        .state("State")
        .number("Rows")
        .number("Stored")
        .text("Proven")
        .text("Backup of")
        .text("Label");
    let table = if matches!(action, PointAction::Restore(_)) { table.text("Restore") } else { table };
    table
        .rows(points, |point| {
            let holds = when(point.snapshot_at, now);
            let state = if point.is_complete {
                point.verification.badge()
            } else {
                badge(Tone::Warn, "Not complete")
            };
            let of = if point.is_own { "this tenant" } else { "the whole database" };
            let mut cells = vec![
                view! { <a href=format!("/backups/{}", point.backup_id)>{holds}</a> }.into_any(),
                state,
                text(number(point.rows)),
                text(point.stored.to_string()),
                when_or(point.verified_at, now, "never"),
                text(of),
                or_none(point.label.as_deref()),
            ];
            if let PointAction::Restore(tenant) = action {
                let path = restore_path(tenant.source_id, &tenant.key, Some(point.backup_id));
                let label = format!(" from {}", point.snapshot_at.exact());
                cells.push(
                    view! { <a class="btn" href=path>"Restore…"<span class="visually-hidden">{label}</span></a> }
                        .into_any(),
                );
            }
            cells
        })
        .view()
}

/// A tenant as a heading names it: `7, Alpine Mutual`.
pub fn tenant_title(tenant: &TenantRow) -> String {
    let name = tenant.name.as_ref().map(|name| format!(", {}", visible(name))).unwrap_or_default();
    format!("Tenant {}{name}", visible(tenant.key.as_str()))
}

/// A tenant in a sentence.
pub fn tenant_name(tenant: &TenantRow) -> AnyView {
    match &tenant.name {
        Some(known) => view! { {name(tenant.key.as_str())}" ("{name(known)}")" }.into_any(),
        None => name(tenant.key.as_str()),
    }
}
