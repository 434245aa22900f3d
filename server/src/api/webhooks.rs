//! Webhooks, as programs make and see them.

use app::{
    alerts::webhooks_api::{AddWebhook, WebhookRef, WebhookView, WebhooksPort},
    port::SecretText,
};
use axum::{Extension, extract::Path, response::Response};
use domain::{Fault, access::Permission as P, id::WebhookId};

use super::{
    Operation, Problem, Route,
    describe::{When, answers, requests},
    extract::{self, Body, Nothing},
    reply,
};
use crate::caller::Caller;

answers! {
    /// Where a program is told what happens.
    Webhook {
        /// Its id.
        id: WebhookId,
        /// Where events are posted.
        url: String,
        /// What it is told of, e.g. `backup.complete`.
        acts: Vec<String>,
        /// Whether it is told; if not, it was given up until somebody resumes it.
        is_active: bool,
        /// The last entry of the audit trail that it was told of, or that was none for it.
        sent: u64,
        /// Why the last attempt failed.
        error: Option<String>,
        /// When it is tried again.
        next_at: Option<When>,
        /// When it was made.
        created_at: When,
        /// When it was told something.
        last_sent_at: Option<When>,
    }
    /// Every webhook.
    Webhooks {
        /// The oldest first.
        rows: Vec<Webhook>,
    }
    /// A webhook that is no more.
    WebhookRemoved {
        /// Which.
        webhook_id: WebhookId,
    }
}

requests! {
    /// A webhook to make.
    NewWebhook {
        /// Where events shall be posted, with https://.
        url: String,
        /// The secret by which they are signed; sixteen characters at least.
        secret: SecretText,
        /// What it is told of: acts of the audit trail, e.g. `backup.complete`.
        acts: Vec<String>,
    }
}

impl From<WebhookView> for Webhook {
    fn from(view: WebhookView) -> Self {
        Self {
            id: view.id,
            url: view.url,
            acts: view.acts.iter().map(|act| act.key().to_owned()).collect(),
            is_active: view.is_active,
            sent: view.sent,
            error: view.error,
            next_at: view.next_at.map(When::from),
            created_at: view.created_at.into(),
            last_sent_at: view.last_sent_at.map(When::from),
        }
    }
}

pub(super) fn routes() -> Vec<Route> {
    const MANAGE: &[P] = &[P::ManageAlerts];
    let listed = Operation::answering::<Webhooks>("listWebhooks", "Every webhook", MANAGE);
    let one = Operation::answering::<Webhook>("getWebhook", "One webhook", MANAGE);
    let added =
        Operation::answering::<Webhook>("addWebhook", "Be told what happens", &[P::ManageAlerts, P::ReadAudit])
            .about("Each event is an entry of the audit trail with an `id`, posted in the order of the trail and again until it is answered with 2xx; the same `id` means the same event. The header Holdfast-Signature is `t=<seconds>,v1=<hex>`: HMAC-SHA-256 over `t`, a dot and the body.")
            .body::<NewWebhook>();
    let resumed = Operation::answering::<Webhook>("resumeWebhook", "Try a webhook again", MANAGE)
        .about("At once, from where it stood.");
    let removed = Operation::answering::<WebhookRemoved>("removeWebhook", "Remove a webhook", MANAGE);
    vec![
        Route::get("/api/v1/webhooks", listed, list),
        Route::post("/api/v1/webhooks", added, add),
        Route::get("/api/v1/webhooks/{id}", one, get),
        Route::post("/api/v1/webhooks/{id}/resume", resumed, resume),
        Route::delete("/api/v1/webhooks/{id}", removed, remove),
    ]
}

async fn find(caller: &Caller, id: WebhookId) -> Result<Webhook, Problem> {
    let found = caller.list_webhooks().await?.into_iter().find(|webhook| webhook.id == id);
    found.map(Webhook::from).ok_or_else(|| Fault::NotFound.into())
}

async fn list(Extension(caller): Extension<Caller>) -> Result<Response, Problem> {
    let rows = caller.list_webhooks().await?;
    reply::found(&Webhooks { rows: rows.into_iter().map(Webhook::from).collect() })
}

async fn get(Extension(caller): Extension<Caller>, Path(id): Path<String>) -> Result<Response, Problem> {
    reply::found(&find(&caller, extract::id(&id)?).await?)
}

async fn add(
    Extension(caller): Extension<Caller>,
    Body(request): Body<NewWebhook>,
) -> Result<Response, Problem> {
    let NewWebhook { url, secret, acts } = request;
    let id = caller.add_webhook(AddWebhook { url, secret, acts }).await?;
    reply::found(&find(&caller, id).await?)
}

async fn resume(
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
    Nothing: Nothing,
) -> Result<Response, Problem> {
    let id = extract::id(&id)?;
    caller.resume_webhook(WebhookRef { id }).await?;
    reply::found(&find(&caller, id).await?)
}

async fn remove(Extension(caller): Extension<Caller>, Path(id): Path<String>) -> Result<Response, Problem> {
    let webhook_id = extract::id(&id)?;
    caller.remove_webhook(WebhookRef { id: webhook_id }).await?;
    reply::found(&WebhookRemoved { webhook_id })
}
