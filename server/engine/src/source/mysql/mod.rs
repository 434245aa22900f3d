//! MySQL and MariaDB as a source and as a target.
//!
//! In the order of a backup: [`connect`], [`wire`] and [`clients`] (who talks to the server), [`probe`] (what the
//! account may do), [`inspect`] and [`objects`] (what is there), [`snapshot`] and [`agree`] (one position for all
//! readers), [`dump`] (the engine), [`lexer`] (is the dump whole?), [`rows`] (sums). Then the way back: [`scratch`]
//! (a schema and an account that can touch nothing else), [`new_database`], [`owners`] (to whom objects may
//! belong), [`load`], [`create`] (views, triggers,
//! routines, events), [`compare`]. [`identity`] tells the source from every other server, [`faults`] says what a
//! refusal means.

pub mod agree;
pub mod clients;
pub mod compare;
pub mod connect;
pub mod create;
pub mod definer;
pub mod dump;
pub mod end;
pub mod faults;
mod findings;
pub mod grants;
pub mod identity;
pub mod inspect;
pub mod lexer;
pub mod load;
pub mod native;
pub mod new_database;
pub mod objects;
pub mod owners;
pub mod physical;
pub mod probe;
pub mod rows;
pub mod scratch;
pub mod snapshot;
mod stream;
pub mod tenancy;
pub mod wire;
mod words;
