//! Pages, drawn by Leptos.

use std::sync::Arc;

use app::{
    access::{
        api::{AccessPort, AddUser, UserRef},
        invitations::InvitationHandover,
        people::Handover,
        people_api::{InvitationRef, InvitationsPort, Invite},
        security::CodesHandover,
        security_api::{SecurityPort, confirm_path},
        tokens::TokenHandover,
        tokens_api::{MakeToken, TokensPort},
    },
    port::{BackendHandle, Present, SecretText},
    shell,
};
use axum::{
    Extension,
    extract::{Form, Request, State, rejection::FormRejection},
    response::Response,
};
use domain::Fault;
use http::{HeaderMap, HeaderValue, Method, Uri, header};
use leptos::prelude::provide_context;
use leptos_axum::render_app_async_with_context;
use serde::Deserialize;

use super::{WebState, answer};
use crate::caller::Caller;

/// What pages and server functions find in their context.
pub fn context(web: &WebState, caller: Caller) -> impl Fn() + Clone + Send + Sync + 'static {
    let present = Present(web.services.clock.now());
    let backend = BackendHandle(Arc::new(caller));
    move || {
        provide_context(backend.clone());
        provide_context(present);
    }
}

/// Draws the page of a request.
pub async fn page(
    State(web): State<WebState>,
    Extension(caller): Extension<Caller>,
    request: Request,
) -> Response {
    draw(&web, caller, None, request).await
}

/// What a page shows this one time.
#[derive(Clone)]
enum Shown {
    Link(Handover),
    Token(TokenHandover),
    Invitation(InvitationHandover),
    Codes(CodesHandover),
}

async fn draw(web: &WebState, caller: Caller, shown: Option<Shown>, mut request: Request) -> Response {
    // Whatever asks for a page gets one, and is sent to the sign-in page as a browser is.
    request.headers_mut().insert(header::ACCEPT, HeaderValue::from_static("text/html"));
    let provide = context(web, caller);
    let options = web.leptos.clone();
    let handler = render_app_async_with_context(
        move || {
            provide();
            match shown.clone() {
                Some(Shown::Link(handover)) => provide_context(handover),
                Some(Shown::Token(handover)) => provide_context(handover),
                Some(Shown::Invitation(handover)) => provide_context(handover),
                Some(Shown::Codes(handover)) => provide_context(handover),
                None => {}
            }
        },
        move || shell(options.clone()),
    );
    handler(request).await
}

/// The fields of the form that adds a person; the role is read as text so that an unknown one is told in words.
#[derive(Debug, Deserialize)]
pub struct AddForm {
    #[serde(default)]
    name: String,
    #[serde(default)]
    email: String,
    #[serde(default)]
    role: String,
}

/// `POST /settings/people/add`: adds a person and answers with the page that shows the link, this one time.
pub async fn add_person(
    State(web): State<WebState>,
    Extension(caller): Extension<Caller>,
    headers: HeaderMap,
    form: Result<Form<AddForm>, FormRejection>,
) -> Response {
    let made = match form {
        Ok(Form(form)) => match domain::access::Role::find(&form.role) {
            Some(role) => caller.add_user(AddUser { name: form.name, email: form.email, role }).await,
            None => Err(Fault::invalid("role", "choose a role")),
        },
        Err(_) => Err(Fault::invalid("form", "the form could not be read")),
    };
    let refused = made.as_ref().err().cloned();
    let shown = Shown::Link(Handover(made));
    handed_over(&web, caller, headers, "/settings/people/add", (shown, refused)).await
}

/// `POST /settings/people/link`: makes a new password link and answers with the page that shows it.
pub async fn link_person(
    State(web): State<WebState>,
    Extension(caller): Extension<Caller>,
    headers: HeaderMap,
    form: Result<Form<UserRef>, FormRejection>,
) -> Response {
    let made = match form {
        Ok(Form(user)) => caller.make_password_link(user).await,
        Err(_) => Err(Fault::NotFound),
    };
    let refused = made.as_ref().err().cloned();
    let shown = Shown::Link(Handover(made));
    handed_over(&web, caller, headers, "/settings/people/link", (shown, refused)).await
}

/// The fields of the form that invites somebody.
#[derive(Debug, Deserialize)]
pub struct InviteForm {
    #[serde(default)]
    email: String,
    #[serde(default)]
    role: String,
    #[serde(default)]
    days: String,
}

