//! One backup: whether it can be restored and how that is known, what is stored where, and the ways to bring it back.

use domain::{
    Timestamp,
    access::Permission,
    audit::ObjectKind,
    backups::{Retention, Verification},
    id::kind,
};
use leptos::prelude::*;

use crate::{
    access::api::Me,
    audit::story::story,
    backups::{
        api::{BackupDetail, CopyView, VerifyBackupFn},
        evidence::evidence_panel,
        files::{broken_notice, chain_panel, files_facts, restore_files_panel},
        split::{drift_notice, split_facts},
    },
    layout::{
        navigation::Place,
        page::{PageView, page, require},
    },
    restores::{api::StartRestoreFn, start::restore_panel},
    ui::{
        badge::{Badged, Tone},
        form::button_form,
        notice::notice,
        table::{Table, text},
        text::{code_block, name, visible},
        time::{exactly, when},
        timeline::{Bar, timeline},
    },
};

/// `/backups/:id`
#[component]
pub fn BackupPage() -> impl IntoView {
    page(Place::Backups, |visit, me| async move {
        require(&me, Permission::ReadBackups)?;
        let mut backup = visit.backend.get_backup(visit.id::<kind::Backup>()?).await?;
        let now = visit.now;
        let is_kept = backup.row.retention != Retention::Deleted;
        let (verified, restored) = (visit.posted::<VerifyBackupFn>(), visit.posted::<StartRestoreFn>());
        let active = backup.active_run.map(|run| {
            notice(
                Tone::Info,
                view! { <p><a href=format!("/runs/{run}")>"A run is at work on this backup."</a></p> },
            )
        });
        let may_restore = is_kept && me.may(Permission::RequestRestore);
        let restore = may_restore.then(|| match &backup.files {
            Some(files) => restore_files_panel(files),
            None => restore_panel(&backup, &restored),
        });
        let chain = backup.files.as_ref().map(|files| chain_panel(&backup, files, now));
        let evidence = evidence_panel(std::mem::take(&mut backup.evidence), now);
        let crumb = backup.row.database.clone();
        let source = backup.row.source_id;
        let title = format!("{} as of {}", backup.row.database, backup.row.snapshot_at.exact());
        let actions = actions(&backup, &me, is_kept);
        let body = view! {
            {verified.summary()}
            {active}
            {drift_notice(&backup)}
            {broken_notice(&backup)}
            <div class="grid">
                {answer(&backup, now)}
                {sizes(&backup)}
                {evidence}
                {phases(&backup)}
                {facts(&backup, now)}
                {chain}
                {copies(&backup.copies)}
                {recover(&backup)}
                {restore}
            </div>
            {story(&me, ObjectKind::Backup, backup.row.id)}
        };
        Ok(PageView::new(title, body)
            .under("Backups", "/backups")
            .under(crumb, format!("/sources/{source}"))
            .actions(actions))
    })
}

fn actions(backup: &BackupDetail, me: &Me, is_kept: bool) -> AnyView {
    let id = backup.row.id;
    // Files are no SQL.
    let export = (is_kept && backup.files.is_none() && me.may(Permission::ExportBackup)).then(|| {
        view! { <a class="btn" href=format!("/backups/{id}/export") download="">"Export as .sql.gz"</a> }
    });
    let verify = (is_kept && backup.active_run.is_none() && me.may(Permission::VerifyBackup)).then(|| {
        let class = if backup.row.verification == Verification::RestoreOk { "btn" } else { "btn primary" };
        button_form("/fn/backups/verify", vec![("request[id]", id.to_string())], class, "Verify this backup")
    });
    // The form stands below everything that is known about the backup: a long way down on a phone.
    let restore = (is_kept && me.may(Permission::RequestRestore))
        .then(|| view! { <a class="btn" href="#restore">"Restore…"</a> });
    let delete = (backup.row.retention == Retention::Active && me.may(Permission::ManagePolicies))
        .then(|| view! { <a class="btn" href=format!("/backups/{id}/delete")>"Delete…"</a> });
    view! { {restore}{export}{verify}{delete} }.into_any()
}

