//! Where notices go, as programs see and change it. A signing secret goes in and never comes out.

use app::{
    alerts::api::{AlertsPort, Channels as View, SetChannels},
    port::SecretText,
};
use axum::{Extension, response::Response};
use domain::access::Permission as P;
use http::HeaderMap;

use super::{
    Operation, Problem, Route, approvals,
    describe::{When, answers, requests},
    extract::{Body, Nothing},
    reply,
};
use crate::caller::Caller;

answers! {
    /// A notice on its way.
    Delivery {
        /// When it was made.
        at: When,
        /// `email` or `webhook`.
        channel: String,
        /// What it is about.
        subject: String,
        /// `waiting`, `sent` or `failed`.
        state: String,
        /// Why the last attempt failed.
        error: Option<String>,
    }
    /// Where notices go.
    Channels {
        /// Address for e-mail; empty if none.
        email_to: String,
        /// Whether this installation has a mail server.
        smtp_configured: bool,
        /// URL that notices are posted to; empty if none.
        webhook_url: String,
        /// Whether they are signed.
        has_webhook_secret: bool,
        /// The newest notices, newest first.
        deliveries: Vec<Delivery>,
    }
    /// A test that was begun.
    Tested {
        /// `queued`: what became of it stands among the deliveries.
        status: String,
    }
}

requests! {
    /// Where notices shall go.
    ChannelsSet {
        /// Address for e-mail; left out for none.
        email_to: Option<String>,
        /// URL that notices are posted to; left out for none.
        webhook_url: Option<String>,
        /// A new signing secret. Left out, the stored one stays as long as the URL does.
        webhook_secret: Option<SecretText>,
        /// Why. Needed where a channel is taken away or leads elsewhere: somebody else has to agree to that.
        reason: Option<String>,
    }
}

impl From<View> for Channels {
    fn from(view: View) -> Self {
        let deliveries = view.deliveries.into_iter();
        Self {
            email_to: view.email_to,
            smtp_configured: view.smtp_configured,
            webhook_url: view.webhook_url,
            has_webhook_secret: view.has_webhook_secret,
            deliveries: deliveries
                .map(|row| Delivery {
                    at: row.at.into(),
                    channel: row.channel,
                    subject: row.subject,
                    state: row.state,
                    error: row.error,
                })
                .collect(),
        }
    }
}

pub(super) fn routes() -> Vec<Route> {
    let read =
        Operation::answering::<Channels>("getChannels", "Where notices go", &[P::ReadSettings]).marked();
    let set = Operation::answering::<Channels>(
        "setChannels",
        "Say where notices go",
        &[P::ManageAlerts, P::ReadSettings],
    )
    .body::<ChannelsSet>()
    .asks();
    let tested =
        Operation::answering::<Tested>("testChannels", "Send a notice as a test", &[P::ManageAlerts])
            .begins();
    vec![
        Route::get("/api/v1/channels", read, get),
        Route::put("/api/v1/channels", set, put),
        Route::post("/api/v1/channels/test", tested, test),
    ]
}

async fn get(Extension(caller): Extension<Caller>, headers: HeaderMap) -> Result<Response, Problem> {
    reply::one(&headers, &Channels::from(caller.channels().await?))
}

async fn put(
    Extension(caller): Extension<Caller>,
    Body(request): Body<ChannelsSet>,
) -> Result<Response, Problem> {
    // Whoever may not see what became of it is told so before anything is changed.
    caller.channels().await?;
    let wish = SetChannels {
        email_to: request.email_to.unwrap_or_default(),
        webhook_url: request.webhook_url.unwrap_or_default(),
        webhook_secret: request.webhook_secret.unwrap_or_default(),
        reason: request.reason.unwrap_or_default(),
    };
    if let Some(answer) = approvals::asked(caller.set_channels(wish).await?) {
        return answer;
    }
    reply::found(&Channels::from(caller.channels().await?))
}

async fn test(Extension(caller): Extension<Caller>, Nothing: Nothing) -> Result<Response, Problem> {
    caller.test_channels().await?;
    reply::begun(&Tested { status: "queued".into() })
}
