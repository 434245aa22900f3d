//! Reads what a server is and what a database consists of.

use std::collections::BTreeMap;

use domain::sources::{DatabaseName, ServerFamily, quote_identifier};
use mysql_async::prelude::Queryable;
use mysql_async::{Conn, Row};

use super::faults;
use crate::source::inventory::{Column, ColumnClass, Inventory, ServerFacts, Table};
use crate::{Error, Kind, Result};

/// A connection that knows what it is used for, so that every failure says so.
pub struct Session<'a> {
    /// The connection.
    pub conn: &'a mut Conn,
    /// `backup@db1:3306`
    pub who: &'a str,
    /// `list the tables of grc2`
    pub attempt: String,
}

impl Session<'_> {
    /// All rows of a statement with `parameters`, through the text protocol where there are none.
    pub async fn rows(&mut self, sql: &str, parameters: &[&str]) -> Result<Vec<Row>> {
        let result = if parameters.is_empty() {
            self.conn.query(sql).await
        } else {
            self.conn.exec(sql, parameters.to_vec()).await
        };
        result.map_err(|error| self.failed(error))
    }
    /// One statement without a result.
    pub async fn run(&mut self, sql: &str) -> Result<()> {
        self.conn.query_drop(sql).await.map_err(|error| self.failed(error))
    }
    /// The first row, which must exist.
    pub async fn row(&mut self, sql: &str) -> Result<Row> {
        let rows = self.rows(sql, &[]).await?;
        rows.into_iter()
            .next()
            .ok_or_else(|| Error::new(Kind::Source, self.attempt.clone(), format!("no answer to {sql}")))
    }
    fn failed(&self, error: mysql_async::Error) -> Error {
        faults::from_driver(self.attempt.clone(), self.who, error)
    }
}

/// A cell as text; NULL and what is no text is empty.
pub fn text(row: &Row, column: usize) -> String {
    optional(row, column).unwrap_or_default()
}

/// A cell as text, or nothing if it is NULL.
pub fn optional(row: &Row, column: usize) -> Option<String> {
    use mysql_async::Value;
    match row.as_ref(column)? {
        Value::NULL => None,
        Value::Bytes(bytes) => Some(String::from_utf8_lossy(bytes).into_owned()),
        Value::Int(number) => Some(number.to_string()),
        Value::UInt(number) => Some(number.to_string()),
        Value::Double(number) => Some(number.to_string()),
        other => Some(other.as_sql(true).trim_matches('\'').to_owned()),
    }
}

/// A cell as a number; NULL is 0.
pub fn number(row: &Row, column: usize) -> u64 {
    optional(row, column).and_then(|text| text.parse().ok()).unwrap_or_default()
}

/// What the server is.
pub async fn server_facts(conn: &mut Conn, who: &str, client_version: &str) -> Result<ServerFacts> {
    let mut session = Session { conn, who, attempt: "ask the server what it is".into() };
    let row = session
        .row(
            "SELECT @@version, @@version_comment, @@global.sql_mode, @@character_set_server, @@collation_server, \
             @@lower_case_table_names, @@server_id",
        )
        .await?;
    let version = text(&row, 0);
    let family = if version.contains("MariaDB") || text(&row, 1).to_ascii_lowercase().contains("mariadb") {
        ServerFamily::Mariadb
    } else {
        ServerFamily::Mysql
    };
    let server_uuid = match family {
        ServerFamily::Mysql => text(&session.row("SELECT @@server_uuid").await?, 0),
        ServerFamily::Mariadb => {
            format!("{}-{}", text(&session.row("SELECT @@gtid_domain_id").await?, 0), text(&row, 6))
        }
    };
    Ok(ServerFacts {
        family,
        server_uuid,
        client_version: client_version.to_owned(),
        sql_mode: text(&row, 2),
        charset: text(&row, 3),
        collation: text(&row, 4),
        lower_case_table_names: u8::try_from(number(&row, 5)).unwrap_or_default(),
        version,
    })
}

