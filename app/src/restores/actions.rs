//! What can be done about a request, by its state and the reader's role. Consequences stand before the buttons.

use domain::{access::Permission, restores::RequestState};
use leptos::prelude::*;

use super::request_api::{
    ApplyRestoreFn, ApproveRestoreFn, RejectRestoreFn, RequestRestoreFn, RestoreDetail, UndoRestoreFn,
    WithdrawRestoreFn,
};
use crate::{
    access::api::Me,
    layout::page::Visit,
    tenancy::address::restore_path,
    ui::{
        field::{Field, hidden},
        form::{Posted, button_form, form},
        text::{name, visible},
    },
};

/// The panel of the next step; a sentence where the reader has none to take.
pub fn next_panel(restore: &RestoreDetail, visit: &Visit, me: &Me) -> AnyView {
    let state = restore.row.state;
    let (heading, body) = match state {
        RequestState::Planning => {
            ("Next", waiting("The difference is being computed. Nothing is changed by it."))
        }
        RequestState::Planned => ("Ask for it", ask(restore, visit, me)),
        RequestState::AwaitingApproval => ("Approval", decide(restore, visit, me)),
        RequestState::Approved => ("Apply", apply(restore, visit, me)),
        RequestState::Applying => (
            "Next",
            waiting("The live rows are being changed, in one transaction. It succeeds whole or not at all."),
        ),
        RequestState::Applied => ("Undo", undo(restore, visit, me)),
        RequestState::Undoing => {
            ("Next", waiting("The rows are being brought back to what they were before."))
        }
        RequestState::Undone => ("Next", waiting("The live rows are as they were before this restore.")),
        RequestState::Rejected | RequestState::Withdrawn | RequestState::Failed => {
            ("Next", again(restore, me))
        }
    };
    let withdraw = withdraw(restore, visit, me);
    view! {
        <section class="panel c6" id="next">
            <header><h2>{heading}</h2></header>
            {body}
            {withdraw}
        </section>
    }
    .into_any()
}

/// What the reader can do next, for a link to the panel; none where there is nothing.
pub fn next_word(restore: &RestoreDetail, me: &Me) -> Option<&'static str> {
    let is_applicable = restore.difference.as_ref().is_some_and(domain::restores::Figures::is_applicable);
    let may = |permission: Permission| me.may(permission);
    match restore.row.state {
        RequestState::Planned if is_applicable && may(Permission::RequestRestore) => {
            Some("Ask for approval…")
        }
        RequestState::AwaitingApproval if restore.may_approve && may(Permission::ApproveRestore) => {
            Some("Approve or reject…")
        }
        RequestState::Approved if may(Permission::ApplyRestore) => Some("Apply…"),
        RequestState::Applied if restore.can_undo && may(Permission::ApplyRestore) => Some("Undo…"),
        _ => None,
    }
}

fn waiting(words: &'static str) -> AnyView {
    view! { <p class="muted">{words}</p> }.into_any()
}

fn digest_of(restore: &RestoreDetail) -> String {
    restore.difference.as_ref().map(|difference| difference.digest.clone()).unwrap_or_default()
}

/// The request and the digest that the reader looked at.
fn seen(restore: &RestoreDetail) -> AnyView {
    view! { {hidden("id", restore.row.id.to_string())}{hidden("digest", digest_of(restore))} }.into_any()
}

fn ask(restore: &RestoreDetail, visit: &Visit, me: &Me) -> AnyView {
    let Some(difference) = &restore.difference else { return waiting("There is no difference to ask for.") };
    if difference.changes() == 0 {
        return waiting("The live rows are as in the backup. There is nothing to restore.");
    }
    if !difference.is_applicable() {
        return waiting("Mend what the notice above names, then compute a new preview.");
    }
    if !me.may(Permission::RequestRestore) {
        return waiting("A tenant admin may ask for this restore.");
    }
    let alone = restore.is_alone.then(|| {
        view! { <p class="small">"Nobody else here may approve restores, or only people whom you added or gave their role yourself. Have somebody else add an approver, so that no one person can change live rows alone."</p> }
    });
    let posted = visit.posted::<RequestRestoreFn>();
    let fields = view! {
        {seen(restore)}
        {Field::lines("request", "comment", "Why")
            .hint("For whoever has to agree, e.g. a ticket.").after(&posted).view()}
        <button class="btn primary">"Ask for approval of this difference"</button>
    };
    view! {
        <p class="muted small">"A second person looks at the same difference and agrees to its digest. Nothing is changed yet."</p>
        {alone}
        {form("/fn/restores/request", &posted, fields)}
    }
    .into_any()
}

