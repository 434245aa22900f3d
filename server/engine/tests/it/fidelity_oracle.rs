//! Judges of a restored database that share nothing with the engine: values over the binary protocol, and the text of the
//! server's own dump program.

use engine::source::mysql::compare::as_implied;
use std::{collections::BTreeMap, process::Command};

use anyhow::{Context, Result, ensure};
use mysql_async::{Value, prelude::Queryable};

use crate::mysql_server::{Server, database};

/// What the judges see of a database.
pub struct Seen {
    /// Each table's values, sorted by row.
    values: BTreeMap<String, Vec<Vec<String>>>,
    /// What the dump program writes, without names and dates.
    dump: String,
}

/// Looks at database `name`.
pub async fn look(server: &Server, name: &str) -> Result<Seen> {
    Ok(Seen { values: values(server, name).await?, dump: dump(server, name).await? })
}

impl Seen {
    /// Fails with the first difference.
    pub fn same(&self, other: &Self, what: &str) -> Result<()> {
        ensure!(self.values.keys().eq(other.values.keys()), "{what}: other tables");
        for (table, rows) in &self.values {
            let others = &other.values[table];
            ensure!(rows.len() == others.len(), "{what}.{table}: {} rows and {}", rows.len(), others.len());
            for (row, again) in rows.iter().zip(others) {
                for (one, two) in row.iter().zip(again) {
                    ensure!(one == two, "{what}.{table}: {one}\n{two}\nin {row:?}");
                }
            }
        }
        for (number, (one, two)) in self.dump.lines().zip(other.dump.lines()).enumerate() {
            ensure!(as_implied(one) == as_implied(two), "{what}: line {number} of the dump\n{one}\n{two}");
        }
        ensure!(self.dump.lines().count() == other.dump.lines().count(), "{what}: dumps of other lengths");
        Ok(())
    }
}

/// Every value of every table: bytes in hexadecimal digits, FLOAT and DOUBLE by their bits, enumerations by number.
async fn values(server: &Server, name: &str) -> Result<BTreeMap<String, Vec<Vec<String>>>> {
    let mut conn = server.admin().connect().await?;
    conn.query_drop("SET SESSION time_zone='+00:00'").await?;
    let columns: Vec<(String, String, String)> = conn
        .exec(
            "SELECT c.TABLE_NAME, c.COLUMN_NAME, c.DATA_TYPE FROM information_schema.COLUMNS c JOIN information_schema.TABLES t \
             ON t.TABLE_SCHEMA=c.TABLE_SCHEMA AND t.TABLE_NAME=c.TABLE_NAME WHERE c.TABLE_SCHEMA=? \
             AND t.TABLE_TYPE NOT IN ('VIEW','SEQUENCE') AND c.GENERATION_EXPRESSION NOT IN ('ROW START','ROW END') \
             ORDER BY c.TABLE_NAME, c.ORDINAL_POSITION",
            (name,),
        )
        .await?;
    let mut tables: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (table, column, kind) in columns {
        let quoted = domain::sources::quote_identifier(&column);
        tables.entry(table).or_default().push(match kind.to_ascii_lowercase().as_str() {
            "float" | "double" | "real" | "tinyint" | "smallint" | "mediumint" | "int" | "bigint" => quoted,
            "json" => format!("HEX(CAST({quoted} AS CHAR CHARACTER SET utf8mb4))"),
            "enum" | "set" => format!("CONCAT({quoted}+0,' ',HEX({quoted}))"),
            "date" | "datetime" | "timestamp" | "time" | "year" | "decimal" => {
                format!("CAST({quoted} AS CHAR)")
            }
            "bit" => format!("BIN({quoted}+0)"),
            "uuid" | "inet6" | "inet4" => format!("CAST({quoted} AS CHAR)"),
            _ => format!("HEX({quoted})"),
        });
    }
    let mut all = BTreeMap::new();
    for (table, expressions) in tables {
        let sql = format!(
            "SELECT {} FROM {}.{}",
            expressions.join(","),
            database(name).quoted(),
            domain::sources::quote_identifier(&table)
        );
        let rows: Vec<mysql_async::Row> =
            conn.exec(&sql, ()).await.with_context(|| format!("{table}: {sql}"))?;
        let mut rows: Vec<Vec<String>> =
            rows.into_iter().map(|row| row.unwrap().into_iter().map(shown).collect()).collect();
        rows.sort();
        all.insert(table, rows);
    }
    Ok(all)
}

fn shown(value: Value) -> String {
    match value {
        Value::NULL => "NULL".into(),
        Value::Bytes(bytes) => String::from_utf8_lossy(&bytes).into_owned(),
        Value::Float(number) => format!("{:08x} {number:e}", number.to_bits()),
        Value::Double(number) => format!("{:016x} {number:e}", number.to_bits()),
        other => format!("{other:?}"),
    }
}

/// The dump program's text, with the database's name and the date taken out.
async fn dump(server: &Server, name: &str) -> Result<String> {
    let clients = server.clients().await?;
    let pair = clients.pair(server.family)?;
    let options = server.admin().options(server.family).write()?;
    let mut command = Command::new(&pair.dump);
    command
        .arg(options.argument())
        .args(["--single-transaction", "--routines", "--triggers", "--events", "--hex-blob"])
        .args([
            "--skip-dump-date",
            "--skip-extended-insert",
            "--order-by-primary",
            "--default-character-set=utf8mb4",
        ]);
    if server.family == domain::sources::ServerFamily::Mysql {
        command.args(["--set-gtid-purged=OFF", "--column-statistics=0", "--no-tablespaces"]);
    }
    let output = command.arg(name).output()?;
    ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    // Text of other character sets is not always UTF-8; what cannot be read is compared over the binary protocol.
    Ok(String::from_utf8_lossy(&output.stdout).replace(name, "DATABASE"))
}
