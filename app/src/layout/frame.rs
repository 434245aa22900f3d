//! The frame around a page of a person who is signed in: rail, top bar, heading, content.

use domain::Timestamp;
use leptos::prelude::*;
use leptos_meta::Title;

use crate::{
    access::api::Me,
    layout::{
        appearance::AppearanceSwitch,
        navigation::{Place, links},
        page::PageView,
    },
    ui::{
        browser::{CopyButtons, FormMemory},
        text::visible,
    },
};

/// The sign of the product: an anchor.
pub fn brand() -> impl IntoView {
    view! {
        <span class="brand">
            <svg width="22" height="22" viewBox="0 0 24 24" aria-hidden="true">
                <path d="M12 2v9m0 0c-4 0-7 2-7 6m7-6c4 0 7 2 7 6m-7-6v11M5 17c0 2 1 4 3 5m11-5c0 2-1 4-3 5" />
            </svg>
            "Holdfast"
        </span>
    }
}

/// The document's title. The renderer writes it between its tags as it is, so markup is taken out of it here.
fn document_title(title: &str) -> String {
    let escaped = visible(title).replace('&', "&amp;").replace('<', "&lt;");
    format!("{escaped} · Holdfast")
}

/// Frame and content of a page.
pub fn framed(place: Place, me: &Me, waiting: u64, now: Option<Timestamp>, page: PageView) -> AnyView {
    let title = document_title(&page.title);
    let crumbs =
        page.crumbs.into_iter().map(|(name, path)| view! { <li><a href=path>{visible(&name)}</a></li> });
    let crumbs = crumbs.collect::<Vec<_>>();
    let crumbs = (!crumbs.is_empty()).then(|| {
        view! { <nav class="crumbs" aria-label="Breadcrumb"><ol>{crumbs}</ol></nav> }
    });
    let clock = now.map(|now| {
        view! { <time class="muted clock" datetime=now.rfc3339()>{now.utc().format("%a %-d %b %Y, %H:%M UTC").to_string()}</time> }
    });
    view! {
        <Title text=title />
        <a class="skip" href="#content">"Skip to the content"</a>
        <div class="frame">
            <div class="rail">
                <nav aria-label="Main">
                    <a class="home" href="/" aria-label="Holdfast, overview">{brand()}</a>
                    {links(place, me, waiting)}
                </nav>
            </div>
            <div class="stage">
                <header class="top">
                    <details class="menu">
                        <summary><span aria-hidden="true">"☰"</span>" Menu"</summary>
                        <nav aria-label="Menu">{links(place, me, waiting)}</nav>
                    </details>
                    {organisation(me)}
                    {clock}
                    <details class="me">
                        <summary><span class="visually-hidden">"Your account: "</span><bdi>{visible(&me.name)}</bdi></summary>
                        <div class="sheet">
                            <p><bdi><b>{visible(&me.name)}</b></bdi><br /><span class="muted small">{visible(&me.titles())}</span></p>
                            <p><a href="/profile">"Your profile"</a></p>
                            <AppearanceSwitch />
                            <form method="post" action="/fn/access/sign_out">
                                <button class="btn">"Sign out"</button>
                            </form>
                        </div>
                    </details>
                </header>
                <main id="content" tabindex="-1">
                    <div class="head">
                        <div>{crumbs}<h1>{visible(&page.title)}</h1></div>
                        <div class="actions">{page.actions}</div>
                    </div>
                    {page.body}
                </main>
            </div>
        </div>
        <CopyButtons />
        <FormMemory />
    }
    .into_any()
}

/// The organisation at work; for whoever has several, with the way to the others.
fn organisation(me: &Me) -> AnyView {
    let here = view! {
        <span class="scope"><span class="visually-hidden">"Organisation: "</span><bdi>{visible(&me.tenant)}</bdi></span>
    };
    if me.organisations.len() < 2 {
        return here.into_any();
    }
    let others = me.organisations.iter().filter(|other| other.id != me.tenant_id).map(|other| {
        view! {
            <form method="post" action="/fn/access/choose_organisation">
                <input type="hidden" name="request[id]" value=other.id.to_string() />
                <button class="btn">"Work in "<bdi>{visible(&other.name)}</bdi></button>
            </form>
        }
    });
    view! {
        <details class="organisations">
            <summary>{here}</summary>
            <div class="sheet">{others.collect_view()}</div>
        </details>
    }
    .into_any()
}

/// The narrow frame of pages before a sign-in.
pub fn narrow(title: &str, body: AnyView) -> AnyView {
    view! {
        <Title text=document_title(title) />
        <main class="narrow" id="content">
            <div class="card">
                {brand()}
                <h1>{title.to_owned()}</h1>
                {body}
            </div>
            <AppearanceSwitch />
        </main>
        <CopyButtons />
        <FormMemory />
    }
    .into_any()
}
