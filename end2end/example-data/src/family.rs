//! The two server families and the few places where they want different SQL.

/// Which kind of server will load the output.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Family {
    /// MariaDB 10.6 or later.
    Mariadb,
    /// MySQL 8.0 or later.
    Mysql,
}

impl Family {
    /// Picks the variant this family understands.
    pub fn choose<T>(self, mariadb: T, mysql: T) -> T {
        match self {
            Self::Mariadb => mariadb,
            Self::Mysql => mysql,
        }
    }

    /// The collation Django's applications get from a fresh server of this family.
    pub fn collation(self) -> &'static str {
        self.choose("utf8mb4_unicode_ci", "utf8mb4_0900_ai_ci")
    }
}

/// Quotes an identifier.
pub fn quoted(name: &str) -> String {
    format!("`{}`", name.replace('`', "``"))
}
