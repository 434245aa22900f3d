//! One's own sessions, as the profile page lists them.

use domain::Timestamp;
use leptos::prelude::*;

use crate::{
    access::api::SessionView,
    ui::{
        badge::{Tone, badge},
        form::button_form,
        table::Table,
        text::visible,
        time::when,
    },
};

/// The panel with the list, and the buttons that end them.
pub fn panel(sessions: Vec<SessionView>, now: Option<Timestamp>) -> AnyView {
    let others = sessions.iter().filter(|session| !session.is_this).count();
    let table = Table::new("Your sessions").lead("Browser").state("State").text("Signed in");
    let table = table.text("Last seen").text("From").text("End it");
    let rows = table.rows(sessions, |session| {
        let state = if session.is_this { badge(Tone::Good, "This one") } else { badge(Tone::Info, "Open") };
        let agent = session.agent.as_deref().unwrap_or_default();
        let end = match &session.handle {
            _ if session.is_this => button_form("/fn/access/sign_out", Vec::new(), "btn", "Sign out"),
            Some(handle) => {
                let fields = vec![("request[handle]", handle.clone())];
                button_form("/fn/access/end_session", fields, "btn", "End")
            }
            None => ().into_any(),
        };
        let from = session.address.as_deref().map_or_else(|| "unknown".to_owned(), visible);
        vec![
            view! { <span title=visible(agent)>{browser_of(agent)}</span> }.into_any(),
            state,
            when(session.signed_in_at, now),
            when(session.seen_at, now),
            from.into_any(),
            end,
        ]
    });
    let end_others = (others > 0)
        .then(|| button_form("/fn/access/end_other_sessions", Vec::new(), "btn", "End all others"));
    view! {
        <section class="panel">
            <header><h2>"Sessions"</h2></header>
            {rows.view()}
            <p class="muted">"End every session that is not yours, then change your password: that ends all others too."</p>
            {end_others}
        </section>
    }
    .into_any()
}

/// Browser and system in words. What a browser calls itself is long, and half of it is not true.
fn browser_of(agent: &str) -> String {
    let find = |words: &[(&str, &'static str)]| {
        words.iter().find(|(word, _)| agent.contains(word)).map(|(_, title)| *title)
    };
    let browser = find(&[
        ("Edg", "Edge"),
        ("OPR/", "Opera"),
        ("Firefox/", "Firefox"),
        ("Chrome/", "Chrome"),
        ("Safari/", "Safari"),
        ("curl/", "curl"),
    ]);
    let system = find(&[
        ("Android", "Android"),
        ("iPhone", "iOS"),
        ("iPad", "iPadOS"),
        ("Windows", "Windows"),
        ("Mac OS X", "macOS"),
        ("Linux", "Linux"),
    ]);
    match (browser, system) {
        (Some(browser), Some(system)) => format!("{browser} on {system}"),
        (Some(one), None) | (None, Some(one)) => one.to_owned(),
        (None, None) => "Unknown browser".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::browser_of;

    #[test]
    fn a_browser_is_recognised_by_what_only_it_says() {
        let edge = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0 Safari/537.36 Edg/126.0";
        assert_eq!(browser_of(edge), "Edge on Windows");
        assert_eq!(
            browser_of("Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0"),
            "Firefox on Linux"
        );
        assert_eq!(browser_of(""), "Unknown browser");
    }
}