fn decide(restore: &RestoreDetail, visit: &Visit, me: &Me) -> AnyView {
    if !(restore.may_approve && me.may(Permission::ApproveRestore)) {
        let may = me.may(Permission::ApproveRestore);
        let words = if restore.is_alone {
            "Nobody else here may approve restores, or only people whom those who asked have added or given their role. \
             Have somebody else add an approver."
        } else if may && restore.is_mine {
            "You asked for it; a second person has to agree."
        } else if may && restore.is_dependent {
            "You and the person who asked are not independent: one of you added the other here, gave them their role or \
             set their password, directly or through others. Somebody else has to agree."
        } else {
            "An approver has to agree to it."
        };
        return waiting(words);
    }
    let (approved, rejected) = (visit.posted::<ApproveRestoreFn>(), visit.posted::<RejectRestoreFn>());
    let approve = view! {
        {seen(restore)}
        {Field::text("approve", "comment", "Remark").optional().after(&approved).view()}
        <button class="btn primary">"Approve this difference"</button>
    };
    let reject = view! {
        {seen(restore)}
        {Field::text("reject", "comment", "Reason").hint("For whoever asked.").after(&rejected).view()}
        <button class="btn danger">"Reject"</button>
    };
    let alone = restore.is_alone.then(|| {
        view! { <p class="small">"You asked for it yourself, and nobody else here may approve restores. The audit trail says so."</p> }
    });
    view! {
        <p class="muted small">"You agree to exactly this difference. If the live rows change before it is applied, it is refused and a new preview is needed."</p>
        {alone}
        {form("/fn/restores/approve", &approved, approve)}
        <details class="edit" open=rejected.is_refused()>
            <summary>"Reject it"</summary>
            {form("/fn/restores/reject", &rejected, reject)}
        </details>
    }
    .into_any()
}

/// Database and tenant, typed by the person who means it.
fn typed(restore: &RestoreDetail, form: &'static str, posted: &Posted) -> AnyView {
    let row = &restore.row;
    view! {
        {seen(restore)}
        {Field::text(form, "database", "Name of the live database")
            .hint(format!("Type {}.", visible(&row.database))).after(posted).view()}
        {Field::text(form, "tenant", "Key of the tenant")
            .hint(format!("Type {}.", visible(row.tenant.as_str()))).after(posted).view()}
    }
    .into_any()
}

fn apply(restore: &RestoreDetail, visit: &Visit, me: &Me) -> AnyView {
    if !me.may(Permission::ApplyRestore) {
        return waiting("A tenant admin may apply it now.");
    }
    let posted = visit.posted::<ApplyRestoreFn>();
    let fields = view! {
        {typed(restore, "apply", &posted)}
        <button class="btn danger">"Change the live rows now"</button>
    };
    view! {
        <dl class="facts">
            <dt>"What changes"</dt><dd>"Rows of tenant "{name(restore.row.tenant.as_str())}" in the live database "{name(&restore.row.database)}", as shown, in one transaction. No definition is touched."</dd>
            <dt>"If rows changed since"</dt><dd>"It is refused and nothing is changed."</dd>
            <dt>"How to undo"</dt><dd>"What is overwritten is stored first; one step brings it back."</dd>
        </dl>
        {form("/fn/restores/apply", &posted, fields)}
    }
    .into_any()
}

fn undo(restore: &RestoreDetail, visit: &Visit, me: &Me) -> AnyView {
    if !restore.can_undo {
        return waiting("What is needed to undo it is no longer stored.");
    }
    if !me.may(Permission::ApplyRestore) {
        return waiting("A tenant admin may undo it.");
    }
    let posted = visit.posted::<UndoRestoreFn>();
    let fields = view! {
        {typed(restore, "undo", &posted)}
        <button class="btn danger">"Undo this restore"</button>
    };
    let unsure = restore.is_unsure.then(|| {
        view! { <p class="small">"It is not known whether the last step changed the live rows: the answer of the server was lost, and other rows of the tenant have changed since. Look at the rows before you decide. Undoing finds out: it changes nothing if the rows are not those of the restore."</p> }
    });
    view! {
        {unsure}
        <p class="muted small">"Brings exactly the rows that this restore changed back to what they were. Rows that were changed since keep it from happening. Undoing needs nobody's agreement: it leads back to what everybody knew."</p>
        <details class="edit" open=posted.is_refused()>
            <summary>"Undo it"</summary>
            {form("/fn/restores/undo", &posted, fields)}
        </details>
    }
    .into_any()
}

fn again(restore: &RestoreDetail, me: &Me) -> AnyView {
    let row = &restore.row;
    let link = me.may(Permission::RequestRestore).then(|| {
        view! { <p><a class="btn" href=restore_path(row.source_id, &row.tenant, Some(row.backup_id))>"Begin anew from the same point…"</a></p> }
    });
    view! { <p class="muted">"The live rows were not changed by it."</p>{link} }.into_any()
}

fn withdraw(restore: &RestoreDetail, visit: &Visit, me: &Me) -> Option<AnyView> {
    let may = me.may(Permission::RequestRestore) && restore.row.state.may_become(RequestState::Withdrawn);
    may.then(|| {
        let posted = visit.posted::<WithdrawRestoreFn>();
        let button = button_form(
            "/fn/restores/withdraw",
            vec![("request[id]", restore.row.id.to_string())],
            "btn",
            "Withdraw this request",
        );
        view! { {posted.summary()}{button} }.into_any()
    })
}
