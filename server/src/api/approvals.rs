//! Requests that somebody else has to agree to, as programs see and decide them. A token acts for its maker: it never
//! agrees to what they asked for themselves, and never to more than its scopes name.

use app::approvals::api::{
    ApprovalDetail, ApprovalFilter, ApprovalRef, ApprovalRow, ApprovalsPort, DecideApproval, Drawer, Outcome,
};
use axum::{Extension, extract::Path, response::Response};
use domain::{
    Cursor,
    access::Permission as P,
    approvals::{Class, State},
    id::ApprovalId,
};
use http::HeaderMap;

use super::{
    Operation, Problem, Route,
    describe::{When, answers, requests},
    extract::{self, Asked, Body, Nothing},
    reply,
    shapes::pages,
};
use crate::caller::Caller;

answers! {
    /// A request that somebody else has to agree to.
    Approval {
        /// Its id.
        id: ApprovalId,
        /// What it is about, as a class.
        class: Class,
        /// What it is about, in one line.
        title: String,
        /// Who asked.
        requester: String,
        /// Where it stands.
        state: State,
        /// How many have to agree.
        needed: u8,
        /// How many have agreed.
        agreed: u8,
        /// When it was asked.
        created_at: When,
        /// Until when it waits.
        expires_at: When,
        /// Whether somebody took it upon themselves, in an emergency.
        is_emergency: bool,
    }
    /// Some requests.
    Approvals {
        /// Newest first.
        rows: Vec<Approval>,
        /// Send this as `after` to get those that follow; null on the last page.
        next: Option<String>,
    }
    /// A value of a preview.
    ApprovalFact {
        /// What it is of.
        name: String,
        /// As it is read.
        value: String,
    }
    /// A request with what would happen.
    ApprovalWhole {
        /// The request.
        approval: Approval,
        /// Why it is asked.
        reason: String,
        /// What would happen, in one sentence.
        what: String,
        /// The same in figures and names.
        facts: Vec<ApprovalFact>,
        /// What cannot be undone.
        lost: Vec<String>,
        /// What is agreed to: SHA-256 over the exact change and all of the above.
        digest: String,
        /// Who could still agree.
        could_agree: Vec<String>,
        /// Why it could not be done.
        problem: Option<String>,
    }
    /// Something that is not done yet: somebody else has to agree first.
    ApprovalAsked {
        /// `waiting`.
        state: State,
        /// The request, under `/api/v1/approvals/{id}`.
        approval_id: ApprovalId,
    }
    /// Where a request stands after a step.
    ApprovalState {
        /// Where.
        state: State,
    }
}

requests! {
    /// Which requests; every field narrows.
    ApprovalsAsked {
        /// `for_me`, `by_me`, `open` (the default) or `decided`.
        which: Option<String>,
        /// In one class.
        class: Option<Class>,
        /// `next` of the page before.
        after: Option<String>,
    }
    /// A verdict.
    Decide {
        /// The digest of what was looked at, as the request has it.
        digest: String,
        /// What is said to it; has to be said by who refuses.
        comment: Option<String>,
    }
}

impl From<ApprovalRow> for Approval {
    fn from(row: ApprovalRow) -> Self {
        Self {
            id: row.id,
            class: row.class,
            title: row.title,
            requester: row.requester,
            state: row.state,
            needed: row.needed,
            agreed: row.agreed,
            created_at: row.created_at.into(),
            expires_at: row.expires_at.into(),
            is_emergency: row.is_emergency,
        }
    }
}

impl From<ApprovalDetail> for ApprovalWhole {
    fn from(found: ApprovalDetail) -> Self {
        let facts = found.preview.facts.into_iter();
        Self {
            approval: found.row.into(),
            reason: found.reason,
            what: found.preview.what,
            facts: facts.map(|fact| ApprovalFact { name: fact.name, value: fact.value }).collect(),
            lost: found.preview.lost,
            digest: found.digest,
            could_agree: found.could_agree.into_iter().map(|one| one.name).collect(),
            problem: found.problem,
        }
    }
}

pages! { Approvals of Approval from ApprovalRow; }

pub(super) fn routes() -> Vec<Route> {
    const READ: &[P] = &[P::ReadBackups];
    let listed =
        Operation::answering::<Approvals>("listApprovals", "Requests for approval, newest first", READ)
            .asked::<ApprovalsAsked>();
    let one = Operation::answering::<ApprovalWhole>("getApproval", "One request for approval", READ).marked();
    let about = "Whose role lets them agree follows from the class. Nobody agrees to what they asked for, nor a token to what its maker asked for.";
    let approved = Operation::answering::<ApprovalState>("approve", "Agree to a request", READ)
        .about(about)
        .body::<Decide>();
    let rejected = Operation::answering::<ApprovalState>("reject", "Refuse a request", READ)
        .about(about)
        .body::<Decide>();
    let withdrawn = Operation::answering::<ApprovalState>("withdrawApproval", "Take a request back", READ)
        .about("Only who asked for it may.");
    vec![
        Route::get("/api/v1/approvals", listed, list),
        Route::get("/api/v1/approvals/{id}", one, get),
        Route::post("/api/v1/approvals/{id}/approve", approved, approve),
        Route::post("/api/v1/approvals/{id}/reject", rejected, reject),
        Route::post("/api/v1/approvals/{id}/withdraw", withdrawn, withdraw),
    ]
}

async fn list(
    Extension(caller): Extension<Caller>,
    Asked(asked): Asked<ApprovalsAsked>,
) -> Result<Response, Problem> {
    let which = match asked.which.as_deref() {
        None => Drawer::Open,
        Some(key) => Drawer::find(key).ok_or_else(|| {
            Problem::new(http::StatusCode::BAD_REQUEST, "bad_query", "`which` is none of its words.")
                .hint("Send for_me, by_me, open or decided.")
        })?,
    };
    let filter = ApprovalFilter { which, class: asked.class, after: asked.after.map(Cursor) };
    reply::found(&Approvals::from(caller.list_approvals(filter).await?))
}

async fn get(
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    reply::one(&headers, &ApprovalWhole::from(caller.get_approval(extract::id(&id)?).await?))
}

async fn approve(
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
    Body(request): Body<Decide>,
) -> Result<Response, Problem> {
    let state = caller.approve(decision(&id, request)?).await?;
    reply::found(&ApprovalState { state })
}

async fn reject(
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
    Body(request): Body<Decide>,
) -> Result<Response, Problem> {
    let state = caller.reject(decision(&id, request)?).await?;
    reply::found(&ApprovalState { state })
}

async fn withdraw(
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
    Nothing: Nothing,
) -> Result<Response, Problem> {
    caller.withdraw_approval(ApprovalRef { id: extract::id(&id)? }).await?;
    reply::found(&ApprovalState { state: State::Withdrawn })
}

fn decision(id: &str, request: Decide) -> Result<DecideApproval, Problem> {
    let Decide { digest, comment } = request;
    Ok(DecideApproval { id: extract::id(id)?, digest, comment: comment.unwrap_or_default() })
}

/// The answer to what somebody else has to agree to first; nothing where it is done.
pub(super) fn asked(outcome: Outcome) -> Option<Result<Response, Problem>> {
    let approval_id = outcome.asked?;
    Some(reply::begun(&ApprovalAsked { state: State::Waiting, approval_id }))
}
