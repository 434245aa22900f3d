//! What the page of a copy of a whole server's files says: what it holds, what it stands on, and how it is put onto a
//! machine, which no browser can do.

use domain::{Timestamp, backups::Retention};
use leptos::prelude::*;

use crate::{
    backups::{
        api::BackupDetail,
        files_api::{FilesView, LinkView},
    },
    ui::{
        badge::{Badged, Tone, badge},
        notice::notice,
        table::{Table, text},
        text::{code_block, count, name, visible},
        time::when,
    },
};

/// Databases that are named at once; the rest is folded.
const NAMED: usize = 12;

/// A warning if something that a restore needs is not kept any more.
pub fn broken_notice(backup: &BackupDetail) -> Option<AnyView> {
    let files = backup.files.as_ref()?;
    if files.is_whole() || backup.row.retention != Retention::Active {
        return None;
    }
    Some(notice(
        Tone::Bad,
        view! {
            <p><b>"This backup cannot be restored: a backup that it continues is gone."</b></p>
            <p>"It holds only what changed since. Take a full backup of the server now."</p>
        },
    ))
}

/// Terms of the facts: engine, place, databases.
pub fn files_facts(files: &FilesView) -> AnyView {
    let machine =
        files.facts.machine.as_ref().map(
            |machine| view! { <dt>"Taken on"</dt><dd><code class="wrap">{visible(machine)}</code></dd> },
        );
    let first = files
        .facts
        .databases
        .iter()
        .take(NAMED)
        .map(|database| view! { <span class="line">{name(database)}</span> });
    let first = first.collect_view();
    let rest = (files.facts.databases.len() > NAMED).then(|| {
        let more = files.facts.databases.iter().skip(NAMED);
        let lines = more.map(|database| view! { <span class="line">{name(database)}</span> }).collect_view();
        let title = count((files.facts.databases.len() - NAMED) as u64, "more database", "more databases");
        view! { <details><summary>{title}</summary>{lines}</details> }
    });
    let remarks =
        files.facts.remarks.iter().map(|remark| view! { <span class="line">{visible(remark)}</span> });
    let remarks = remarks.collect_view();
    view! {
        <dt>"Engine"</dt><dd>{visible(&files.facts.program)}": files of the whole server"{remarks}</dd>
        {machine}
        <dt>"Data directory"</dt><dd><code class="wrap">{visible(&files.facts.directory)}</code></dd>
        <dt>"Databases"</dt><dd>{count(files.facts.databases.len() as u64, "database", "databases")}", accounts and settings of the server beside"{first}{rest}</dd>
        <dt>"Tenants"</dt><dd>"of all databases, in the same files: none can be restored or exported from it by itself"</dd>
    }
    .into_any()
}

/// The chain: everything that a restore unpacks, in its order.
pub fn chain_panel(backup: &BackupDetail, files: &FilesView, now: Option<Timestamp>) -> AnyView {
    let this = backup.row.id;
    let table = Table::new("Backups that a restore needs")
        .lead("Backup")
        .state("State")
        .text("Kind")
        .text("Holds")
        .number("Stored");
    let table = table.rows(files.chain.iter().enumerate(), |(place, link)| {
        let id = if link.id == this {
            view! { <span class="mono">{link.id.short()}" (this one)"</span> }.into_any()
        } else {
            view! { <a class="mono" href=format!("/backups/{}", link.id)>{link.id.short()}</a> }.into_any()
        };
        vec![
            id,
            state(link),
            text(if place == 0 { "full" } else { "what changed since" }),
            when(link.snapshot_at, now),
            text(link.sizes.stored.to_string()),
        ]
    });
    let kept = (files.continued_by > 0).then(|| {
        let many = count(files.continued_by, "kept backup was", "kept backups were");
        view! { <p class="small">{many}" built on it: it stays for as long as they do."</p> }
    });
    view! {
        <section class="panel c12" id="chain">
            <header><h2>"What it stands on"</h2><span class="small muted">"the order in which a restore unpacks them"</span></header>
            {table.view()}
            {kept}
        </section>
    }
    .into_any()
}

fn state(link: &LinkView) -> AnyView {
    match link.retention {
        Retention::Active => link.verification.badge(),
        Retention::Expiring | Retention::Deleted => badge(Tone::Bad, "Gone"),
    }
}

/// How it is put onto a machine.
pub fn restore_files_panel(files: &FilesView) -> AnyView {
    view! {
        <section class="panel c6" id="restore">
            <header><h2>"Restore"</h2></header>
            <dl class="facts">
                <dt>"Where"</dt><dd>"On the machine of the new server, at its command line: a browser puts no files there. "{visible(&files.facts.program)}" of the server's series must be installed."</dd>
                <dt>"What changes"</dt><dd>"A directory that is empty or does not exist is filled with a data directory, ready for a server to start on. Nothing that exists is overwritten, and no server is touched."</dd>
                <dt>"What is in it"</dt><dd>"Every database with the rows of all tenants, and the accounts and passwords of the source. One database or tenant alone needs a backup by the native engine."</dd>
            </dl>
            <p class="muted">"On a machine that has this installation's configuration file:"</p>
            {code_block("restore command", &files.restore_command)}
            <p class="muted small">"It ends with the owner and the settings that the new server needs."</p>
        </section>
    }
    .into_any()
}
