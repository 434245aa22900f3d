//! An export read back, from nothing but its bytes: what goes out is checked by this, and never by what wrote it.

use std::{collections::BTreeMap, io::Read};

use super::{
    archive,
    form::{TenantForm, statement},
    schema::ExportedTable,
};
use crate::{
    Error, Kind, Result,
    source::mysql::native::literal::{self, Literal},
};

/// A row as it lies in an export: its table, and its values as text.
pub type ParsedRow = (String, Vec<Option<String>>);

fn unreadable() -> Error {
    Error::new(Kind::Integrity, "read an export", "it is not written as exports are written")
}

/// The values of a row as they lie in the bytes that go out.
pub(super) fn parse_row(form: TenantForm, table: &ExportedTable, line: &[u8]) -> Result<Vec<Option<String>>> {
    match form {
        TenantForm::SqlGzip => {
            let tuple =
                line.strip_prefix(statement(table).as_bytes()).and_then(|rest| rest.strip_suffix(b";\n"));
            sql_values(tuple.ok_or_else(unreadable)?)
        }
        TenantForm::CsvTarGzip => {
            let (values, rest) = csv_record(line).ok_or_else(unreadable)?;
            if rest.is_empty() { Ok(values) } else { Err(unreadable()) }
        }
        TenantForm::JsonLinesGzip => {
            let names: Vec<_> = table.columns.iter().map(|column| column.name.clone()).collect();
            let (found, values) = json_row(line, &|_| Some(names.clone()))?;
            if found == table.name { Ok(values) } else { Err(unreadable()) }
        }
    }
}

/// Every row of a finished export, read from nothing but its bytes. For files that fit into memory.
pub fn parse(form: TenantForm, packed: &[u8]) -> Result<Vec<ParsedRow>> {
    let mut plain = Vec::new();
    flate2::read::MultiGzDecoder::new(packed)
        .read_to_end(&mut plain)
        .map_err(|error| unreadable().caused_by(error))?;
    let mut rows = Vec::new();
    match form {
        TenantForm::SqlGzip => {
            for line in plain.split_inclusive(|byte| *byte == b'\n') {
                let Some(rest) = line.strip_prefix(b"INSERT INTO ") else { continue };
                let text = String::from_utf8_lossy(rest);
                let (name, _) = identifier(&text).ok_or_else(unreadable)?;
                let at = find(line, b") VALUES ").ok_or_else(unreadable)?;
                let tuple =
                    line.get(at + 9..).and_then(|rest| rest.strip_suffix(b";\n")).ok_or_else(unreadable)?;
                rows.push((name, sql_values(tuple)?));
            }
        }
        TenantForm::CsvTarGzip => {
            let files = archive::files(&plain).ok_or_else(unreadable)?;
            let (_, schema) =
                files.first().filter(|(name, _)| name == "schema.json").ok_or_else(unreadable)?;
            let tables = names(schema)?;
            for ((name, _), (_, content)) in tables.iter().zip(files.iter().skip(1)) {
                let (_, mut content) = csv_record(content).ok_or_else(unreadable)?;
                while !content.is_empty() {
                    let (values, rest) = csv_record(content).ok_or_else(unreadable)?;
                    rows.push((name.clone(), values));
                    content = rest;
                }
            }
        }
        TenantForm::JsonLinesGzip => {
            let mut lines = plain.split_inclusive(|byte| *byte == b'\n');
            let first = lines.next().ok_or_else(unreadable)?;
            let schema: serde_json::Value = serde_json::from_slice(first).map_err(|_| unreadable())?;
            let schema =
                serde_json::to_vec(schema.get("schema").ok_or_else(unreadable)?).map_err(|_| unreadable())?;
            let tables: BTreeMap<_, _> = names(&schema)?.into_iter().collect();
            for line in lines {
                rows.push(json_row(line, &|table| tables.get(table).cloned())?);
            }
        }
    }
    Ok(rows)
}

/// Tables and the names of their columns, from a schema.
fn names(schema: &[u8]) -> Result<Vec<(String, Vec<String>)>> {
    let schema: serde_json::Value = serde_json::from_slice(schema).map_err(|_| unreadable())?;
    let name = |value: &serde_json::Value| value.get("name")?.as_str().map(str::to_owned);
    let table = |value: &serde_json::Value| {
        Some((name(value)?, value.get("columns")?.as_array()?.iter().map(name).collect::<Option<Vec<_>>>()?))
    };
    let tables = schema.get("tables").and_then(serde_json::Value::as_array).ok_or_else(unreadable)?;
    tables.iter().map(table).collect::<Option<Vec<_>>>().ok_or_else(unreadable)
}

