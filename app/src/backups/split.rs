//! What a backup that is split by tenant holds, and what was not covered when it was taken.

use domain::{
    id::Id,
    tenancy::{Drift, TenantKey},
};
use leptos::prelude::*;

use crate::{
    backups::api::BackupDetail,
    tenancy::address::{mapping_path, tenant_path},
    ui::{
        badge::Tone,
        notice::notice,
        text::{count, name, number, visible},
    },
};

/// Drifted tables that are named at once; the rest is folded.
const NAMED: usize = 5;

/// A warning if rows of tenants may lie among the shared ones, and what has merely changed.
pub fn drift_notice(backup: &BackupDetail) -> Option<AnyView> {
    let drift = &backup.split.as_ref()?.drift;
    if drift.is_empty() {
        return None;
    }
    let is_incomplete = drift.iter().any(Drift::breaks_coverage);
    let (tone, words) = if is_incomplete {
        (
            Tone::Bad,
            "Some tables had no route when this backup was taken. Their rows are in it, but among the shared ones: no tenant in it is complete.",
        )
    } else {
        (Tone::Warn, "The schema had changed since the tenant map was confirmed. Every row is in its place.")
    };
    let source = backup.row.source_id;
    let first = drift.iter().take(NAMED).map(|drift| line(source, drift)).collect_view();
    let rest = (drift.len() > NAMED).then(|| {
        let lines = drift.iter().skip(NAMED).map(|drift| line(source, drift)).collect_view();
        let title = count((drift.len() - NAMED) as u64, "more table", "more tables");
        view! { <details><summary>{title}</summary><ul class="remarks">{lines}</ul></details> }
    });
    Some(notice(
        tone,
        view! {
            <p><b>{words}</b>" "<a href=format!("/sources/{source}/map")>"Open the tenant map"</a></p>
            <ul class="remarks">{first}</ul>
            {rest}
        },
    ))
}

fn line(source: Id<domain::id::kind::Source>, drift: &Drift) -> AnyView {
    let path = mapping_path(source, drift.table());
    view! { <li><a href=path><bdi>{visible(&drift.to_string())}</bdi></a></li> }.into_any()
}

/// Terms of the facts: engine, tenants, shared rows.
pub fn split_facts(backup: &BackupDetail) -> AnyView {
    let source = backup.row.source_id;
    let whose = backup.row.tenant.as_ref().map(|key| of_tenant(source, key));
    let Some(split) = &backup.split else {
        return view! { <dt>"Engine"</dt><dd>"mysqldump: tenants are mixed, it can be restored as a whole only"</dd> }
            .into_any();
    };
    let tenants = count(split.tenants, "tenant", "tenants");
    let remarks = split.remarks.iter().map(|remark| view! { <span class="line">{visible(remark)}</span> });
    let remarks = remarks.collect_view();
    view! {
        <dt>"Engine"</dt><dd>"native, split by tenant"{remarks}</dd>
        {whose}
        <dt>"Tenants"</dt><dd><a href=format!("/sources/{source}/tenants")>{tenants}</a></dd>
        <dt>"Shared rows"</dt><dd>{number(split.shared_rows)}</dd>
    }
    .into_any()
}

fn of_tenant(source: Id<domain::id::kind::Source>, key: &TenantKey) -> AnyView {
    view! { <dt>"Taken for"</dt><dd>"tenant "<a href=tenant_path(source, key)>{name(key.as_str())}</a>" only"</dd> }.into_any()
}
