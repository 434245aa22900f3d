//! The few pieces that every page is made of. Each owns one style sheet of the same name.

pub mod badge;
pub mod browser;
pub mod chart;
pub mod choice;
pub mod empty;
pub mod field;
pub mod form;
pub mod notice;
pub mod pager;
pub mod table;
pub mod text;
pub mod time;
pub mod timeline;
