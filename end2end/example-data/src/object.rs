//! Views, triggers, routines and events.

use std::io::{self, Write};

/// One object, made after all rows are there so that no trigger fires while loading.
#[derive(Clone, Debug)]
pub struct Object {
    sql: &'static str,
    compound: bool,
}

/// A view, or anything else that is one plain statement.
pub fn plain(sql: &'static str) -> Object {
    Object { sql, compound: false }
}

/// A trigger, routine or event whose body holds semicolons.
pub fn compound(sql: &'static str) -> Object {
    Object { sql, compound: true }
}

impl Object {
    /// Writes the statement as the stock client wants it.
    pub fn write(&self, out: &mut impl Write) -> io::Result<()> {
        if self.compound {
            write!(out, "DELIMITER ;;\n{} ;;\nDELIMITER ;\n", self.sql.trim())
        } else {
            writeln!(out, "{};", self.sql.trim())
        }
    }
}
