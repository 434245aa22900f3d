//! What just happened, said once at the top of the page it concerns.

use leptos::prelude::*;

use crate::ui::badge::Tone;

/// A notice; read out at once if it is bad, politely if not.
pub fn notice(tone: Tone, text: impl IntoAny) -> AnyView {
    let role = if tone == Tone::Bad { "alert" } else { "status" };
    view! {
        <div class=format!("notice {}", tone.class()) role=role>
            <span class="sign" aria-hidden="true">{tone.sign()}</span>
            <div>{text.into_any()}</div>
        </div>
    }
    .into_any()
}
