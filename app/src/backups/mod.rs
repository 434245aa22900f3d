//! Runs, backups and the evidence that they can be restored.

pub mod api;
pub mod detail;
pub mod evidence;
pub mod files;
pub mod files_api;
pub mod list;
pub mod live;
pub mod progress;
pub mod rows;
pub mod run;
pub mod run_list;
pub mod split;
pub mod start;