fn answer(backup: &BackupDetail, now: Option<Timestamp>) -> AnyView {
    let (tone, word) = match backup.row.retention {
        Retention::Active => backup.row.verification.tone_and_word(),
        Retention::Expiring | Retention::Deleted => backup.row.retention.tone_and_word(),
    };
    let because = match (backup.row.retention, backup.row.verification) {
        (Retention::Deleted, _) => "Its data is gone; this page stays as evidence.",
        (Retention::Expiring, _) => "Its policy no longer keeps it; its data is being removed.",
        (_, Verification::None) => "It was stored and read back, but nothing has restored it yet.",
        (_, Verification::RestoreOk) if backup.files.is_some() => {
            "A private server started on a copy of it, and what is in it was compared."
        }
        (_, Verification::RestoreOk) => "A restore on another server has proven its content.",
        (_, Verification::Failed) => {
            "A restore has shown that it is not what was backed up. The evidence below says where."
        }
        (_, Verification::Stale) => "It was proven once, too long ago to rely on. Verify it again.",
    };
    let found = if backup.row.verification == Verification::Failed { "Found " } else { "Proven " };
    let proven = backup.row.verified_at.map(|at| view! { <p class="small">{found}{when(at, now)}</p> });
    let label =
        backup.row.label.as_deref().map(|label| view! { <p class="small">"Label: "{name(label)}</p> });
    view! {
        <section class="panel c8">
            <div class="answer">
                <div class=format!("dot {}", tone.class()) aria-hidden="true">{tone.sign()}</div>
                <div><p class="big">{word}</p><p class="muted">{because}</p>{proven}{label}</div>
            </div>
        </section>
    }
    .into_any()
}

fn sizes(backup: &BackupDetail) -> AnyView {
    let sizes = backup.row.sizes;
    let ratio = sizes.ratio().map(|ratio| format!("{ratio:.1} : 1 by {}", visible(&backup.codec)));
    view! {
        <section class="panel stat c4">
            <p class="k">"Stored, compressed and sealed"</p>
            <p class="v">{sizes.stored.to_string()}</p>
            <p class="n">{format!("of {} read from the source", sizes.plain)}</p>
            <p class="n">{ratio}</p>
        </section>
    }
    .into_any()
}

fn phases(backup: &BackupDetail) -> AnyView {
    let bars = backup.phases.iter().map(|phase| Bar {
        name: phase.name.clone(),
        began_at: phase.began_at,
        took_ms: phase.took_ms,
    });
    view! {
        <section class="panel c6">
            <header><h2>"How it was taken"</h2><a href=format!("/runs/{}", backup.run_id)>"The run"</a></header>
            {timeline("Phases of the run that took it", bars.collect())}
        </section>
    }
    .into_any()
}

fn facts(backup: &BackupDetail, now: Option<Timestamp>) -> AnyView {
    let coordinate = &backup.coordinate;
    let binlog = if coordinate.file.is_empty() {
        "the server writes no binary log".to_owned()
    } else {
        format!("{}:{}", visible(&coordinate.file), coordinate.position)
    };
    let gtid = if coordinate.gtid.is_empty() { "none".to_owned() } else { visible(&coordinate.gtid) };
    view! {
        <section class="panel c6">
            <header><h2>"What it holds"</h2></header>
            <dl class="facts">
                <dt>"Instant"</dt><dd>{exactly(backup.row.snapshot_at, now)}</dd>
                <dt>"Binary log position"</dt><dd><code class="wrap">{binlog}</code></dd>
                <dt>"GTID"</dt><dd><code class="wrap">{gtid}</code></dd>
                {match &backup.files {
                    Some(files) => files_facts(files),
                    None => split_facts(backup),
                }}
                <dt>"Server"</dt><dd>{visible(&backup.server_version)}" · "<code class="wrap">{visible(&coordinate.server_uuid)}</code></dd>
                <dt>"Client"</dt><dd>{visible(&backup.client_version)}</dd>
                <dt>"Tables"</dt><dd>{backup.tables.to_string()}</dd>
                <dt>"Backup"</dt><dd><code class="wrap">{backup.row.id.to_string()}</code></dd>
                <dt>"SHA-256 of the manifest"</dt><dd><code class="wrap">{visible(&backup.manifest_sha256)}</code></dd>
            </dl>
        </section>
    }
    .into_any()
}

fn copies(copies: &[CopyView]) -> AnyView {
    let table =
        Table::new("Copies").lead("Vault").state("State").text("Where").number("Objects").text("Manifest");
    let table = table.rows(copies, |copy| {
        vec![
            name(&copy.vault),
            copy.state.badge(),
            view! { <code class="wrap">{visible(&copy.location)}</code> }.into_any(),
            text(copy.objects.to_string()),
            view! { <code class="wrap">{visible(&copy.manifest_key)}</code> }.into_any(),
        ]
    });
    view! {
        <section class="panel c12">
            <header><h2>"Copies"</h2></header>
            {table.view()}
        </section>
    }
    .into_any()
}

fn recover(backup: &BackupDetail) -> AnyView {
    view! {
        <section class="panel c6">
            <header><h2>"Without this server"</h2></header>
            <p class="muted">"Brings the backup back with nothing but the vault and the key file, on any machine that has "<code>"holdfast-recover"</code>":"</p>
            {code_block("recover command", &backup.recover_command)}
        </section>
    }
    .into_any()
}
