//! Pages, drawn by Leptos.

use std::sync::Arc;

use app::{
    access::{
        api::{AccessPort, AddUser, PasswordLink, UserRef},
        people::Handover,
    },
    port::{BackendHandle, Present},
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

async fn draw(
    web: &WebState,
    caller: Caller,
    handover: Option<Result<PasswordLink, Fault>>,
    mut request: Request,
) -> Response {
    // Whatever asks for a page gets one, and is sent to the sign-in page as a browser is.
    request.headers_mut().insert(header::ACCEPT, HeaderValue::from_static("text/html"));
    let provide = context(web, caller);
    let options = web.leptos.clone();
    let handler = render_app_async_with_context(
        move || {
            provide();
            if let Some(handover) = handover.clone() {
                provide_context(Handover(handover));
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
    handed_over(&web, caller, headers, "/settings/people/add", made).await
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
    handed_over(&web, caller, headers, "/settings/people/link", made).await
}

async fn handed_over(
    web: &WebState,
    caller: Caller,
    headers: HeaderMap,
    path: &'static str,
    made: Result<PasswordLink, Fault>,
) -> Response {
    let refused = made.as_ref().err().map(answer::status);
    let mut request = Request::new(axum::body::Body::empty());
    *request.method_mut() = Method::GET;
    *request.uri_mut() = Uri::from_static(path);
    *request.headers_mut() = headers;
    let mut response = draw(web, caller, Some(made), request).await;
    if let Some(status) = refused.filter(|_| response.status().is_success()) {
        *response.status_mut() = status;
    }
    response
}