/// `POST /invitations`: invites somebody and answers with the page that shows the link, if it has to be handed over.
pub async fn invite(
    State(web): State<WebState>,
    Extension(caller): Extension<Caller>,
    headers: HeaderMap,
    form: Result<Form<InviteForm>, FormRejection>,
) -> Response {
    let made = match form {
        Ok(Form(InviteForm { email, role, days })) => caller.invite(Invite { email, role, days }).await,
        Err(_) => Err(Fault::invalid("form", "the form could not be read")),
    };
    let refused = made.as_ref().err().cloned();
    let shown = Shown::Invitation(InvitationHandover(made));
    handed_over(&web, caller, headers, "/invitations", (shown, refused)).await
}

/// `POST /invitations/renew`: makes and sends a new link.
pub async fn renew_invitation(
    State(web): State<WebState>,
    Extension(caller): Extension<Caller>,
    headers: HeaderMap,
    form: Result<Form<InvitationRef>, FormRejection>,
) -> Response {
    let made = match form {
        Ok(Form(invitation)) => caller.renew_invitation(invitation).await,
        Err(_) => Err(Fault::NotFound),
    };
    let refused = made.as_ref().err().cloned();
    let shown = Shown::Invitation(InvitationHandover(made));
    handed_over(&web, caller, headers, "/invitations/renew", (shown, refused)).await
}

/// `POST /profile/tokens`: makes a token and answers with the page that shows it, this one time.
pub async fn make_token(
    State(web): State<WebState>,
    Extension(caller): Extension<Caller>,
    headers: HeaderMap,
    form: Result<Form<Vec<(String, String)>>, FormRejection>,
) -> Response {
    let made = match form {
        Ok(Form(fields)) => {
            let all = |name: &str| {
                let named = fields.iter().filter(|field| field.0 == name);
                named.map(|field| field.1.clone()).collect::<Vec<_>>()
            };
            let one = |name: &str| all(name).into_iter().next().unwrap_or_default();
            // What is no number is no number of days.
            let days = one("days").parse().unwrap_or_default();
            caller.make_token(MakeToken { name: one("name"), days, scopes: all("scopes") }).await
        }
        Err(_) => Err(Fault::invalid("form", "the form could not be read")),
    };
    let refused = made.as_ref().err().cloned();
    let shown = Shown::Token(TokenHandover(made));
    handed_over(&web, caller, headers, "/profile/tokens", (shown, refused)).await
}

/// A field of the page that sets up an authenticator app.
#[derive(Debug, Deserialize)]
pub struct CodeForm {
    #[serde(default)]
    code: SecretText,
}

/// `POST /profile/security/app`: checks the first code of an app and answers with the recovery codes, this one time.
pub async fn confirm_app(
    State(web): State<WebState>,
    Extension(caller): Extension<Caller>,
    headers: HeaderMap,
    form: Result<Form<CodeForm>, FormRejection>,
) -> Response {
    let made = match form {
        Ok(Form(form)) => caller.confirm_app(form.code).await,
        Err(_) => Err(Fault::invalid("code", "the form could not be read")),
    };
    let refused = made.as_ref().err().cloned();
    handed_over(&web, caller, headers, "/profile/security/app", (Shown::Codes(CodesHandover(made)), refused))
        .await
}

/// `POST /profile/security`: makes recovery codes and answers with the page that shows them, this one time.
pub async fn new_codes(
    State(web): State<WebState>,
    Extension(caller): Extension<Caller>,
    headers: HeaderMap,
) -> Response {
    let made = caller.new_recovery_codes().await;
    let refused = made.as_ref().err().cloned();
    handed_over(&web, caller, headers, "/profile/security", (Shown::Codes(CodesHandover(made)), refused))
        .await
}

async fn handed_over(
    web: &WebState,
    caller: Caller,
    headers: HeaderMap,
    path: &'static str,
    (shown, refused): (Shown, Option<Fault>),
) -> Response {
    if let Some(Fault::ProofNeeded) = refused {
        // These pages take a post at their own path or below the page that shows the form.
        let back = ["/add", "/link", "/renew"].iter().find_map(|end| path.strip_suffix(end)).unwrap_or(path);
        return answer::see_other(&confirm_path(back));
    }
    let mut request = Request::new(axum::body::Body::empty());
    *request.method_mut() = Method::GET;
    *request.uri_mut() = Uri::from_static(path);
    *request.headers_mut() = headers;
    let mut response = draw(web, caller, Some(shown), request).await;
    if let Some(status) = refused.as_ref().map(answer::status).filter(|_| response.status().is_success()) {
        *response.status_mut() = status;
    }
    response
}
