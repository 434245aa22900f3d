//! The form that restores a backup: consequences first, then the target, then its name typed once more.

use domain::backups::Verification;
use leptos::prelude::*;

use crate::{
    backups::api::BackupDetail,
    restores::{definers::definer_fields, part::part_fields},
    ui::{
        badge::Tone,
        empty::empty,
        field::{Field, hidden},
        form::{Posted, form},
        notice::notice,
        text::{name, visible},
    },
};

/// The form.
pub fn restore_panel(backup: &BackupDetail, posted: &Posted) -> AnyView {
    let database = &backup.row.database;
    let body = if backup.targets.is_empty() {
        empty(
            "No server to restore to",
            view! { <p><a href="/connections/new">"Add a server"</a>" whose account may create a database."</p> },
        )
    } else {
        let servers = backup.targets.iter().map(|(id, label)| (id.to_string(), visible(label))).collect();
        let unproven = (backup.row.verification != Verification::RestoreOk).then(|| {
            notice(Tone::Warn, "This backup is not proven. Verify it first: a restore of it is refused.")
        });
        let fields = view! {
            {unproven}
            {hidden("backup_id", backup.row.id.to_string())}
            {Field::choice("restore", "connection_id", "On this server", servers)
                .hint("Its account must be allowed to create this database and everything in it; an account for backups only is not.")
                .after(posted).view()}
            {Field::text("restore", "database", "Name of the new database")
                .hint("A name that is not in use there.").after(posted).view()}
            {Field::text("restore", "confirm", "The same name once more")
                .hint("Typed, not copied: it is the name that will appear on that server.").after(posted).view()}
            {backup.split.as_ref().map(|_| part_fields(posted))}
            {definer_fields(posted)}
            <button class="btn danger">"Restore into this new database"</button>
        };
        form("/fn/restores/start", posted, fields)
    };
    view! {
        <section class="panel c6" id="restore">
            <header><h2>"Restore"</h2></header>
            <dl class="facts">
                <dt>"What changes"</dt><dd>"A new database appears on the server you choose. No database that exists is touched."</dd>
                <dt>"What is in it"</dt><dd>"Everything "{name(database)}" held at the instant of the backup, rows of every tenant included, unless you choose a part of it."</dd>
                <dt>"How to undo"</dt><dd>"Drop the new database."</dd>
                <dt>"Who has to agree"</dt><dd>"Nobody: no database that exists is touched. The audit trail says who did it."</dd>
            </dl>
            {body}
        </section>
    }
    .into_any()
}
