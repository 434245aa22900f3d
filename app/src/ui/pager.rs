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
pub fn pager(path: &str, query: &ParamsMap, next: Option<&Cursor>) -> AnyView {
    Pager { path, key: "after", words: ("Newest", "Older"), label: "Pages" }.view(query, next)
}

/// Links to the first and to the next rows of a list that is not ordered by time.
pub fn pager_by_name(path: &str, query: &ParamsMap, next: Option<&Cursor>) -> AnyView {
    Pager { path, key: "after", words: ("First", "Next"), label: "Pages" }.view(query, next)
}

/// Links between the pages of one of several lists of a page.
pub struct Pager<'a> {
    /// The page.
    pub path: &'a str,
    /// The field of the query that says where to go on.
    pub key: &'static str,
    /// What the links to the first and the next rows are called.
    pub words: (&'static str, &'static str),
    /// What tells the links apart for whoever hears them.
    pub label: &'static str,
}

impl Pager<'_> {
    /// The links.
    pub fn view(self, query: &ParamsMap, next: Option<&Cursor>) -> AnyView {
        let first = query.get_str(self.key).is_some().then(|| address(self.path, query, self.key, None));
        let next = next.map(|cursor| address(self.path, query, self.key, Some(&cursor.0)));
        let links = view! {
            {first.map(|path| view! { <a class="btn" href=path>{self.words.0}</a> })}
            {next.map(|path| view! { <a class="btn" href=path rel="next">{self.words.1}</a> })}
        };
        view! { <nav class="pager" aria-label=self.label>{links}</nav> }.into_any()
    }
}
