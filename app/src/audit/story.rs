//! The way from a thing to what happened with it, and back.

use domain::{access::Permission, audit::ObjectKind};
use leptos::prelude::*;
use leptos_router::location::Url;

use crate::{
    access::api::Me,
    ui::text::{name, visible},
};

/// The explorer's address for one filter.
pub fn explorer(field: &str, value: &str, of_installation: bool) -> String {
    let of = if of_installation { "&of=installation" } else { "" };
    format!("/audit?{field}={}{of}", Url::escape(value))
}

/// The link to what the trail says about a thing, for whoever may read the trail.
pub fn story(me: &Me, kind: ObjectKind, id: impl ToString) -> Option<AnyView> {
    let path = explorer("about", &format!("{}:{}", kind.key(), id.to_string()), false);
    me.may(Permission::ReadAudit).then(|| {
        view! { <p class="small"><a href=path>"What happened with this (audit trail)"</a></p> }.into_any()
    })
}

/// A thing as the trail names it, in words, with the page that it has.
pub fn object_view(key: &str) -> AnyView {
    let (kind, id) = key.split_once(':').unwrap_or(("", key));
    let Some(kind) = ObjectKind::find(kind) else { return name(key) };
    let word = object_word(kind);
    match page_of(kind, id) {
        Some(path) => view! { <a href=path>{word}" "<span class="mono">{short(id)}</span></a> }.into_any(),
        None if matches!(kind, ObjectKind::Trail | ObjectKind::Channels | ObjectKind::Account) => {
            word.into_any()
        }
        None => view! { {word}" "<bdi class="mono">{short(id)}</bdi> }.into_any(),
    }
}

/// Where a thing is shown.
pub fn page_of(kind: ObjectKind, id: &str) -> Option<String> {
    let area = match kind {
        ObjectKind::Connection => "connections",
        ObjectKind::Source => "sources",
        ObjectKind::Run => "runs",
        ObjectKind::Backup => "backups",
        ObjectKind::Restore => "restores",
        _ => return None,
    };
    Some(format!("/{area}/{}", Url::escape(id)))
}

/// A kind of thing, in a word.
pub const fn object_word(kind: ObjectKind) -> &'static str {
    match kind {
        ObjectKind::Installation => "The installation",
        ObjectKind::Organisation => "Organisation",
        ObjectKind::Connection => "Connection",
        ObjectKind::Source => "Source",
        ObjectKind::Run => "Run",
        ObjectKind::Backup => "Backup",
        ObjectKind::Restore => "Tenant restore",
        ObjectKind::Person => "Person",
        ObjectKind::Account => "An unknown account",
        ObjectKind::TenantRows => "Rows of a tenant",
        ObjectKind::Channels => "Where notices go",
        ObjectKind::Trail => "The audit trail",
        other => other.key(),
    }
}

/// The end of an id, which tells two apart: those that are made in one second begin alike.
fn short(id: &str) -> String {
    let letters: Vec<char> = id.chars().collect();
    if letters.len() > 20 {
        format!("…{}", visible(&letters[letters.len() - 8..].iter().collect::<String>()))
    } else {
        visible(id)
    }
}
