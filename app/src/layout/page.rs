//! How a page comes about: who asks is looked up, then its data, then the frame is drawn around the result.
//!
//! Pages call [`page`] and return a [`PageView`] or a `Fault`; sending the signed-out to the sign-in page, the
//! status of the answer and the look of every fault are decided here, once.

use std::{future::Future, str::FromStr, sync::Arc};

use domain::{Fault, Timestamp, access::Permission, id::Id};
use leptos::{prelude::*, server_fn::ServerFn};
use leptos_router::{hooks::use_location, location::Url, params::ParamsMap};

use crate::{
    access::{
        api::{Me, Setup},
        security_api::{CONFIRM_PATH, SECURITY_PATH},
    },
    layout::{fault::fault_view, frame, navigation::Place},
    port::{ApiError, Backend, backend, present},
    ui::form::Posted,
};

/// One request for a page.
#[derive(Clone)]
pub struct Visit {
    /// What the page may ask.
    pub backend: Arc<dyn Backend>,
    /// The present, if the server tells it.
    pub now: Option<Timestamp>,
    /// What the address says after `?`.
    pub query: ParamsMap,
    /// What the address says in its path.
    params: ParamsMap,
    /// Path and query, to come back to.
    here: String,
}

impl Visit {
    /// The current request.
    pub fn current() -> Result<Self, ApiError> {
        let location = use_location();
        let search = location.search.get_untracked();
        let question = if search.is_empty() { "" } else { "?" };
        Ok(Self {
            backend: backend()?,
            now: present(),
            query: query_of(&search),
            // The page of unknown addresses has none.
            params: use_context::<ArcMemo<ParamsMap>>()
                .map(|params| params.get_untracked())
                .unwrap_or_default(),
            here: format!("{}{question}{search}", location.pathname.get_untracked()),
        })
    }
    /// The id in the path. What is no id names nothing.
    pub fn id<T>(&self) -> Result<Id<T>, Fault> {
        self.params.get_str("id").and_then(|text| Id::from_str(text).ok()).ok_or(Fault::NotFound)
    }
    /// A part of the path, decoded.
    pub fn param(&self, name: &str) -> Option<&str> {
        self.params.get_str(name)
    }
    /// A filled-in field of the query.
    pub fn asked(&self, key: &str) -> Option<String> {
        self.query.get(key).map(|text| text.trim().to_owned()).filter(|text| !text.is_empty())
    }
    /// What became of the form that was posted to `F`, if the browser comes back from there.
    pub fn posted<F: ServerFn>(&self) -> Posted {
        Posted::find(&self.query, F::PATH)
    }
    /// A field of the query as it was sent, blanks included.
    pub fn asked_exactly(&self, key: &str) -> Option<String> {
        self.query.get(key)
    }
    /// Whether the browser comes back from having done `what`.
    pub fn has_done(&self, what: &str) -> bool {
        self.query.get_str("done") == Some(what)
    }
}

/// The fields of a query, decoded once. The router's own map decodes them twice and turns the name `%2F` into `/`.
fn query_of(search: &str) -> ParamsMap {
    let mut query = ParamsMap::new();
    for pair in search.trim_start_matches('?').split('&').filter(|pair| !pair.is_empty()) {
        let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
        // The map decodes what is put into it.
        query.insert(Url::unescape(&key.replace('+', " ")), value.replace('+', "%20"));
    }
    query
}

/// A page ready to be framed.
pub struct PageView {
    /// Its heading and the document's title.
    pub title: String,
    /// The way to it: name and path.
    pub crumbs: Vec<(String, String)>,
    /// Buttons beside the heading; one of them primary at most.
    pub actions: AnyView,
    /// The rest.
    pub body: AnyView,
}

impl PageView {
    /// A page without crumbs and actions.
    pub fn new(title: impl Into<String>, body: impl IntoAny) -> Self {
        Self { title: title.into(), crumbs: Vec::new(), actions: ().into_any(), body: body.into_any() }
    }
    /// Adds a step of the way to it.
    #[must_use]
    pub fn under(mut self, name: impl Into<String>, path: impl Into<String>) -> Self {
        self.crumbs.push((name.into(), path.into()));
        self
    }
    /// Sets the buttons.
    #[must_use]
    pub fn actions(mut self, actions: impl IntoAny) -> Self {
        self.actions = actions.into_any();
        self
    }
}

