//! Filters and pages in the address: whoever copies it sees the same rows.

use domain::Cursor;
use leptos::prelude::*;
use leptos_router::{location::Url, params::ParamsMap};

/// `path` with the query of the current address, `key` set to `value` and what belongs to other pages dropped.
pub fn address(path: &str, query: &ParamsMap, key: &str, value: Option<&str>) -> String {
    let kept = query.latest_values().filter(|(name, value)| {
        !value.is_empty() && *name != key && !name.starts_with("__") && *name != "done" && *name != "after"
    });
    let mut pairs =
        kept.map(|(name, value)| format!("{}={}", Url::escape(name), Url::escape(value))).collect::<Vec<_>>();
    pairs.extend(value.map(|value| format!("{}={}", Url::escape(key), Url::escape(value))));
    if pairs.is_empty() { path.to_owned() } else { format!("{path}?{}", pairs.join("&")) }
}

/// Links to the newest and to the next rows.
pub fn pager(path: &'static str, query: &ParamsMap, next: Option<&Cursor>) -> AnyView {
    let newest = query.get_str("after").is_some().then(|| address(path, query, "after", None));
    let next = next.map(|cursor| address(path, query, "after", Some(&cursor.0)));
    let links = view! {
        {newest.map(|path| view! { <a class="btn" href=path>"Newest"</a> })}
        {next.map(|path| view! { <a class="btn" href=path rel="next">"Older"</a> })}
    };
    view! { <nav class="pager" aria-label="Pages">{links}</nav> }.into_any()
}