/// What `database` consists of. Leaves it as the connection's default database.
pub async fn inventory(
    conn: &mut Conn,
    who: &str,
    family: ServerFamily,
    database: &DatabaseName,
) -> Result<Inventory> {
    let name = database.as_str();
    let mut session = Session { conn, who, attempt: format!("take the inventory of {database}") };
    session.run(&format!("USE {}", database.quoted())).await?;
    if family == ServerFamily::Mysql {
        session.run("SET SESSION information_schema_stats_expiry=0").await?;
    }
    let schema = session.row("SELECT @@character_set_database, @@collation_database").await?;
    let mut inventory =
        Inventory { charset: text(&schema, 0), collation: text(&schema, 1), ..Inventory::default() };

    let listed = session
        .rows(
            "SELECT t.TABLE_NAME, t.TABLE_TYPE, t.ENGINE, t.TABLE_COLLATION, t.TABLE_ROWS, \
             COALESCE(t.DATA_LENGTH,0)+COALESCE(t.INDEX_LENGTH,0), t.AUTO_INCREMENT, \
             (SELECT e.TRANSACTIONS FROM information_schema.ENGINES e WHERE e.ENGINE=t.ENGINE) \
             FROM information_schema.TABLES t WHERE t.TABLE_SCHEMA=? ORDER BY t.TABLE_NAME",
            &[name],
        )
        .await?;
    for row in &listed {
        let (table, kind) = (text(row, 0), text(row, 1));
        match kind.as_str() {
            "VIEW" | "SYSTEM VIEW" => inventory.views.push(table),
            "SEQUENCE" => inventory.sequences.push(table),
            "TEMPORARY" => {}
            _ => inventory.tables.push(Table {
                name: table,
                engine: text(row, 2),
                transactional: text(row, 7) == "YES",
                system_versioned: kind == "SYSTEM VERSIONED",
                collation: text(row, 3),
                rows_estimate: number(row, 4),
                bytes_estimate: number(row, 5),
                auto_increment: optional(row, 6).and_then(|text| text.parse().ok()),
                columns: Vec::new(),
                create_sql: String::new(),
            }),
        }
    }
    let columns = session
        .rows(
            "SELECT TABLE_NAME, COLUMN_NAME, COLUMN_TYPE, DATA_TYPE, CHARACTER_SET_NAME, GENERATION_EXPRESSION, EXTRA \
             FROM information_schema.COLUMNS WHERE TABLE_SCHEMA=? ORDER BY TABLE_NAME, ORDINAL_POSITION",
            &[name],
        )
        .await?;
    for table in &mut inventory.tables {
        let rows: Vec<&Row> = columns.iter().filter(|row| text(row, 0) == table.name).collect();
        let floats: Vec<String> = rows
            .iter()
            .filter(|row| text(row, 3).eq_ignore_ascii_case("float"))
            .map(|row| text(row, 1))
            .collect();
        table.columns = rows.iter().map(|row| column(row, &floats)).collect();
        let create = session.row(&format!("SHOW CREATE TABLE {}", quote_identifier(&table.name))).await?;
        table.create_sql = without_counter(&text(&create, 1));
    }
    let names = |rows: Vec<Row>| rows.iter().map(|row| text(row, 0)).collect::<Vec<_>>();
    inventory.triggers = names(
        session
            .rows(
                "SELECT TRIGGER_NAME FROM information_schema.TRIGGERS WHERE TRIGGER_SCHEMA=? ORDER BY 1",
                &[name],
            )
            .await?,
    );
    inventory.routines = names(
        session
            .rows(
                "SELECT CONCAT(LOWER(ROUTINE_TYPE),' ',ROUTINE_NAME) FROM information_schema.ROUTINES \
                 WHERE ROUTINE_SCHEMA=? ORDER BY 1",
                &[name],
            )
            .await?,
    );
    inventory.events = names(
        session
            .rows("SELECT EVENT_NAME FROM information_schema.EVENTS WHERE EVENT_SCHEMA=? ORDER BY 1", &[name])
            .await?,
    );
    Ok(inventory)
}

/// Reads the next automatic numbers again: no snapshot has them, and a number that was handed out after the inventory
/// was taken must not be handed out twice. One that has gone further than the rows is harmless.
pub async fn counters(
    conn: &mut Conn,
    who: &str,
    family: ServerFamily,
    database: &DatabaseName,
    inventory: &mut Inventory,
) -> Result<()> {
    let mut session =
        Session { conn, who, attempt: format!("read the next automatic numbers of {database}") };
    if family == ServerFamily::Mysql {
        session.run("SET SESSION information_schema_stats_expiry=0").await?;
    }
    let rows = session
        .rows(
            "SELECT TABLE_NAME, AUTO_INCREMENT FROM information_schema.TABLES \
             WHERE TABLE_SCHEMA=? AND AUTO_INCREMENT IS NOT NULL",
            &[database.as_str()],
        )
        .await?;
    let found: BTreeMap<String, u64> = rows.iter().map(|row| (text(row, 0), number(row, 1))).collect();
    for table in &mut inventory.tables {
        table.auto_increment = table.auto_increment.max(found.get(&table.name).copied());
    }
    Ok(())
}

fn column(row: &Row, floats: &[String]) -> Column {
    let (kind, expression, extra) = (text(row, 3).to_ascii_lowercase(), text(row, 5), text(row, 6));
    let from_float = floats.iter().any(|float| expression.contains(&quote_identifier(float)));
    let class = match kind.as_str() {
        _ if matches!(expression.as_str(), "ROW START" | "ROW END") => ColumnClass::ServerKept,
        _ if from_float => ColumnClass::FromFloat,
        "float" => ColumnClass::Float,
        "double" => ColumnClass::Double,
        _ => ColumnClass::Exact,
    };
    Column {
        name: text(row, 1),
        definition: text(row, 2),
        charset: optional(row, 4),
        class,
        generated: !expression.is_empty(),
        invisible: extra.to_ascii_uppercase().contains("INVISIBLE"),
    }
}

/// The next automatic number moves with every insert and is no part of the definition.
fn without_counter(create: &str) -> String {
    const COUNTER: &str = " AUTO_INCREMENT=";
    let Some(options) = create.rfind("\n) ENGINE=") else { return create.to_owned() };
    let line_end = create[options + 1..].find('\n').map_or(create.len(), |at| options + 1 + at);
    let before_comment = create[options..line_end].find(" COMMENT='").map_or(line_end, |at| options + at);
    let Some(at) = create[options..before_comment].find(COUNTER).map(|at| options + at) else {
        return create.to_owned();
    };
    let digits = create[at + COUNTER.len()..].chars().take_while(char::is_ascii_digit).count();
    format!("{}{}", &create[..at], &create[at + COUNTER.len() + digits..])
}

#[cfg(test)]
mod tests {
    #[test]
    fn only_the_counter_is_taken_out() {
        let create = "CREATE TABLE `t` (\n  `a` int COMMENT ' AUTO_INCREMENT=3'\n) ENGINE=InnoDB AUTO_INCREMENT=42 DEFAULT CHARSET=utf8mb4 COMMENT='x AUTO_INCREMENT=9'";
        let plain = super::without_counter(create);
        assert_eq!(plain, create.replace("=InnoDB AUTO_INCREMENT=42", "=InnoDB"));
        assert_eq!(super::without_counter(&plain), plain);
    }
}