/// A page for people who are signed in.
pub fn page<Load, Loading>(place: Place, load: Load) -> AnyView
where
    Load: FnOnce(Visit, Me) -> Loading + Send + 'static,
    Loading: Future<Output = Result<PageView, Fault>> + Send + 'static,
{
    drawn(move |visit| async move {
        let me = match visit.backend.me().await {
            Ok(Some(me)) => me,
            Ok(None) => return go_to_sign_in(&visit).await,
            Err(fault) => return frame::narrow("Holdfast cannot answer", fault_view(&fault, None)),
        };
        if let Some(path) = factor_first(&me, &visit) {
            crate::redirect_to(path, ());
            return frame::narrow(
                "A second factor first",
                view! { <p><a href=path>"Set up a second factor"</a></p> }.into_any(),
            );
        }
        let now = visit.now;
        // A page is worth showing without the number beside one of its links.
        let waiting = visit.backend.approvals_waiting().await.unwrap_or(0);
        match load(visit, me.clone()).await {
            Ok(page) => frame::framed(place, &me, waiting, now, page),
            Err(Fault::Unauthenticated) => {
                crate::redirect_to("/sign-in", ());
                frame::narrow("Sign in", fault_view(&Fault::Unauthenticated, None))
            }
            Err(fault) => {
                set_status(fault.status());
                frame::framed(place, &me, waiting, now, fault_page(&fault, &me))
            }
        }
    })
}

/// A page that is open before a sign-in.
pub fn open_page<Load, Loading>(title: &'static str, load: Load) -> AnyView
where
    Load: FnOnce(Visit) -> Loading + Send + 'static,
    Loading: Future<Output = Result<AnyView, Fault>> + Send + 'static,
{
    drawn(move |visit| async move {
        let body = load(visit).await.unwrap_or_else(|fault| {
            set_status(fault.status());
            fault_view(&fault, None)
        });
        frame::narrow(title, body)
    })
}

fn drawn<Draw, Drawing>(draw: Draw) -> AnyView
where
    Draw: FnOnce(Visit) -> Drawing + Send + 'static,
    Drawing: Future<Output = AnyView> + Send + 'static,
{
    let drawing = match Visit::current() {
        Ok(visit) => draw(visit),
        Err(ApiError(fault)) => {
            set_status(fault.status());
            return frame::narrow("Holdfast cannot answer", fault_view(&fault, None));
        }
    };
    // Without `<Suspense>`: there is no fallback to show, the answer waits for the whole page.
    Suspend::new(drawing).into_any()
}

/// Where somebody is led who has to have a second factor by now and has none: setting one up is all that is open.
fn factor_first(me: &Me, visit: &Visit) -> Option<&'static str> {
    let is_over = me.second_factor_due.zip(visit.now).is_some_and(|(due, now)| due <= now);
    let is_open = [SECURITY_PATH, CONFIRM_PATH].iter().any(|path| visit.here.starts_with(path));
    (is_over && !is_open).then_some(SECURITY_PATH)
}

async fn go_to_sign_in(visit: &Visit) -> AnyView {
    let path = match visit.backend.setup().await {
        Ok(Setup::Needed) => "/setup".to_owned(),
        _ if visit.here == "/" => "/sign-in".to_owned(),
        _ => format!("/sign-in?next={}", Url::escape(&visit.here)),
    };
    crate::redirect_to(&path, ());
    frame::narrow("Sign in", view! { <p><a href=path>"Go to the sign-in page"</a></p> }.into_any())
}

fn fault_page(fault: &Fault, me: &Me) -> PageView {
    let title = match fault {
        Fault::NotFound => "Not found",
        Fault::Forbidden => "Not allowed",
        Fault::Unavailable { .. } => "Not available now",
        _ => "This page cannot be shown",
    };
    PageView::new(title, fault_view(fault, Some(me)))
}

/// Refuses a page that `me` may not see before it asks for anything.
pub fn require(me: &Me, permission: Permission) -> Result<(), Fault> {
    me.may(permission).then_some(()).ok_or(Fault::Forbidden)
}

/// Sets the status of the answer.
#[cfg_attr(not(feature = "ssr"), expect(unused_variables, reason = "only the server answers"))]
pub fn set_status(status: u16) {
    #[cfg(feature = "ssr")]
    if let (Some(response), Ok(status)) =
        (use_context::<leptos_axum::ResponseOptions>(), http::StatusCode::from_u16(status))
    {
        response.set_status(status);
    }
}
