//! Where one can go. One list, drawn twice: as a rail beside the page and, on a phone, as a menu.

use domain::access::Permission;
use leptos::prelude::*;

use crate::access::api::Me;

/// A place of the navigation; every page belongs to one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// The overview.
    Overview,
    /// Sources and their servers.
    Sources,
    /// Tenants of shared databases.
    Tenants,
    /// Backups and their evidence.
    Backups,
    /// Tenant restores.
    Restores,
    /// What needs a second person.
    Approvals,
    /// Runs.
    Runs,
    /// The installation and its notices.
    Settings,
    /// The audit trail.
    Audit,
    /// People and their roles.
    People,
    /// One's own page; not in the navigation, but in the menu of the person.
    Profile,
}

type Entry = (Place, &'static str, &'static str, Option<Permission>);

const GROUPS: [(&str, &[Entry]); 4] = [
    ("", &[(Place::Overview, "Overview", "/", None)]),
    (
        "Protect",
        &[
            (Place::Sources, "Sources", "/sources", Some(Permission::ReadSources)),
            (Place::Tenants, "Tenants", "/tenants", Some(Permission::ReadBackups)),
            (Place::Backups, "Backups", "/backups", Some(Permission::ReadBackups)),
        ],
    ),
    (
        "Recover",
        &[
            (Place::Restores, "Restores", "/restores", Some(Permission::ReadBackups)),
            (Place::Approvals, "Approvals", "/approvals", Some(Permission::ReadBackups)),
        ],
    ),
    (
        "Operate",
        &[
            (Place::Runs, "Runs", "/runs", Some(Permission::ReadBackups)),
            (Place::Audit, "Audit trail", "/audit", Some(Permission::ReadAudit)),
            (Place::Settings, "Settings", "/settings", Some(Permission::ReadSettings)),
            (Place::People, "People", "/settings/people", Some(Permission::ReadUsers)),
        ],
    ),
];

/// The links that `me` may follow, with `here` marked, and how many requests wait for whoever reads.
pub fn links(here: Place, me: &Me, waiting: u64) -> AnyView {
    let groups = GROUPS.into_iter().map(|(title, entries)| {
        let allowed = entries.iter().filter(|entry| entry.3.is_none_or(|permission| me.may(permission)));
        let items = allowed.map(|&(place, name, path, _)| {
            let current = (place == here).then_some("page");
            let count = (place == Place::Approvals && waiting > 0).then(|| {
                view! { <span class="badge warn">{waiting}<span class="visually-hidden">" waiting for you"</span></span> }
            });
            view! { <li><a href=path aria-current=current>{icon(place)}<span>{name}</span>{count}</a></li> }
        });
        let items = items.collect::<Vec<_>>();
        let heading = (!title.is_empty()).then(|| view! { <p class="group">{title}</p> });
        (!items.is_empty()).then(|| view! { {heading}<ul>{items}</ul> })
    });
    groups.collect_view().into_any()
}

fn icon(place: Place) -> impl IntoView {
    let path = match place {
        Place::Overview => "M3 10l7-6 7 6v7h-5v-5H8v5H3z",
        Place::Sources => "M4 6c0-3 12-3 12 0v8c0 3-12 3-12 0zM4 6c0 3 12 3 12 0M4 10c0 3 12 3 12 0",
        Place::Tenants => "M3 4h6v5H3zM11 4h6v5h-6zM3 11h6v5H3zM11 11h6v5h-6z",
        Place::Restores => "M4 10a6 6 0 106-6c-2 0-4 1-5 3M4 3v4h4M10 7v3l2 2",
        Place::Backups => "M4 4h12v4H4zM5 8v8h10V8M8 11h4",
        Place::Approvals => "M4 10l4 4 8-9M3 3h10v2M17 10v7H3V5",
        Place::Runs => "M3 10h3l2-5 4 10 2-5h3",
        Place::Audit => "M5 3h10v14H5zM8 7h4M8 10h4M8 13h2",
        Place::Settings => "M3 6h8m4 0h2M3 14h2m4 0h8M13 4v4M7 12v4",
        Place::People | Place::Profile => "M10 10a3 3 0 100-6 3 3 0 000 6zM4 17c0-6 12-6 12 0",
    };
    view! {
        <svg class="icon" viewBox="0 0 20 20" width="18" height="18" aria-hidden="true">
            <path d=path />
        </svg>
    }
}
