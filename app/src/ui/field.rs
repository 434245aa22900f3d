//! Form fields: label, hint and what is wrong, tied together for whoever hears instead of sees.

use leptos::prelude::*;

use crate::ui::form::Posted;

/// One field of a form.
#[must_use]
pub struct Field {
    id: String,
    name: &'static str,
    label: &'static str,
    kind: &'static str,
    value: String,
    hint: Option<AnyView>,
    error: Option<String>,
    autocomplete: &'static str,
    required: bool,
    minlength: Option<&'static str>,
    choices: Vec<(String, String)>,
    is_plain: bool,
}

impl Field {
    /// A line of text, posted as `request[name]`.
    pub fn text(form: &str, name: &'static str, label: &'static str) -> Self {
        Self {
            id: format!("{form}-{name}"),
            name,
            label,
            kind: "text",
            value: String::new(),
            hint: None,
            error: None,
            autocomplete: "off",
            required: true,
            minlength: None,
            choices: Vec::new(),
            is_plain: false,
        }
    }
    /// A field that is not shown while typing and never filled in again.
    pub fn password(form: &str, name: &'static str, label: &'static str) -> Self {
        Self { kind: "password", autocomplete: "new-password", ..Self::text(form, name, label) }
    }
    /// One of several values: value and label.
    pub fn choice(
        form: &str,
        name: &'static str,
        label: &'static str,
        choices: Vec<(String, String)>,
    ) -> Self {
        Self { kind: "select", choices, ..Self::text(form, name, label) }
    }
    /// Several lines of text, posted as `request[name]`.
    pub fn lines(form: &str, name: &'static str, label: &'static str) -> Self {
        Self { kind: "lines", ..Self::text(form, name, label) }
    }
    /// A kind of input other than text: `email`, `number`, `url`.
    pub const fn kind(mut self, kind: &'static str) -> Self {
        self.kind = kind;
        self
    }
    /// What it holds at first.
    pub fn value(mut self, value: impl Into<String>) -> Self {
        self.value = value.into();
        self
    }
    /// What helps to fill it in.
    pub fn hint(mut self, hint: impl IntoAny) -> Self {
        self.hint = Some(hint.into_any());
        self
    }
    /// What the browser may fill in.
    pub const fn autocomplete(mut self, value: &'static str) -> Self {
        self.autocomplete = value;
        self
    }
    /// May be left empty.
    pub const fn optional(mut self) -> Self {
        self.required = false;
        self
    }
    /// At least so many characters.
    pub const fn at_least(mut self, characters: &'static str) -> Self {
        self.minlength = Some(characters);
        self
    }
    /// Posted under its own name, for routes that are not server functions.
    pub const fn plain(mut self) -> Self {
        self.is_plain = true;
        self
    }
    /// What was wrong with it.
    pub fn after(mut self, posted: &Posted) -> Self {
        self.error = posted.about(self.name);
        self
    }
    /// The finished field.
    pub fn view(self) -> AnyView {
        let (hint_id, error_id) = (format!("{}-hint", self.id), format!("{}-error", self.id));
        let described = [(self.hint.is_some(), &hint_id), (self.error.is_some(), &error_id)];
        let described = described
            .iter()
            .filter(|(is_there, _)| *is_there)
            .map(|(_, id)| id.as_str())
            .collect::<Vec<_>>()
            .join(" ");
        let described = (!described.is_empty()).then_some(described);
        let invalid = self.error.is_some().then_some("true");
        let name = if self.is_plain { self.name.to_owned() } else { format!("request[{}]", self.name) };
        let control = if self.kind == "select" {
            let options = self.choices.into_iter().map(|(value, label)| {
                let selected = value == self.value;
                view! { <option value=value selected=selected>{label}</option> }
            });
            view! {
                <select id=self.id.clone() name=name aria-describedby=described aria-invalid=invalid>{options.collect_view()}</select>
            }
            .into_any()
        } else if self.kind == "lines" {
            let rows = self.value.lines().count().clamp(3, 10).to_string();
            // The renderer writes the text of this element as it is, so markup is taken out of it here. A line break
            // at the very beginning is not part of it.
            let value = format!("\n{}", self.value.replace('&', "&amp;").replace('<', "&lt;"));
            view! {
                <textarea id=self.id.clone() name=name rows=rows required=self.required aria-describedby=described
                    aria-invalid=invalid spellcheck="false" autocapitalize="off">{value}</textarea>
            }
            .into_any()
        } else {
            view! {
                <input id=self.id.clone() name=name type=self.kind value=self.value required=self.required
                    autocomplete=self.autocomplete minlength=self.minlength
                    aria-describedby=described aria-invalid=invalid spellcheck="false" autocapitalize="off" />
            }
            .into_any()
        };
        let optional = (!self.required).then(|| view! { <span class="muted">" (optional)"</span> });
        view! {
            <div class="field">
                <label for=self.id>{self.label}{optional}</label>
                {control}
                {self.hint.map(|hint| view! { <p class="hint" id=hint_id>{hint}</p> })}
                {self.error.map(|error| view! { <p class="error" id=error_id><span aria-hidden="true">"✕ "</span>{error}</p> })}
            </div>
        }
        .into_any()
    }
}

/// A box to tick, posted as `request[name]=true`.
pub fn tick(form: &str, name: &'static str, label: &'static str, is_ticked: bool) -> AnyView {
    let id = format!("{form}-{name}");
    view! {
        <div class="field tick">
            <input type="checkbox" id=id.clone() name=format!("request[{name}]") value="true" checked=is_ticked />
            <label for=id>{label}</label>
        </div>
    }
    .into_any()
}

/// A value that goes along unseen, posted as `request[name]`.
pub fn hidden(name: &'static str, value: impl Into<String>) -> AnyView {
    view! { <input type="hidden" name=format!("request[{name}]") value=value.into() /> }.into_any()
}
