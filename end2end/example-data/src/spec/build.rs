//! The words in which the schemas are written.

use super::{Column, Gen, Table};
use crate::family::{Family, quoted};

/// Starts the specification of a table with so many rows at scale 1.
pub fn table(name: &'static str, base_rows: u64) -> Table {
    Table {
        name,
        columns: Vec::new(),
        clauses: Vec::new(),
        family_clauses: Vec::new(),
        options: "",
        base_rows,
        scales: true,
        shared: false,
        first_id: 1,
        link: None,
        fixed: None,
    }
}

impl Table {
    /// Django's default primary key.
    pub fn id(self) -> Self {
        self.col("id", "bigint NOT NULL AUTO_INCREMENT", Gen::Id).clause("PRIMARY KEY (`id`)")
    }

    /// The owning tenant, with its index.
    pub fn tenant(self) -> Self {
        let key = quoted(&format!("{}_tenant_idx", shortened(self.name)));
        self.col("TenantId", "int NOT NULL", Gen::Tenant).clause(format!("KEY {key} (`TenantId`)"))
    }

    /// A column with generated values.
    pub fn col(mut self, name: &'static str, sql: &'static str, values: Gen) -> Self {
        self.columns.push(Column { name, sql, values: Some(values) });
        self
    }

    /// A column the server fills: generated, or left at its default.
    pub fn server_col(mut self, name: &'static str, sql: &'static str) -> Self {
        self.columns.push(Column { name, sql, values: None });
        self
    }

    /// Any clause of CREATE TABLE.
    pub fn clause(mut self, sql: impl Into<String>) -> Self {
        self.clauses.push(sql.into());
        self
    }

    /// A clause for one family.
    pub fn clause_for(mut self, family: Family, sql: impl Into<String>) -> Self {
        self.family_clauses.push((family, sql.into()));
        self
    }

    /// A foreign key to `to`, with its index.
    pub fn refer(self, name: &'static str, to: &'static str) -> Self {
        self.col(name, "bigint NOT NULL", Gen::Ref(to)).foreign(name, to, "id")
    }

    /// A foreign key that is NULL in so many percent of rows.
    pub fn refer_or_null(self, name: &'static str, to: &'static str, percent: u8) -> Self {
        self.col(name, "bigint DEFAULT NULL", Gen::Maybe(percent, Box::new(Gen::Ref(to))))
            .foreign(name, to, "id")
    }

    /// A foreign key to an earlier row of the same table, NULL in so many percent of rows.
    pub fn refer_earlier(self, name: &'static str, percent: u8) -> Self {
        let to = self.name;
        self.col(name, "bigint DEFAULT NULL", Gen::Maybe(percent, Box::new(Gen::Earlier)))
            .foreign(name, to, "id")
    }

    /// The constraint and index of a foreign key.
    pub fn foreign(self, column: &'static str, to: &str, key: &str) -> Self {
        let name = format!("{}_{}", shortened(self.name), column);
        let (index, constraint) = (quoted(&format!("{name}_idx")), quoted(&format!("{name}_fk")));
        let (column, to, key) = (quoted(column), quoted(to), quoted(key));
        self.clause(format!("KEY {index} ({column})"))
            .clause(format!("CONSTRAINT {constraint} FOREIGN KEY ({column}) REFERENCES {to} ({key})"))
    }

    /// Uniqueness of some columns.
    pub fn unique(self, columns: &[&str]) -> Self {
        let name = quoted(&format!("{}_{}_uniq", shortened(self.name), columns.last().unwrap_or(&"")));
        let columns: Vec<String> = columns.iter().map(|column| quoted(column)).collect();
        self.clause(format!("UNIQUE KEY {name} ({})", columns.join(",")))
    }

    /// When a row was made and changed, as in every model of such applications.
    pub fn stamps(self) -> Self {
        self.col("created_at", "datetime(6) NOT NULL", Gen::Created).col(
            "updated_at",
            "datetime(6) NOT NULL",
            Gen::After(400),
        )
    }

    /// The two columns of a many-to-many link, as Django makes them.
    pub fn links(mut self, left: (&'static str, &'static str), right: (&'static str, &'static str)) -> Self {
        self.link = Some((left.1, right.1));
        self.col(left.0, "bigint NOT NULL", Gen::LinkLeft)
            .col(right.0, "bigint NOT NULL", Gen::LinkRight)
            .unique(&[left.0, right.0])
            .foreign(left.0, left.1, "id")
            .foreign(right.0, right.1, "id")
    }

    /// Rows that belong to nobody; their number does not follow the scale.
    pub fn shared(mut self) -> Self {
        self.shared = true;
        self.scales = false;
        self
    }

    /// The number of rows does not follow the scale.
    pub fn constant(mut self) -> Self {
        self.scales = false;
        self
    }

    /// Text after the closing bracket of CREATE TABLE.
    pub fn options(mut self, sql: &'static str) -> Self {
        self.options = sql;
        self
    }

    /// The key of the first row, 1 otherwise.
    pub fn first_id(mut self, first: u64) -> Self {
        self.first_id = first;
        self
    }

    /// Rows written out by hand. Tuples without brackets, in the order of the columns that have values.
    pub fn rows(mut self, rows: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.fixed = Some(rows.into_iter().map(Into::into).collect());
        self.shared = true;
        self
    }

    /// A column of a table whose rows are written out by hand.
    pub fn raw(self, name: &'static str, sql: &'static str) -> Self {
        self.col(name, sql, Gen::Id)
    }
}

/// Names of keys are made from the table's and may have 64 characters at most.
fn shortened(name: &str) -> String {
    name.chars().take(30).collect()
}
