//! What needs a second person: the inbox, the page of a request, the rules, and who is away.

pub mod api;
pub mod decide;
pub mod delete_backup;
pub mod detail;
pub mod list;
pub mod rules;
pub mod rules_api;
