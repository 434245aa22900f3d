//! `tprm_integration`: vendors, contracts with their terms and clauses, assessments and questionnaires.

mod assessment;
mod contract;
mod objects;
mod vendor;

use crate::object::Object;
use crate::spec::Table;

/// Its own tables, parents first as far as cycles allow.
pub fn tables() -> Vec<Table> {
    let mut tables = vendor::tables();
    tables.extend(contract::tables());
    tables.extend(assessment::tables());
    tables
}

/// Its views, triggers, routines and events.
pub fn objects() -> Vec<Object> {
    objects::all()
}
