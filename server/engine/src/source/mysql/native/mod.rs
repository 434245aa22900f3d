//! The native engine's half that knows SQL: what is selected, in which pieces, and how rows are written.
//!
//! Reading order: [`columns`] (what is selected of a table and in which form it is written), [`json`] (what its text
//! cannot say), [`render`] (values as SQL), [`row`] (a row of the text protocol taken apart), [`chunks`] (pieces by
//! range of primary key), [`plan`] (all of it for one table), [`parents`] (whose rows are whose without a join),
//! [`pieces`] (which piece is next),
//! [`schema`] (definitions as SQL), [`incarnation`] (whether a name still means the same table), [`sums`] (the same
//! rows without a dump). The way back: [`ddl`] (keys after rows), [`tuples`] (rows found, ordered, turned into LOAD DATA),
//! [`table`] (all of it for one table).

pub mod chunks;
pub mod columns;
pub mod ddl;
pub mod incarnation;
pub mod json;
pub mod literal;
pub mod parents;
pub mod pieces;
pub mod plan;
pub mod render;
pub mod row;
pub mod schema;
pub mod sums;
pub mod table;
pub mod tuples;
