//! Proving once more who one is, before something dangerous. A refused form leads here and back.

use leptos::prelude::*;

use crate::{
    access::{
        passkeys,
        security_api::{ConfirmIdentityFn, ProofAsked},
    },
    layout::{
        navigation::Place,
        page::{PageView, page},
    },
    ui::{
        field::{Field, hidden},
        form::form,
    },
};

/// `/confirm-identity?return=…`
#[component]
pub fn ConfirmIdentityPage() -> impl IntoView {
    page(Place::Profile, |visit, _| async move {
        let posted = visit.posted::<ConfirmIdentityFn>();
        let back = crate::local_path(visit.asked("return").as_deref());
        let has_passkey = !visit.backend.passkeys().await?.is_empty();
        let by_passkey =
            has_passkey.then(|| passkeys::use_button(&visit, "Confirm with a passkey", Some(back.clone())));
        let field = match visit.backend.proof_asked().await? {
            ProofAsked::Code => Field::password("confirm", "proof", "Code")
                .autocomplete("one-time-code")
                .hint("Of your authenticator app, or one of your recovery codes."),
            ProofAsked::Password => Field::password("confirm", "proof", "Your password")
                .autocomplete("current-password")
                .hint("With an authenticator app you would be asked for its code instead."),
        };
        let fields = view! {
            {hidden("back", back.clone())}
            {field.after(&posted).view()}
            <button class="btn primary">"Confirm and go back"</button>
        };
        let body = view! {
            <section class="panel">
                <p>"What you were about to do can take data away, change live data or weaken what protects it. Nothing was done yet."</p>
                {by_passkey}
                {form("/fn/access/confirm_identity", &posted, fields)}
                <p class="muted">"This holds for ten minutes. Afterwards, send the form again. "<a href=back>"Back without confirming"</a></p>
            </section>
        };
        Ok(PageView::new("Confirm that it is you", body))
    })
}
