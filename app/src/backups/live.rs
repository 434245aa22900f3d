//! The live view of a run: listens to the server's events and rewrites the numbers that the server drew. Once the
//! run is in another state than was drawn, the page is loaded again: the state, its times and what may be done about
//! it stand all over the page.
//!
//! The events are read with the browser's own JSON and numbers are set by the browser's own formatting: parsing them
//! into the types of this crate would add a decoder to what every reader downloads.

use leptos::prelude::*;

/// Keeps every `[data-live]` of the page up to date and loads the page again when the run's state changes.
#[island]
pub fn LiveRun() -> impl IntoView {
    #[cfg(feature = "hydrate")]
    events::listen();
}

#[cfg(feature = "hydrate")]
mod events {
    use crate::ui::timeline::phase_word;
    use wasm_bindgen::{JsCast, JsValue, closure::Closure};
    use web_sys::{
        Document, Element, EventSource, MessageEvent,
        js_sys::{Array, JSON, Number, Reflect},
        window,
    };

    pub fn listen() {
        let Some(document) = window().and_then(|window| window.document()) else { return };
        let Ok(Some(panel)) = document.query_selector("[data-events]") else { return };
        let Some(path) = panel.get_attribute("data-events") else { return };
        let drawn = panel.get_attribute("data-state").unwrap_or_default();
        let Ok(source) = EventSource::new(&path) else { return };
        let on_message = Closure::<dyn Fn(MessageEvent)>::new({
            let (document, source) = (document.clone(), source.clone());
            move |event: MessageEvent| {
                let text = event.data().as_string().unwrap_or_default();
                if let Ok(run) = JSON::parse(&text) {
                    show(&document, &source, &drawn, &run);
                }
            }
        });
        source.set_onmessage(Some(on_message.as_ref().unchecked_ref()));
        on_message.forget();
        let on_error = Closure::<dyn Fn()>::new(move || {
            write(&document, "link", "The live view is interrupted; it comes back by itself.");
        });
        source.set_onerror(Some(on_error.as_ref().unchecked_ref()));
        on_error.forget();
    }

    fn show(document: &Document, source: &EventSource, drawn: &str, run: &JsValue) {
        let row = get(run, "row");
        let state = get(&row, "state").as_string().unwrap_or_default();
        if !state.is_empty() && state != drawn {
            source.close();
            if let Some(window) = window() {
                drop(window.location().reload());
            }
            return;
        }
        write(document, "link", "Live.");
        log(document, &get(run, "log"));
        let progress = get(&row, "progress");
        if !progress.is_object() {
            return;
        }
        let number = |key: &str| get(&progress, key).as_f64();
        let bytes = number("bytes").unwrap_or(0.0);
        let expected = number("bytes_expected").filter(|&expected| expected > 0.0);
        let amount = expected.map_or_else(|| size(bytes), |expected| size(bytes) + " of " + &size(expected));
        write(document, "amount", &amount);
        write(document, "stored", &size(number("stored_bytes").unwrap_or(0.0)));
        write(document, "rate", &(size(number("rate").unwrap_or(0.0)) + "/s"));
        write(document, "eta", &number("eta_ms").map_or_else(|| "not known".into(), length));
        if let (Some(done), Some(all)) = (whole(&progress, "tables"), whole(&progress, "tables_expected")) {
            write(document, "tables", &(done + " of " + &all));
        }
        write(document, "table", &get(&progress, "table").as_string().unwrap_or_else(|| "–".into()));
        write(document, "phase", &phase_word(&get(&progress, "phase").as_string().unwrap_or_default()));
        if let (Some(expected), Some(bar)) = (expected, find(document, "bar")) {
            let percent = Number::from((bytes * 100.0 / expected).min(99.0));
            drop(bar.set_attribute("value", &String::from(percent.to_fixed(0).unwrap_or_default())));
        }
    }

    fn log(document: &Document, events: &JsValue) {
        let (Some(list), Some(events)) = (find(document, "log"), events.dyn_ref::<Array>()) else { return };
        for index in list.child_element_count()..events.length() {
            let event = events.get(index);
            let Ok(line) = document.create_element("li") else { return };
            let at = web_sys::js_sys::Date::new(&get(&event, "at"));
            let clock = String::from(at.to_iso_string()).chars().skip(11).take(8).collect::<String>();
            let message = get(&event, "message").as_string().unwrap_or_default();
            line.set_text_content(Some(&(clock + " " + &message)));
            drop(list.append_child(&line));
        }
    }

    fn get(object: &JsValue, key: &str) -> JsValue {
        Reflect::get(object, &JsValue::from_str(key)).unwrap_or(JsValue::NULL)
    }

    fn whole(object: &JsValue, key: &str) -> Option<String> {
        get(object, key).as_f64().and_then(|value| Number::from(value).to_fixed(0).ok()).map(String::from)
    }

    fn find(document: &Document, name: &str) -> Option<Element> {
        document.query_selector(&("[data-live=".to_owned() + name + "]")).ok().flatten()
    }

    fn write(document: &Document, name: &str, text: &str) {
        if let Some(element) = find(document, name)
            && element.text_content().as_deref() != Some(text)
        {
            element.set_text_content(Some(text));
        }
    }

    /// Bytes as three digits in powers of ten.
    fn size(bytes: f64) -> String {
        let units = ["B", "kB", "MB", "GB", "TB", "PB"];
        let mut value = bytes;
        let mut unit = 0;
        while value >= 999.5 && unit + 1 < units.len() {
            value /= 1000.0;
            unit += 1;
        }
        let number = Number::from(value);
        let digits = if unit == 0 { number.to_fixed(0) } else { number.to_precision(3) };
        digits.map(String::from).unwrap_or_default() + " " + units[unit]
    }

    /// Milliseconds as seconds, minutes or hours.
    fn length(ms: f64) -> String {
        let (value, unit) = match ms / 1000.0 {
            s if s < 100.0 => (s, " s"),
            s if s < 6000.0 => (s / 60.0, " min"),
            s => (s / 3600.0, " h"),
        };
        Number::from(value).to_fixed(0).map(String::from).unwrap_or_default() + unit
    }
}
