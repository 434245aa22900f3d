//! What the reader can do about a request.

use domain::approvals::State;
use leptos::prelude::*;

use super::api::{ActAloneFn, ApprovalDetail, ApproveFn, CommentFn, RejectFn, WithdrawFn};
use crate::{
    layout::page::Visit,
    ui::{
        field::{Field, hidden},
        form::{button_form, form},
        text::visible,
    },
};

/// Agree, refuse, say something, withdraw; a sentence where the reader may not.
pub fn decide_panel(found: &ApprovalDetail, visit: &Visit) -> AnyView {
    let is_open = !found.row.state.is_settled();
    let verdict = (found.row.state == State::Waiting).then(|| verdict(found, visit));
    let withdraw = (is_open && found.may_withdraw).then(|| {
        let posted = visit.posted::<WithdrawFn>();
        let fields = vec![("request[id]", found.row.id.to_string())];
        view! { {posted.summary()}{button_form("/fn/approvals/withdraw", fields, "btn", "Withdraw this request")} }
    });
    let alone = (found.row.state == State::Waiting && found.may_act_alone).then(|| act_alone(found, visit));
    let next = (found.row.state == State::Approved && found.done_at.is_none()).then(|| {
        view! { <p>"Enough have agreed. Whoever asked does it from "<a href=found.path.clone()>"its own page"</a>", once, within a day."</p> }
    });
    view! {
        <section class="panel c6" id="decide">
            <header><h2>"Your decision"</h2></header>
            {verdict}
            {next}
            {(!is_open).then(|| view! { <p class="muted">"This request is over; nothing can be decided any more."</p> })}
            {found.may_comment.then(|| comment(found, visit))}
            {withdraw}
            {alone}
        </section>
    }
    .into_any()
}

fn seen(found: &ApprovalDetail) -> AnyView {
    view! { {hidden("id", found.row.id.to_string())}{hidden("digest", found.digest.clone())} }.into_any()
}

fn verdict(found: &ApprovalDetail, visit: &Visit) -> AnyView {
    if let Some(why) = &found.why_not {
        return view! { <p class="muted">{visible(why)}</p> }.into_any();
    }
    let (approved, rejected) = (visit.posted::<ApproveFn>(), visit.posted::<RejectFn>());
    let approve = view! {
        {seen(found)}
        {Field::text("approve", "comment", "Remark").optional().after(&approved).view()}
        <button class="btn primary">"Agree to exactly this"</button>
    };
    let reject = view! {
        {seen(found)}
        {Field::text("reject", "comment", "Reason").hint("For whoever asked.").after(&rejected).view()}
        <button class="btn danger">"Refuse it"</button>
    };
    view! {
        <p class="muted small">"You agree to what this page shows and to nothing else. If it is another one when it is done, it is not done."</p>
        {form("/fn/approvals/approve", &approved, approve)}
        <details class="edit" open=rejected.is_refused()>
            <summary>"Refuse…"</summary>
            {form("/fn/approvals/reject", &rejected, reject)}
        </details>
    }
    .into_any()
}

fn comment(found: &ApprovalDetail, visit: &Visit) -> AnyView {
    let posted = visit.posted::<CommentFn>();
    let fields = view! {
        {hidden("id", found.row.id.to_string())}
        {Field::lines("say", "comment", "Question or remark").after(&posted).view()}
        <button class="btn">"Say it"</button>
    };
    view! {
        <details class="edit" open=posted.is_refused()>
            <summary>"Say something…"</summary>
            {form("/fn/approvals/comment", &posted, fields)}
        </details>
    }
    .into_any()
}

fn act_alone(found: &ApprovalDetail, visit: &Visit) -> AnyView {
    let posted = visit.posted::<ActAloneFn>();
    let fields = view! {
        {hidden("id", found.row.id.to_string())}
        {Field::lines("alone", "reason", "Why it cannot wait").hint("Every administrator reads it at once, and somebody else has to close a review of it.").after(&posted).view()}
        <button class="btn danger">"Do it alone, as an emergency"</button>
    };
    view! {
        <details class="edit" open=posted.is_refused()>
            <summary>"Emergency…"</summary>
            {form("/fn/approvals/act_alone", &posted, fields)}
        </details>
    }
    .into_any()
}
