//! One's own second factors.
//!
//! Recovery codes are shown in the answer to a post to this page itself: so they are shown once and are never part of
//! an address.

use domain::Fault;
use leptos::prelude::*;

use crate::{
    access::{
        passkeys,
        security_api::{OfferAppFn, RemoveAppFn, SecurityView},
    },
    layout::{
        navigation::Place,
        page::{PageView, Visit, page},
    },
    port::SecretText,
    ui::{
        badge::Tone,
        field::Field,
        form::{Posted, button_form, form},
        notice::notice,
        text::{code_block, count},
        time::when,
    },
};

/// What the server made of a post to `/profile/security` or `/profile/security/app`, put into the context when it
/// renders the answer.
#[derive(Clone)]
pub struct CodesHandover(pub Result<Vec<SecretText>, Fault>);

/// `/profile/security`
#[component]
pub fn SecurityPage() -> impl IntoView {
    let handover = use_context::<CodesHandover>();
    page(Place::Profile, move |visit, _| async move {
        let security = visit.backend.security().await?;
        let passkeys = visit.backend.passkeys().await?;
        let has_any = security.app_since.is_some() || !passkeys.is_empty();
        let (codes, posted) = shown(handover);
        let removed = visit.has_done("removed").then(|| {
            notice(Tone::Good, "The authenticator app is removed. Signing in no longer asks for its code.")
        });
        let body = view! {
            {removed}
            {visit.posted::<OfferAppFn>().summary()}
            {visit.posted::<RemoveAppFn>().summary()}
            {posted.summary()}
            {due(&visit, &security)}
            {codes}
            {app(&visit, &security)}
            {passkeys::panel(&visit, passkeys, visit.now)}
            {has_any.then(|| recovery(&security))}
        };
        Ok(PageView::new("Security", body).under("Your profile", "/profile"))
    })
}

/// `/profile/security/app`: the picture and the first code.
#[component]
pub fn AppPage() -> impl IntoView {
    let handover = use_context::<CodesHandover>();
    page(Place::Profile, move |visit, _| async move {
        let (codes, posted) = shown(handover);
        let body = if let Some(codes) = codes {
            view! {
                {notice(Tone::Good, "The app is set up. From now on signing in asks for its code.")}
                {codes}
                <p><a class="btn primary" href="/profile/security">"I have kept the codes"</a></p>
            }
            .into_any()
        } else {
            let offer = visit.backend.offered_app().await?;
            let fields = view! {
                {Field::text("app", "code", "Code that the app shows").plain().autocomplete("one-time-code").after(&posted).view()}
                <button class="btn primary">"Check it and set the app up"</button>
            };
            view! {
                <section class="panel">
                    <p>"Scan this with an authenticator app, or type the secret into it. Then enter the code that it shows."</p>
                    {picture(&offer.rows)}
                    {code_block("secret", &offer.secret.0)}
                    {form("/profile/security/app", &posted, fields)}
                </section>
            }
            .into_any()
        };
        Ok(PageView::new("Set up an authenticator app", body).under("Security", "/profile/security"))
    })
}

fn shown(handover: Option<CodesHandover>) -> (Option<AnyView>, Posted) {
    match handover {
        Some(CodesHandover(Ok(codes))) => (Some(codes_shown(&codes)), Posted::default()),
        Some(CodesHandover(Err(fault))) => (None, Posted::refused(fault)),
        None => (None, Posted::default()),
    }
}

fn codes_shown(codes: &[SecretText]) -> AnyView {
    let text = codes.iter().map(|code| code.0.as_str()).collect::<Vec<_>>().join("\n");
    view! {
        <section class="panel handover" aria-labelledby="handover">
            <header><h2 id="handover">"Recovery codes"</h2></header>
            <p>"Shown this one time. Each signs you in once without the app; older codes have ended. Keep them where you keep nothing else of this account."</p>
            {code_block("recovery codes", &text)}
        </section>
    }
    .into_any()
}

fn due(visit: &Visit, security: &SecurityView) -> Option<AnyView> {
    let due = security.due?;
    let is_over = visit.now.is_some_and(|now| due <= now);
    Some(if is_over {
        notice(
            Tone::Warn,
            "Your organisation asks for a second factor. Set one up below; then everything else is open again.",
        )
    } else {
        let text = view! { "Your organisation asks for a second factor, from "{when(due, visit.now)}" on. Set one up before." };
        notice(Tone::Warn, text)
    })
}

fn app(visit: &Visit, security: &SecurityView) -> AnyView {
    let body = match security.app_since {
        Some(since) => {
            let remove = if security.is_asked {
                view! { <p class="muted">"Your organisation asks you for a second factor, so it cannot be removed."</p> }.into_any()
            } else {
                button_form("/fn/access/remove_app", Vec::new(), "btn", "Remove it")
            };
            view! {
                <p>"Set up "{when(since, visit.now)}". Signing in asks for its code after your password."</p>
                {remove}
            }
            .into_any()
        }
        None => view! {
            <p>"With an authenticator app on your phone, a stolen password alone opens nothing."</p>
            {button_form("/fn/access/offer_app", Vec::new(), "btn primary", "Set up an authenticator app")}
        }
        .into_any(),
    };
    view! { <section class="panel"><header><h2>"Authenticator app"</h2></header>{body}</section> }.into_any()
}

fn recovery(security: &SecurityView) -> AnyView {
    let left = count(u64::from(security.codes_left), "code is left", "codes are left");
    view! {
        <section class="panel">
            <header><h2>"Recovery codes"</h2></header>
            <p>{left}". A code signs you in once when the app is not at hand; you are written to when one is used."</p>
            <form method="post" action="/profile/security" class="inline">
                <button class="btn">"Make new recovery codes"</button>
            </form>
        </section>
    }
    .into_any()
}

/// A picture to scan, dark on light whatever the theme, with the margin that scanners need.
fn picture(rows: &[Vec<bool>]) -> AnyView {
    let side = rows.len() + 8;
    let mut path = String::new();
    for (y, row) in rows.iter().enumerate() {
        for (x, _) in row.iter().enumerate().filter(|(_, is_dark)| **is_dark) {
            path.push_str(&format!("M{} {}h1v1h-1z", x + 4, y + 4));
        }
    }
    let (view_box, side) = (format!("0 0 {side} {side}"), side.to_string());
    view! {
        <svg class="scan" role="img" aria-label="Picture to scan with an authenticator app" viewBox=view_box
            width="240" height="240" shape-rendering="crispEdges">
            <rect width=side.clone() height=side fill="#fff" />
            <path d=path fill="#000" />
        </svg>
    }
    .into_any()
}
