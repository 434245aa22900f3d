//! What only the browser can do. Each island works on markup that is complete without it, so it takes no
//! properties and draws nothing: the WebAssembly stays small and the page stays whole when it never arrives.

use leptos::prelude::*;

/// Makes every `[data-copy]` button copy its text.
#[island]
pub fn CopyButtons() -> impl IntoView {
    #[cfg(feature = "hydrate")]
    copying::start();
}

/// Keeps what was typed, chosen and ticked in a form across a refusal, which comes back as a new page. Passwords are not kept.
/// Also takes the fault out of the address, so that a reload does not show it again.
#[island]
pub fn FormMemory() -> impl IntoView {
    #[cfg(feature = "hydrate")]
    memory::start();
}

#[cfg(feature = "hydrate")]
mod copying {
    use wasm_bindgen::{JsCast, closure::Closure};
    use web_sys::{Element, Event, window};

    pub fn start() {
        let Some(document) = window().and_then(|window| window.document()) else { return };
        // Only now do the buttons show: without this they could not do anything.
        if let Some(root) = document.document_element() {
            drop(root.set_attribute("data-awake", ""));
        }
        let on_click = Closure::<dyn Fn(Event)>::new(|event: Event| {
            let target = event.target().and_then(|target| target.dyn_into::<Element>().ok());
            let Some(button) = target.and_then(|target| target.closest("[data-copy]").ok().flatten()) else {
                return;
            };
            let Some(text) = button.get_attribute("data-copy") else { return };
            if let Some(window) = window() {
                drop(window.navigator().clipboard().write_text(&text));
                button.set_text_content(Some("Copied"));
            }
        });
        drop(document.add_event_listener_with_callback("click", on_click.as_ref().unchecked_ref()));
        on_click.forget();
    }
}

#[cfg(feature = "hydrate")]
mod memory {
    use wasm_bindgen::{JsCast, JsValue, closure::Closure};
    use web_sys::{Document, Event, HtmlFormElement, HtmlInputElement, Window, window};

    const FIELDS: &str = "input:not([type=password]):not([type=hidden]), textarea, select";

    pub fn start() {
        let Some(window) = window() else { return };
        let Some(document) = window.document() else { return };
        let search = window.location().search().unwrap_or_default();
        // On the page that asks who one is, the form that led there is still remembered, for the way back.
        let asks = window.location().pathname().is_ok_and(|path| path == "/confirm-identity");
        if search.contains("__err=") && !asks {
            restore(&window, &document);
        }
        if let (Ok(history), Ok(path)) = (window.history(), window.location().pathname())
            && (search.contains("__err=") || search.contains("done="))
        {
            let kept = search
                .trim_start_matches('?')
                .split('&')
                .filter(|pair| !pair.is_empty() && !pair.starts_with("__") && !pair.starts_with("done="));
            let kept = kept.collect::<Vec<_>>().join("&");
            let address = if kept.is_empty() { path } else { path + "?" + &kept };
            drop(history.replace_state_with_url(&JsValue::NULL, "", Some(&address)));
        }
        let on_submit = Closure::<dyn Fn(Event)>::new(|event: Event| {
            if let Some(form) = event.target().and_then(|target| target.dyn_into::<HtmlFormElement>().ok()) {
                remember(&form);
            }
        });
        drop(document.add_event_listener_with_callback("submit", on_submit.as_ref().unchecked_ref()));
        on_submit.forget();
    }

    /// Whether it is ticked rather than filled in.
    fn is_ticked(field: &HtmlInputElement) -> bool {
        matches!(&*field.type_(), "checkbox" | "radio")
    }

    fn each(form: &HtmlFormElement, mut act: impl FnMut(String, HtmlInputElement)) {
        let Some(path) = form.get_attribute("data-keep") else { return };
        let Ok(fields) = form.query_selector_all(FIELDS) else { return };
        for index in 0..fields.length() {
            // A text area and a list to choose from have `name`, `type` and `value` too, and no more is used of them.
            if let Some(field) = fields.get(index).map(JsCast::unchecked_into::<HtmlInputElement>) {
                let mut key = path.clone() + " " + &field.name();
                if is_ticked(&field) {
                    // Several of one name are told apart by what they stand for.
                    key = key + " " + &field.value();
                }
                act(key, field);
            }
        }
    }

    fn remember(form: &HtmlFormElement) {
        let Some(Ok(Some(storage))) = window().map(|window| window.session_storage()) else { return };
        each(form, |key, field| {
            let value = match (is_ticked(&field), field.checked()) {
                (true, true) => "ticked".to_owned(),
                (true, false) => String::new(),
                (false, _) => field.value(),
            };
            drop(storage.set_item(&key, &value));
        });
    }

    fn restore(window: &Window, document: &Document) {
        let Ok(Some(storage)) = window.session_storage() else { return };
        let Ok(forms) = document.query_selector_all("form[data-keep]") else { return };
        for index in 0..forms.length() {
            if let Some(form) = forms.get(index).and_then(|node| node.dyn_into::<HtmlFormElement>().ok()) {
                each(&form, |key, field| match storage.get_item(&key) {
                    Ok(Some(value)) if is_ticked(&field) => field.set_checked(!value.is_empty()),
                    Ok(Some(value)) => field.set_value(&value),
                    _ => {}
                });
            }
        }
        drop(storage.clear());
    }
}
