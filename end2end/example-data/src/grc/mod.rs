//! `grc2`: frameworks, controls, policies, risks, incidents, audits and their evidence.

mod assurance;
mod compliance;
mod objects;
mod risk;

use crate::object::Object;
use crate::spec::Table;

/// Its own tables, parents first as far as cycles allow.
pub fn tables() -> Vec<Table> {
    let mut tables = compliance::tables();
    tables.extend(risk::tables());
    tables.extend(assurance::tables());
    tables
}

/// Its views, triggers, routines and events.
pub fn objects() -> Vec<Object> {
    objects::all()
}
