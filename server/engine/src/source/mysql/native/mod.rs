//! The native engine's half that knows SQL: what is selected, in which pieces, and how rows are written.
//!
//! Reading order: [`columns`] (what is selected of a table and in which form it is written), [`render`] (values as
//! SQL), [`row`] (a row of the text protocol taken apart), [`chunks`] (pieces by range of primary key), [`plan`]
//! (all of it for one table), [`pieces`] (which piece is next), [`schema`] (definitions as SQL), [`sums`] (the same
//! rows without a dump).

pub mod chunks;
pub mod columns;
pub mod literal;
pub mod pieces;
pub mod plan;
pub mod render;
pub mod row;
pub mod schema;
pub mod sums;
