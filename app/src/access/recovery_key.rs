//! First run, step two: the recovery key is shown, printed or stored, and typed back.

use leptos::prelude::*;

use crate::{
    access::{
        api::{ConfirmRecoveryKeyFn, Setup},
        setup::steps,
    },
    layout::page::open_page,
    ui::{badge::Tone, field::Field, form::form, notice::notice, text::code_block},
};

/// `/setup/recovery-key`
#[component]
pub fn RecoveryKeyPage() -> impl IntoView {
    open_page("Keep the recovery key", |visit| async move {
        // A fault here would be an answer of its own, and no redirect.
        let elsewhere = match visit.backend.setup().await? {
            Setup::Needed => Some("/setup"),
            Setup::RecoveryKeyUnconfirmed => None,
            Setup::Done => Some("/"),
        };
        if let Some(path) = elsewhere {
            crate::redirect_to(path, ());
            return Ok(view! { <p><a href=path>"Go on"</a></p> }.into_any());
        }
        let key = visit.backend.unconfirmed_recovery_key().await?;
        let posted = visit.posted::<ConfirmRecoveryKeyFn>();
        let fields = view! {
            {Field::text("recovery", "recovery_key", "Recovery key, typed back").after(&posted)
                .hint("Type it from the copy you made, not from this screen. Spaces do not matter.").view()}
            <button class="btn primary wide">"Check the key and finish"</button>
        };
        Ok(view! {
            {steps(1)}
            <p>"This key opens every backup when this server and its own keys are gone. It is shown now and never again; whoever holds it can read every backup."</p>
            {code_block("recovery key", &key.key.0)}
            <p>"Write this down beside it. It is no secret: it tells your backups from forged ones, because whoever can write into the vault could put backups of their own there, but cannot sign them with this key."</p>
            {code_block("fingerprint of the signing key", &key.signing_key)}
            {notice(Tone::Warn, "Print this page or write both down. Keep them away from this server and from the vaults, in two places.")}
            <div class="no-print">{form("/fn/access/confirm_recovery_key", &posted, fields)}</div>
        }
        .into_any())
    })
}
