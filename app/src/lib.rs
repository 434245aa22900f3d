//! Everything that runs in the browser as well as on the server.

#[cfg(all(feature = "ssr", feature = "hydrate"))]
compile_error!("build `app` with `ssr` or with `hydrate`, not both: name the package with -p");

pub mod access;
pub mod alerts;
pub mod backups;
pub mod health;
pub mod policies;
pub mod port;
pub mod restores;
pub mod sources;
pub mod vaults;

/// Sends the browser to `path` after a form was accepted, and hands `value` through.
#[cfg_attr(not(feature = "ssr"), expect(unused_variables, reason = "only the server redirects"))]
pub fn redirect_to<T>(path: &str, value: T) -> T {
    #[cfg(feature = "ssr")]
    leptos_axum::redirect(path);
    value
}

/// A path of this site: `next` if it is one, the overview otherwise.
pub fn local_path(next: Option<&str>) -> String {
    let is_local = |path: &&str| path.starts_with('/') && !path.starts_with("//") && !path.contains(['\\', '\r', '\n']);
    next.filter(is_local).unwrap_or("/").to_owned()
}
