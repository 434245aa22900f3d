//! What a reader sees instead of a page: what happened, and what to do about it.

use domain::Fault;
use leptos::prelude::*;

use crate::{
    access::api::Me,
    layout::{
        navigation::Place,
        page::{PageView, page, set_status},
    },
    ui::text::visible,
};

/// A fault in place of content.
pub fn fault_view(fault: &Fault, me: Option<&Me>) -> AnyView {
    let (tone, sign) = match fault {
        Fault::NotFound | Fault::Unauthenticated => ("info", "?"),
        Fault::Forbidden
        | Fault::ProofNeeded
        | Fault::SecondFactorNeeded
        | Fault::RateLimited { .. }
        | Fault::Busy { .. } => ("warn", "!"),
        _ => ("bad", "✕"),
    };
    view! {
        <div class="panel answer" role="alert">
            <div class=format!("dot {tone}") aria-hidden="true">{sign}</div>
            <div>
                <p class="big">{sentence(fault)}</p>
                <p class="muted">{advice(fault, me)}</p>
                <p class="small"><a href="/">"Back to the overview"</a></p>
            </div>
        </div>
    }
    .into_any()
}

/// A fault as a sentence.
pub fn sentence(fault: &Fault) -> String {
    capitalised(&fault.to_string()) + "."
}

/// Words as the beginning of a sentence, made visible.
pub fn capitalised(words: &str) -> String {
    let text = visible(words);
    let mut letters = text.chars();
    let first = letters.next().map(|first| first.to_uppercase().collect::<String>()).unwrap_or_default();
    first + letters.as_str()
}

/// What to do about a fault.
pub fn advice(fault: &Fault, me: Option<&Me>) -> String {
    match fault {
        Fault::Unauthenticated => "Sign in; afterwards you come back here.".into(),
        Fault::NotFound => {
            "It may have been removed, or it belongs to another organisation. Check the address.".into()
        }
        Fault::Forbidden => match me {
            Some(me) => format!(
                "You are signed in as {}. Ask a tenant admin of your organisation for the role you need.",
                visible(&me.titles())
            ),
            None => "Ask a tenant admin of your organisation for the role you need.".into(),
        },
        Fault::ProofNeeded => {
            "Nothing was changed. Confirm that it is you; if you have done so by now, send it once more."
                .into()
        }
        Fault::SecondFactorNeeded => {
            "Set one up in your profile, under Security; then everything is open.".into()
        }
        Fault::Invalid(fields) => {
            fields.iter().map(|fault| visible(&fault.message)).collect::<Vec<_>>().join(" · ")
        }
        Fault::Conflict => "Load the page again and repeat your change on what it shows then.".into(),
        Fault::Refused(refusal) => refusal.hint().into(),
        Fault::RateLimited { .. } | Fault::Busy { .. } => "Nothing was changed. Waiting is enough.".into(),
        Fault::Unavailable { .. } => {
            "Nothing was changed. If it lasts, run `holdfast doctor` on the server.".into()
        }
        Fault::Internal { .. } => {
            "Give this number to whoever reads the server's log; trying again may help.".into()
        }
    }
}

/// What stands under an address that names no page.
#[component]
pub fn NotFoundPage() -> impl IntoView {
    set_status(404);
    page(Place::Profile, |_, me| async move {
        set_status(404);
        Ok(PageView::new("Not found", fault_view(&Fault::NotFound, Some(&me))))
    })
}
