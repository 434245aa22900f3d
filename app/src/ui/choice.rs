//! One of a few ways, each with what it means beside it; and boxes to tick several of one kind.

use leptos::prelude::*;

/// Boxes that stand in one column; more are set in several.
const IN_A_COLUMN: usize = 12;

/// One way of a [`Choice`], or one box of [`boxes`].
pub struct Way {
    value: String,
    label: AnyView,
    hint: Option<AnyView>,
    is_chosen: bool,
    is_possible: bool,
}

impl Way {
    /// A way sent as `value`.
    pub fn new(value: impl Into<String>, label: impl IntoAny) -> Self {
        Self { value: value.into(), label: label.into_any(), hint: None, is_chosen: false, is_possible: true }
    }
    /// What it means.
    #[must_use]
    pub fn hint(mut self, hint: impl IntoAny) -> Self {
        self.hint = Some(hint.into_any());
        self
    }
    /// Whether it is chosen at first.
    #[must_use]
    pub const fn chosen(mut self, is_chosen: bool) -> Self {
        self.is_chosen = is_chosen;
        self
    }
    /// Whether it can be chosen.
    #[must_use]
    pub const fn possible(mut self, is_possible: bool) -> Self {
        self.is_possible = is_possible;
        self
    }
    fn view(self, kind: &'static str, id: String, name: String) -> AnyView {
        let hint_id = format!("{id}-hint");
        let described = self.hint.is_some().then(|| hint_id.clone());
        view! {
            <div class="way">
                <input type=kind id=id.clone() name=name value=self.value checked=self.is_chosen
                    disabled=!self.is_possible aria-describedby=described />
                <label for=id>{self.label}</label>
                {self.hint.map(|hint| view! { <p class="hint" id=hint_id>{hint}</p> })}
            </div>
        }
        .into_any()
    }
}

/// One of several ways, sent as `name`.
pub fn choice(form: &str, name: &str, legend: &'static str, ways: Vec<Way>) -> AnyView {
    let id = id_of(name);
    let ways = ways
        .into_iter()
        .enumerate()
        .map(|(index, way)| way.view("radio", format!("{form}-{id}-{index}"), name.to_owned()));
    let ways = ways.collect_view();
    view! { <fieldset class="ways"><legend>{legend}</legend>{ways}</fieldset> }.into_any()
}

/// Boxes, each sent as `name`; what is wrong with the choice stands below.
pub fn boxes(form: &str, name: &str, legend: &'static str, ways: Vec<Way>, error: Option<String>) -> AnyView {
    let id = id_of(name);
    // A long list in one column would be a page of its own.
    let class = if ways.len() > IN_A_COLUMN { "ways many" } else { "ways" };
    let ways = ways
        .into_iter()
        .enumerate()
        .map(|(index, way)| way.view("checkbox", format!("{form}-{id}-{index}"), name.to_owned()));
    let ways = ways.collect_view();
    let error = error.map(|error| view! { <p class="error"><span aria-hidden="true">"✕ "</span>{error}</p> });
    view! { <fieldset class=class><legend>{legend}</legend>{ways}{error}</fieldset> }.into_any()
}

/// A name as a part of an id.
fn id_of(name: &str) -> String {
    name.chars().filter(|letter| letter.is_ascii_alphanumeric() || *letter == '_').collect()
}
