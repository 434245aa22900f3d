//! Passkeys on the pages: the only thing here that cannot work without JavaScript, because only a script may ask a
//! browser for one. It is a small file of its own: the WebAssembly of the pages would grow by more than the whole.
//!
//! The forms are hidden until the script finds that the browser can; it fills the field that the form then posts.

use domain::Timestamp;
use leptos::prelude::*;

use crate::{
    access::passkeys_api::{AddPasskeyFn, PasskeyView, RemovePasskeyFn, UsePasskeyFn},
    layout::page::Visit,
    ui::{
        badge::Tone,
        empty::empty,
        field::{Field, hidden},
        form::button_form,
        notice::notice,
        table::Table,
        text::name,
        time::{when, when_or},
    },
};

/// Where the script is served.
pub const SCRIPT_PATH: &str = "/passkey.js";

fn script() -> AnyView {
    // Pages are drawn by the server only, and only there scripts have a nonce.
    #[cfg(feature = "ssr")]
    let nonce = leptos::nonce::use_nonce().map(|nonce| nonce.to_string());
    #[cfg(not(feature = "ssr"))]
    let nonce = None::<String>;
    view! { <script src=SCRIPT_PATH nonce=nonce defer="defer"></script> }.into_any()
}

/// The button that uses a passkey, and where it leads.
pub fn use_button(visit: &Visit, label: &'static str, next: Option<String>) -> AnyView {
    let posted = visit.posted::<UsePasskeyFn>();
    view! {
        {posted.summary()}
        <form method="post" action="/fn/access/use_passkey" data-passkey="/fn/access/ask_passkey" class="form" hidden=true>
            {next.map(|next| hidden("next", crate::local_path(Some(&next))))}
            {hidden("credential", "")}
            <button class="btn wide">{label}</button>
            <p class="error" role="alert" hidden=true>"The browser gave no passkey. Try again, or go on without one."</p>
        </form>
        <noscript><p class="muted small">"Passkeys need JavaScript; everything else here works without."</p></noscript>
        {script()}
    }
    .into_any()
}

/// One's own passkeys, and the form that adds one.
pub fn panel(visit: &Visit, passkeys: Vec<PasskeyView>, now: Option<Timestamp>) -> AnyView {
    let done = visit.has_done("passkey").then(|| {
        notice(
            Tone::Good,
            "The passkey is added. Make recovery codes below if you have none: a device can be lost.",
        )
    });
    let removed = visit.has_done("passkey_removed").then(|| notice(Tone::Good, "The passkey is removed."));
    let posted = visit.posted::<AddPasskeyFn>();
    let list = if passkeys.is_empty() {
        empty(
            "No passkey yet",
            "A passkey lies in your phone, your computer or a security key, and works on this site only.",
        )
    } else {
        table_of(passkeys, now)
    };
    view! {
        {done}
        {removed}
        {visit.posted::<RemovePasskeyFn>().summary()}
        <section class="panel">
            <header><h2>"Passkeys"</h2></header>
            {list}
            {posted.summary()}
            <form method="post" action="/fn/access/add_passkey" data-passkey="/fn/access/begin_passkey" class="form" hidden=true>
                {Field::text("passkey", "name", "Name of the passkey").hint("The device that it lies in.").after(&posted).view()}
                {hidden("credential", "")}
                <button class="btn">"Add a passkey"</button>
                <p class="error" role="alert" hidden=true>"The browser made no passkey. If you confirm your identity first, it may work."</p>
            </form>
            <noscript><p class="muted small">"Passkeys need JavaScript; everything else here works without."</p></noscript>
            {script()}
        </section>
    }
    .into_any()
}

fn table_of(passkeys: Vec<PasskeyView>, now: Option<Timestamp>) -> AnyView {
    let table = Table::new("Your passkeys").lead("Name").text("Added").text("Last used").text("Remove");
    let rows = table.rows(passkeys, |passkey| {
        let fields = vec![("request[id]", passkey.id.clone())];
        vec![
            name(&passkey.name),
            when(passkey.created_at, now),
            when_or(passkey.last_used_at, now, "never"),
            button_form("/fn/access/remove_passkey", fields, "btn", "Remove"),
        ]
    });
    rows.view()
}
