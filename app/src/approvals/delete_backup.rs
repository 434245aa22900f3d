//! Asking that a backup be deleted: what would be lost is read before the name is typed.

use domain::{access::Permission, id::kind};
use leptos::prelude::*;

use super::api::DeleteBackupFn;
use crate::{
    layout::{
        navigation::Place,
        page::{PageView, page, require},
    },
    ui::{
        badge::Tone,
        field::{Field, hidden},
        form::form,
        notice::notice,
        text::visible,
    },
};

/// `/backups/:id/delete`
#[component]
pub fn DeleteBackupPage() -> impl IntoView {
    page(Place::Backups, |visit, me| async move {
        require(&me, Permission::ManagePolicies)?;
        let id = visit.id::<kind::Backup>()?;
        let backup = visit.backend.get_backup(id).await?;
        let preview = visit.backend.preview_deletion(id).await?;
        let rules = visit.backend.approval_rules().await?;
        let rule = rules.rules.iter().find(|rule| rule.class == domain::approvals::Class::DeleteBackup);
        let needed = rule.map_or(1, |rule| rule.rule.approvals);
        let nobody = rule.is_some_and(|rule| rule.could_agree == 0 && needed > 0).then(|| {
            notice(
                Tone::Warn,
                "Nobody else here could agree to it. Have somebody else give an approver their role first, or say on the page of the rules that this organisation works alone.",
            )
        });
        let posted = visit.posted::<DeleteBackupFn>();
        let facts = preview.facts.iter().map(|fact| {
            view! { <dt>{visible(&fact.name)}</dt><dd><bdi>{visible(&fact.value)}</bdi></dd> }
        });
        let lost = preview.lost.iter().map(|lost| view! { <li>{visible(lost)}</li> });
        let words = match needed {
            0 => "No second person is asked here. Everybody who is told of failures is told of this.".to_owned(),
            1 => "Somebody else has to agree to exactly this. Until then, and while it rests after that, nothing is deleted.".to_owned(),
            n => format!("{n} others have to agree to exactly this. Until then, and while it rests after that, nothing is deleted."),
        };
        let fields = view! {
            {hidden("id", id.to_string())}
            {Field::lines("delete", "reason", "Why").hint("For whoever has to agree, e.g. a ticket.").after(&posted).view()}
            {Field::text("delete", "confirm", "Name of the database")
                .hint(format!("Type {}.", visible(&backup.row.database))).after(&posted).view()}
            <button class="btn danger">{if needed == 0 { "Delete this backup" } else { "Ask that this backup be deleted" }}</button>
        };
        let title = format!("Delete the backup as of {}", backup.row.snapshot_at.exact());
        let body = view! {
            {nobody}
            <div class="grid">
                <section class="panel c6">
                    <header><h2>"What would be lost"</h2></header>
                    <p><bdi>{visible(&preview.what)}</bdi></p>
                    <dl class="facts">{facts.collect_view()}</dl>
                    <ul class="lost">{lost.collect_view()}</ul>
                </section>
                <section class="panel c6">
                    <header><h2>"Ask for it"</h2></header>
                    <p class="muted small">{words}</p>
                    {form("/fn/approvals/delete_backup", &posted, fields)}
                </section>
            </div>
        };
        Ok(PageView::new(title, body)
            .under("Backups", "/backups")
            .under(backup.row.database, format!("/backups/{id}")))
    })
}
