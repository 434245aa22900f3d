//! The control plane: web, worker and command line over one set of use cases.
//!
//! A request becomes a [`caller::Caller`], on which every port of the pages is implemented. Each method takes its
//! scope from the catalog, which is the proof that the person may do it, and calls a use case of its area. The
//! folders of the areas have the same names as in the other crates. [`services`] is what everything is made of,
//! [`config`] what it is told, [`http`] the way in.

#![recursion_limit = "256"]

pub mod access;
pub mod alerts;
pub mod api;
pub mod approvals;
pub mod audit;
pub mod backups;
pub mod caller;
pub mod cli;
pub mod clock;
pub mod config;
pub mod fault;
pub mod health;
pub mod http;
pub mod migrate;
pub mod policies;
pub mod restores;
pub mod services;
pub mod sources;
pub mod tenancy;
pub mod vaults;
pub mod work;
