//! One example database: its tables and what hangs on them.

use std::collections::HashMap;

use crate::family::Family;
use crate::object::Object;
use crate::spec::Table;
use crate::{django, edge, grc, tprm};

/// The databases that can be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
#[value(rename_all = "snake_case")]
pub enum Database {
    /// Governance, risk and compliance.
    Grc2,
    /// Management of third-party risk.
    TprmIntegration,
}

/// Everything one database consists of.
#[derive(Clone, Debug)]
pub struct Schema {
    /// Name of the database.
    pub name: &'static str,
    /// Tables in the order they are written.
    pub tables: Vec<Table>,
    /// Views, triggers, routines and events in the order they can be created.
    pub objects: Vec<Object>,
    places: HashMap<&'static str, usize>,
}

impl Schema {
    /// The specification of `database` for servers of `family`.
    pub fn of(database: Database, family: Family) -> Self {
        let (name, own, objects) = match database {
            Database::Grc2 => ("grc2", grc::tables(), grc::objects()),
            Database::TprmIntegration => ("tprm_integration", tprm::tables(), tprm::objects()),
        };
        let mut tables = django::tables();
        tables.extend(own);
        tables.extend(edge::tables(family));
        let places = tables.iter().enumerate().map(|(at, table)| (table.name, at)).collect();
        Self { name, tables, objects, places }
    }

    /// The table of that name.
    pub fn table(&self, name: &str) -> Option<&Table> {
        self.places.get(name).and_then(|&at| self.tables.get(at))
    }
}
