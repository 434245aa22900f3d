//! Light or dark, comfortable or compact: a cookie that the server reads, so that no page flashes in the wrong
//! colours and the switch works without JavaScript.

#![cfg_attr(feature = "ssr", expect(clippy::unused_async, reason = "server functions are asynchronous"))]

use leptos::prelude::*;

use crate::port::ApiError;

const THEMES: [&str; 3] = ["auto", "light", "dark"];
const DENSITIES: [&str; 2] = ["comfortable", "compact"];

/// What the reader chose. `auto` follows the system.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Appearance {
    /// `auto`, `light` or `dark`.
    pub theme: &'static str,
    /// `comfortable` or `compact`.
    pub density: &'static str,
}

impl Appearance {
    /// What the cookies of this request say.
    pub fn of_request() -> Self {
        Self::of_cookies(&cookies())
    }

    /// What a `Cookie` header says; anything unknown is ignored.
    pub fn of_cookies(header: &str) -> Self {
        let chosen = |name: &str, values: &[&'static str]| {
            let mut pairs = header.split(';').filter_map(|pair| pair.trim().split_once('='));
            let value = pairs.find(|(key, _)| *key == name).map(|(_, value)| value);
            values
                .iter()
                .copied()
                .find(|known| Some(*known) == value)
                .or(values.first().copied())
                .unwrap_or_default()
        };
        Self { theme: chosen("theme", &THEMES), density: chosen("density", &DENSITIES) }
    }
}

#[cfg(feature = "ssr")]
fn cookies() -> String {
    let parts = use_context::<http::request::Parts>();
    let header = parts.as_ref().and_then(|parts| parts.headers.get(http::header::COOKIE));
    header.and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned()
}

#[cfg(not(feature = "ssr"))]
fn cookies() -> String {
    String::new()
}

/// Remembers a choice for a year and goes back to the page it was made on. Open to everybody: it changes
/// nothing but the colours of the browser that asks.
#[server(name = SetAppearanceFn, prefix = "/fn", endpoint = "layout/appearance")]
pub async fn set_appearance(theme: Option<String>, density: Option<String>) -> Result<(), ApiError> {
    let response = expect_context::<leptos_axum::ResponseOptions>();
    for (name, choice, known) in
        [("theme", theme, THEMES.as_slice()), ("density", density, DENSITIES.as_slice())]
    {
        let Some(value) = choice.filter(|choice| known.contains(&choice.as_str())) else { continue };
        let cookie = format!("{name}={value}; Path=/; Max-Age=31536000; SameSite=Lax; HttpOnly");
        if let Ok(cookie) = http::HeaderValue::from_str(&cookie) {
            response.append_header(http::header::SET_COOKIE, cookie);
        }
    }
    Ok(())
}

/// The switches, as a form of buttons.
#[component]
pub fn AppearanceSwitch() -> impl IntoView {
    let now = Appearance::of_request();
    let group = |name: &'static str,
                 legend: &'static str,
                 values: &'static [&'static str],
                 chosen: &'static str| {
        let buttons = values.iter().copied().map(move |value| {
            let pressed = if value == chosen { "true" } else { "false" };
            view! { <button class="segment" name=name value=value aria-pressed=pressed>{capital(value)}</button> }
        });
        view! {
            <fieldset class="segments">
                <legend>{legend}</legend>
                {buttons.collect_view()}
            </fieldset>
        }
    };
    view! {
        <form method="post" action="/fn/layout/appearance" class="appearance">
            {group("theme", "Colours", &THEMES, now.theme)}
            {group("density", "Rows", &DENSITIES, now.density)}
        </form>
    }
}

fn capital(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::Appearance;

    #[test]
    fn cookies_choose_only_what_is_known() {
        let chosen = Appearance::of_cookies("a=b; theme=dark; density=<script>");
        assert_eq!(chosen, Appearance { theme: "dark", density: "comfortable" });
        assert_eq!(Appearance::of_cookies("").theme, "auto");
    }
}
