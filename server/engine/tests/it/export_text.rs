//! Text of every character set is text in an export: the same that the server would convert it to.

use std::collections::BTreeMap;

use anyhow::{Result, ensure};
use domain::tenancy::TenantKey;
use engine::pipeline::{
    native,
    tenant_export::{TenantForm, export_tenant, parse},
};
use mysql_async::prelude::Queryable;

use crate::{
    mysql_server::Server,
    native::request,
    pipeline_support::{control, create, local},
};

const ONE_BYTE: [&str; 24] = [
    "latin1", "latin2", "latin5", "latin7", "cp1250", "cp1251", "cp1256", "cp1257", "cp850", "cp852",
    "cp866", "koi8r", "koi8u", "greek", "hebrew", "tis620", "armscii8", "geostd8", "macroman", "macce",
    "keybcs2", "hp8", "dec8", "swe7",
];
const TWO_BYTES: [&str; 8] = ["sjis", "cp932", "ujis", "eucjpms", "euckr", "gb2312", "gbk", "big5"];

/// Areas of a set that everybody fills in a way of his own: they may stay bytes.
fn is_own(table: &str, hex: &str) -> bool {
    match table {
        "in_ujis" | "in_eucjpms" => ("F5A1".."FEFF").contains(&hex),
        "in_big5" => ("C6A1".."C8FF").contains(&hex),
        _ => false,
    }
}

/// A table for each character set, with each of its characters as a row.
fn characters() -> Vec<String> {
    let all: Vec<_> = (0..=255u8).map(|byte| format!("(x'{byte:02x}')")).collect();
    let mut statements = vec![
        "CREATE DATABASE letters".to_owned(),
        "USE letters".into(),
        "SET SESSION sql_mode=''".into(),
        "CREATE TEMPORARY TABLE one (b BINARY(1))".into(),
        "CREATE TEMPORARY TABLE two (b BINARY(1))".into(),
        format!("INSERT INTO one VALUES {}", all.join(",")),
        format!("INSERT INTO two VALUES {}", all.join(",")),
    ];
    let sets = ONE_BYTE.iter().chain(&TWO_BYTES).chain(&["ucs2", "utf16", "utf16le", "utf32", "utf8mb3"]);
    for charset in sets {
        statements.push(format!(
            "CREATE TABLE in_{charset} (id INT AUTO_INCREMENT PRIMARY KEY, TenantId INT NOT NULL DEFAULT 7, v VARCHAR(9) CHARACTER SET {charset})"
        ));
        statements.push(match *charset {
            one if ONE_BYTE.contains(&one) => {
                format!("INSERT INTO in_{one} (v) SELECT CONVERT(b USING {one}) FROM one")
            }
            two if TWO_BYTES.contains(&two) => format!(
                "INSERT IGNORE INTO in_{two} (v) SELECT CONVERT(CONCAT(one.b,two.b) USING {two}) FROM one, two WHERE one.b>=x'80' AND two.b>=x'40'"
            ),
            other => format!("INSERT INTO in_{other} (v) VALUES ('\u{e9}\u{4e2d}'),(''),(NULL)"),
        });
        if TWO_BYTES.contains(charset) {
            statements.push(format!("DELETE FROM in_{charset} WHERE v IS NULL OR CHAR_LENGTH(v)<>1"));
        }
    }
    statements
}

#[tokio::test(flavor = "multi_thread")]
async fn text_of_every_character_set_is_exported_as_the_server_reads_it() -> Result<()> {
    for server in Server::all().await? {
        let directory = tempfile::tempdir()?;
        let vault = create(local(directory.path()).await?).await?.vault;
        server.run(characters()).await?;
        let request = request(&server, "letters");
        native::back_up(&vault, &request, &control()).await?;
        let mut conn = server.admin().connect().await?;
        for form in [TenantForm::CsvTarGzip, TenantForm::JsonLinesGzip] {
            let mut file = Vec::new();
            export_tenant(&vault, &request.place, &TenantKey::new("7")?, form, &mut file, &control()).await?;
            let mut tables: BTreeMap<String, Vec<Vec<Option<String>>>> = BTreeMap::new();
            for (table, row) in parse(form, &file)? {
                tables.entry(table).or_default().push(row);
            }
            ensure!(tables.len() == ONE_BYTE.len() + TWO_BYTES.len() + 5, "{:?}", tables.keys());
            for (table, rows) in tables {
                let sql = format!("SELECT id, CONVERT(v USING utf8mb4), HEX(v) FROM letters.{table}");
                let read: Vec<(u32, Option<String>, Option<String>)> = conn.query(sql).await?;
                let read: BTreeMap<String, _> =
                    read.into_iter().map(|(id, text, hex)| (id.to_string(), (text, hex))).collect();
                let (mut wrong, mut unread) = (Vec::new(), 0);
                for row in &rows {
                    let (text, hex) = &read[row[0].as_deref().unwrap()];
                    // What the server itself has no character for, it shows as a question mark or a box.
                    let is_none = (text.as_deref() == Some("?") && hex.as_deref() != Some("3F"))
                        || text.as_deref() == Some("\u{fffd}");
                    let bytes = hex.as_ref().map(|hex| format!("0x{}", hex.to_ascii_lowercase()));
                    if row[2] == bytes && *text != row[2] {
                        unread +=
                            usize::from(!is_none && !is_own(&table, hex.as_deref().unwrap_or_default()));
                    } else if row[2] != *text && !is_none {
                        wrong.push(format!("{} {text:?} {:?}", hex.as_deref().unwrap_or_default(), row[2]));
                    }
                }
                ensure!(wrong.is_empty(), "{} {table}: {wrong:?}", server.family);
                ensure!(unread == 0, "{} {table}: {unread} of {} as bytes", server.family, rows.len());
            }
        }
    }
    Ok(())
}
