//! Forms that post to server functions, and what a refused one says when the browser comes back.
//!
//! Without JavaScript a refused post is answered by a redirect to the page it came from, with the fault in the
//! query (`__path`, `__err`). The fault never holds what was entered, so no password can get into an address.

use domain::{Fault, fault::FieldFault};
use leptos::{prelude::*, server_fn::error::ServerFnUrlError};
use leptos_router::params::ParamsMap;

use crate::{
    layout::fault::{advice, sentence},
    port::ApiError,
    ui::{badge::Tone, notice::notice, text::visible},
};

/// What became of a posted form.
#[derive(Debug, Clone, Default)]
pub struct Posted {
    fault: Option<Fault>,
}

impl Posted {
    /// What the query says about the server function at `path`.
    pub fn find(query: &ParamsMap, path: &str) -> Self {
        let fault = (query.get_str("__path") == Some(path)).then(|| query.get_str("__err")).flatten();
        Self { fault: fault.map(|text| ServerFnUrlError::<ApiError>::decode_err(text).0) }
    }
    /// A form that was answered at once, without a redirect.
    pub const fn refused(fault: Fault) -> Self {
        Self { fault: Some(fault) }
    }
    /// What is wrong with one field.
    pub fn about(&self, field: &str) -> Option<String> {
        let Some(Fault::Invalid(fields)) = &self.fault else { return None };
        fields.iter().find(|fault| is_about(fault, field)).map(|fault| visible(&fault.message))
    }
    /// Whether it was refused.
    pub const fn is_refused(&self) -> bool {
        self.fault.is_some()
    }
    /// The fault above the form, with what to do about it.
    pub fn summary(&self) -> AnyView {
        let Some(fault) = &self.fault else { return ().into_any() };
        let text = view! { <p><b>{sentence(fault)}</b></p><p>{advice(fault, None)}</p> };
        // The page begins anew at its top: whoever sent the form is brought to what it says.
        view! { <div class="refusal" tabindex="-1" autofocus=true>{notice(Tone::Bad, text)}</div> }.into_any()
    }
}

fn is_about(fault: &FieldFault, field: &str) -> bool {
    fault.field == field || fault.field.strip_prefix("request.") == Some(field)
}

/// A form that posts to the server function at `path`.
pub fn form(path: &'static str, posted: &Posted, body: impl IntoAny) -> AnyView {
    view! {
        <form method="post" action=path class="form" data-keep=path>
            {posted.summary()}
            {body.into_any()}
        </form>
    }
    .into_any()
}

/// A single button that posts: the fields go along unseen.
pub fn button_form(
    path: &'static str,
    fields: Vec<(&'static str, String)>,
    class: &'static str,
    label: impl Into<String>,
) -> AnyView {
    let fields =
        fields.into_iter().map(|(name, value)| view! { <input type="hidden" name=name value=value /> });
    view! {
        <form method="post" action=path class="inline">
            {fields.collect_view()}
            <button class=class>{label.into()}</button>
        </form>
    }
    .into_any()
}
