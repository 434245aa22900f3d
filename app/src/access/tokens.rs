//! One's own tokens.
//!
//! Making one is a post to this page itself, answered with the page that shows the secret: so it is shown once and is
//! never part of an address.

use domain::{Fault, Timestamp};
use leptos::prelude::*;

use crate::{
    access::{
        api::Me,
        tokens_api::{MadeToken, RevokeTokenFn, TokenView},
    },
    layout::{
        navigation::Place,
        page::{PageView, Visit, page},
    },
    ui::{
        badge::{Tone, badge},
        choice::{Way, boxes},
        empty::empty,
        field::Field,
        form::{Posted, button_form, form},
        notice::notice,
        table::Table,
        text::{code_block, name, visible},
        time::{when, when_or},
    },
};

/// What the server made of a post to `/profile/tokens`, put into the context when it renders the answer.
#[derive(Clone)]
pub struct TokenHandover(pub Result<MadeToken, Fault>);

/// `/profile/tokens`
#[component]
pub fn TokensPage() -> impl IntoView {
    let handover = use_context::<TokenHandover>();
    page(Place::Profile, move |visit, me| async move {
        let tokens = visit.backend.own_tokens().await?;
        let (shown, posted) = match handover {
            Some(TokenHandover(Ok(made))) => (Some(secret_shown(&visit, &made)), Posted::default()),
            Some(TokenHandover(Err(fault))) => (None, Posted::refused(fault)),
            None => (None, Posted::default()),
        };
        let revoked = visit.posted::<RevokeTokenFn>();
        let done = visit
            .has_done("revoked")
            .then(|| notice(Tone::Good, "Revoked. Whatever used this token is refused from now on."));
        let list = if tokens.is_empty() {
            empty("No token yet", "A program needs one to use the API for you. Make the first one below.")
        } else {
            table_of(tokens, visit.now)
        };
        let body = view! {
            {done}
            {revoked.summary()}
            {shown}
            <section class="panel">{list}</section>
            {make_form(&me, &posted)}
        };
        Ok(PageView::new("Your tokens", body).under("Your profile", "/profile"))
    })
}

fn secret_shown(visit: &Visit, made: &MadeToken) -> AnyView {
    view! {
        <section class="panel handover" aria-labelledby="handover">
            <header><h2 id="handover">"Token "{name(&made.name)}</h2></header>
            <p>"Shown this one time. Store it where your program keeps its secrets; it is good until "
                {when(made.expires_at, visit.now)}"."</p>
            {code_block("token", &made.secret.0)}
        </section>
    }
    .into_any()
}

fn table_of(tokens: Vec<TokenView>, now: Option<Timestamp>) -> AnyView {
    let table = Table::new("Your tokens").lead("Name").state("State").text("Begins with").text("May");
    let table = table.text("Last used").text("Ends").text("Revoke");
    let rows = table.rows(tokens, |token| {
        let is_over = now.is_some_and(|now| token.expires_at <= now);
        let (tone, state) = match token.revoked_at {
            Some(_) => (Tone::Bad, "Revoked"),
            None if is_over => (Tone::Info, "Ended"),
            None => (Tone::Good, "Active"),
        };
        let revoke = (token.revoked_at.is_none() && !is_over).then(|| {
            let fields = vec![("request[id]", token.id.to_string())];
            button_form("/fn/access/revoke_token", fields, "btn", "Revoke")
        });
        vec![
            name(&token.name),
            badge(tone, state),
            view! { <code>{visible(&token.prefix)}"…"</code> }.into_any(),
            token.scopes.iter().map(|scope| spaced(scope)).collect::<Vec<_>>().join(", ").into_any(),
            when_or(token.last_used_at, now, "never"),
            when(token.expires_at, now),
            revoke.into_any(),
        ]
    });
    rows.view()
}

fn make_form(me: &Me, posted: &Posted) -> AnyView {
    let days = [("7", "7 days"), ("30", "30 days"), ("90", "90 days"), ("365", "A year")];
    let days = days.iter().map(|(value, label)| ((*value).to_owned(), (*label).to_owned())).collect();
    let may = me.powers.permissions.iter();
    let may = may.map(|permission| Way::new(permission.name(), spaced(permission.name()))).collect();
    let fields = view! {
        <div class="columns">
            {Field::text("make", "name", "Name").plain().hint("The program that will use it.").after(posted).view()}
            {Field::choice("make", "days", "Good for", days).plain().value("30").after(posted).view()}
        </div>
        {boxes("make", "scopes", "It may", may, posted.about("scopes"))}
        <button class="btn primary">"Make this token"</button>
    };
    view! {
        <section class="panel" id="make">
            <header><h2>"Make a token"</h2></header>
            <p class="muted">"It acts for you in "{name(&me.tenant)}", never does more than you may, and ends when your account does. "
                <a href="/api/v1/docs">"What the API offers"</a></p>
            {form("/profile/tokens", posted, fields)}
        </section>
    }
    .into_any()
}

/// `ReadBackups` as `Read backups`.
fn spaced(name: &str) -> String {
    let mut text = String::new();
    for letter in name.chars() {
        if letter.is_ascii_uppercase() && !text.is_empty() {
            text.push(' ');
            text.push(letter.to_ascii_lowercase());
        } else {
            text.push(letter);
        }
    }
    text
}