/// A name between backticks at the beginning, and what follows it.
fn identifier(text: &str) -> Option<(String, &str)> {
    let mut rest = text.strip_prefix('`')?;
    let mut name = String::new();
    loop {
        let end = rest.find('`')?;
        name.push_str(&rest[..end]);
        rest = &rest[end + 1..];
        match rest.strip_prefix('`') {
            Some(tail) => {
                name.push('`');
                rest = tail;
            }
            None => return Some((name, rest)),
        }
    }
}

fn find(text: &[u8], wanted: &[u8]) -> Option<usize> {
    text.windows(wanted.len()).position(|window| window == wanted)
}

fn sql_values(tuple: &[u8]) -> Result<Vec<Option<String>>> {
    let text = |literal| match literal {
        Literal::Null => None,
        Literal::Bare(text) => Some(text),
        Literal::Text(bytes) => Some(String::from_utf8_lossy(&bytes).into_owned()),
        Literal::Binary(bytes) => Some(format!("0x{}", hex::encode(bytes))),
    };
    Ok(literal::tuple(tuple)?.into_iter().map(text).collect())
}

fn json_row(line: &[u8], columns: &dyn Fn(&str) -> Option<Vec<String>>) -> Result<ParsedRow> {
    use serde_json::Value as Json;
    #[derive(serde::Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Line {
        table: String,
        row: BTreeMap<String, Json>,
    }
    let line: Line = serde_json::from_slice(line).map_err(|_| unreadable())?;
    let names = columns(&line.table).ok_or_else(unreadable)?;
    if names.len() != line.row.len() {
        return Err(unreadable());
    }
    let value = |name: &String| match line.row.get(name) {
        Some(Json::Null) => Ok(None),
        Some(Json::String(text)) => Ok(Some(text.clone())),
        Some(Json::Number(number)) => Ok(Some(number.to_string())),
        _ => Err(unreadable()),
    };
    let values = names.iter().map(value).collect::<Result<_>>()?;
    Ok((line.table, values))
}

/// One record and what follows it.
fn csv_record(bytes: &[u8]) -> Option<(Vec<Option<String>>, &[u8])> {
    let (mut values, mut rest) = (Vec::new(), bytes);
    loop {
        let value = if let Some(inside) = rest.strip_prefix(b"\"") {
            let (mut text, mut inside) = (Vec::new(), inside);
            loop {
                let end = inside.iter().position(|byte| *byte == b'"')?;
                let (plain, tail) = inside.split_at(end);
                text.extend_from_slice(plain);
                let tail = tail.get(1..)?;
                if let Some(tail) = tail.strip_prefix(b"\"") {
                    text.push(b'"');
                    inside = tail;
                } else {
                    rest = tail;
                    break;
                }
            }
            Some(String::from_utf8(text).ok()?)
        } else {
            let end = rest.iter().position(|byte| matches!(byte, b',' | b'\r'))?;
            let (plain, tail) = rest.split_at(end);
            rest = tail;
            (!plain.is_empty()).then(|| String::from_utf8_lossy(plain).into_owned())
        };
        values.push(value);
        if let Some(tail) = rest.strip_prefix(b",") {
            rest = tail;
        } else {
            return Some((values, rest.strip_prefix(b"\r\n")?));
        }
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::{
        super::{
            form::{csv, is_json_number, json_value},
            value::Value,
        },
        *,
    };

    #[test]
    fn records_are_read_as_they_are_written() {
        let values = [
            Value::Null,
            Value::Text(String::new()),
            Value::Text("a,\"b\"\r\nc".into()),
            Value::Number("007".into()),
            Value::Binary(vec![0, 255]),
        ];
        let line: Vec<_> = values.iter().map(csv).collect();
        let line = format!("{}\r\nnext", line.join(","));
        let (read, rest) = csv_record(line.as_bytes()).unwrap();
        assert_eq!(rest, b"next");
        assert_eq!(read, values.iter().map(Value::text).collect::<Vec<_>>());
        assert_eq!(json_value(&values[3]).unwrap(), "\"007\"");
        for number in ["0", "-0e0", "1.50", "1e300", "-12"] {
            assert!(is_json_number(number), "{number}");
        }
        for text in ["", "-", "01", "1.", ".5", "0x1", "1e"] {
            assert!(!is_json_number(text), "{text}");
        }
    }
}
