//! The door into the browser: wakes the islands of `app` once the page is there. Pages work without it.

/// Called by the page's script after the module has loaded.
#[wasm_bindgen::prelude::wasm_bindgen]
pub fn hydrate() {
    // Islands register themselves by being linked in.
    use app as _;

    console_error_panic_hook::set_once();
    leptos::mount::hydrate_islands();
}
