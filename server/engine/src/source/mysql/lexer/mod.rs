//! Reads a dump as it passes by, and knows at its end whether it is whole.
//!
//! A dump that was cut off still compresses and still seals, and searching its text for the client's last line
//! can be fooled: a table may be called that. So every byte goes through a small lexer that knows strings,
//! quoted names and comments. It counts the tuples of every table, sums their text, and accepts the trailer
//! only where a statement could begin, as the last thing of all.

use std::collections::BTreeMap;

use xxhash_rust::xxh3::Xxh3;

use crate::source::inventory::{Column, ColumnClass, Table};
use crate::source::sums::TableSum;

const TRAILER: &[u8] = b" Dump completed";
const POSITION: &[u8] = b" CHANGE MASTER TO MASTER_LOG_FILE='";
const GTID: &[u8] = b" SET GLOBAL gtid_slave_pos='";

/// Comments longer than this are not the client's.
const COMMENT_KEPT: usize = 8192;

/// Heads and words longer than this are none that matter.
const HEAD_KEPT: usize = 32;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// Between tokens of a statement.
    Plain,
    /// `'…'` or `"…"`, in which a backslash escapes.
    Text(u8),
    /// After a backslash in such a string.
    Escaped(u8),
    /// Within a name in backticks.
    Name,
    /// After a backtick in a name: its end, unless another follows.
    NameQuote,
    /// One dash.
    Dash,
    /// Two dashes: a comment if white space follows.
    Dashes,
    /// To the end of the line.
    LineComment,
    /// A slash.
    Slash,
    /// `/*`: code if `!` or `M!` follows, as the server sees it.
    SlashStar,
    /// `/* … */`
    BlockComment,
    /// A star in such a comment.
    BlockStar,
}

/// What a dump contained.
pub struct DumpLexer {
    state: State,
    seed: u64,
    /// What of the statement came before its first name, in upper case.
    head: Vec<u8>,
    /// First quoted name of the statement.
    name: Option<String>,
    collecting: Vec<u8>,
    /// The latest bare word, in upper case.
    word: Vec<u8>,
    statement_empty: bool,
    values: bool,
    depth: u32,
    /// Columns that the statement names.
    listed: Vec<String>,
    /// By table: its columns, and whether each is left out of sums.
    left_out: BTreeMap<String, Vec<(String, bool)>>,
    /// By place in the tuple: whether it is left out. Empty if nothing is.
    skipped: Vec<bool>,
    field: usize,
    tuple: Box<Xxh3>,
    comment: Vec<u8>,
    /// Tables in the order of the dump, by CREATE TABLE.
    pub created: Vec<String>,
    /// Sequences, by CREATE SEQUENCE.
    pub sequences: Vec<String>,
    /// Rows and sums of tuples, by table; tables without rows are not in it.
    pub tuples: BTreeMap<String, TableSum>,
    /// Binary log file and position that the client noted.
    pub position: Option<(String, u64)>,
    /// GTID that the client noted (MariaDB).
    pub gtid: Option<String>,
    /// Whether the client's last line was seen and nothing followed.
    pub complete: bool,
}

impl DumpLexer {
    /// Nothing read yet; sums of tuples are made with `seed`. MariaDB's program also prints computed values,
    /// which are computed anew when they are loaded; those of FLOAT columns come out otherwise, because FLOAT
    /// loses digits, and are left out.
    pub fn new(seed: u64, tables: &[Table]) -> Self {
        let from_float = |column: &Column| column.class == ColumnClass::FromFloat;
        let left_out = tables
            .iter()
            .filter(|table| table.columns.iter().any(from_float))
            .map(|table| {
                let columns = table.columns.iter().map(|column| (column.name.clone(), from_float(column)));
                (table.name.clone(), columns.collect())
            })
            .collect();
        Self {
            state: State::Plain,
            seed,
            head: Vec::new(),
            name: None,
            collecting: Vec::new(),
            word: Vec::new(),
            statement_empty: true,
            values: false,
            depth: 0,
            listed: Vec::new(),
            left_out,
            skipped: Vec::new(),
            field: 0,
            tuple: Box::new(Xxh3::with_seed(seed)),
            comment: Vec::new(),
            created: Vec::new(),
            sequences: Vec::new(),
            tuples: BTreeMap::new(),
            position: None,
            gtid: None,
            complete: false,
        }
    }

    /// The table that is being read.
    pub fn current(&self) -> Option<&str> {
        self.created.last().map(String::as_str)
    }

    /// Reads on.
    pub fn feed(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            let length = if self.depth > 0 {
                let skip = self.skipped.get(self.field).copied().unwrap_or(false);
                let length = self.inside(bytes);
                if !skip {
                    self.tuple.update(&bytes[..length]);
                }
                if self.depth == 0 {
                    self.end_tuple();
                }
                length
            } else {
                self.outside(bytes)
            };
            bytes = &bytes[length..];
        }
    }

    /// Consumes to the end of the tuple, its closing parenthesis included, or of `bytes`; where values are left
    /// out, to the end of the value.
    fn inside(&mut self, bytes: &[u8]) -> usize {
        let mut at = 0;
        while let Some(byte) = bytes.get(at).copied() {
            match self.state {
                State::Text(quote) => {
                    let Some(skip) = bytes[at..].iter().position(|byte| *byte == quote || *byte == b'\\')
                    else {
                        return bytes.len();
                    };
                    at += skip;
                    self.state = if bytes[at] == quote { State::Plain } else { State::Escaped(quote) };
                }
                State::Escaped(quote) => self.state = State::Text(quote),
                _ => match byte {
                    b'\'' | b'"' => self.state = State::Text(byte),
                    b'(' => self.depth += 1,
                    b',' if self.depth == 1 && !self.skipped.is_empty() => {
                        self.field += 1;
                        return at + 1;
                    }
                    b')' => {
                        self.depth -= 1;
                        if self.depth == 0 {
                            return at + 1;
                        }
                    }
                    _ => {}
                },
            }
            at += 1;
        }
        bytes.len()
    }

    /// Consumes until a tuple begins, or to the end of `bytes`.
    fn outside(&mut self, bytes: &[u8]) -> usize {
        for (at, byte) in bytes.iter().copied().enumerate() {
            self.step(byte);
            if self.depth > 0 {
                return at + 1;
            }
        }
        bytes.len()
    }

    fn step(&mut self, byte: u8) {
        self.state = match self.state {
            State::Text(quote) if byte == quote => State::Plain,
            State::Text(quote) if byte == b'\\' => State::Escaped(quote),
            State::Text(quote) | State::Escaped(quote) => State::Text(quote),
            State::Name if byte == b'`' => State::NameQuote,
            State::Name => self.collect(byte),
            State::NameQuote if byte == b'`' => self.collect(byte),
            State::NameQuote => {
                self.end_name();
                self.plain(byte)
            }
            State::Dash if byte == b'-' => State::Dashes,
            State::Dashes if byte.is_ascii_whitespace() => {
                self.comment.clear();
                if byte == b'\n' {
                    State::Plain
                } else {
                    self.comment.push(byte);
                    State::LineComment
                }
            }
            State::Slash if byte == b'*' => State::SlashStar,
            State::Dash | State::Dashes | State::Slash => {
                self.something();
                self.plain(byte)
            }
            State::Plain => self.plain(byte),
            State::LineComment if byte == b'\n' => {
                self.end_comment();
                State::Plain
            }
            State::LineComment => {
                if self.comment.len() < COMMENT_KEPT {
                    self.comment.push(byte);
                }
                State::LineComment
            }
            State::SlashStar if byte == b'!' => {
                self.something();
                State::Plain
            }
            State::SlashStar if byte == b'M' => State::SlashStar,
            State::BlockStar if byte == b'/' => State::Plain,
            State::SlashStar | State::BlockComment | State::BlockStar if byte == b'*' => State::BlockStar,
            State::SlashStar | State::BlockComment | State::BlockStar => State::BlockComment,
        };
    }

    fn plain(&mut self, byte: u8) -> State {
        if byte.is_ascii_whitespace() {
            self.end_word();
            if self.name.is_none() && self.head.last().is_some_and(|last| *last != b' ') {
                self.head.push(b' ');
            }
            return State::Plain;
        }
        match byte {
            b'-' => return State::Dash,
            b'/' => return State::Slash,
            b';' => {
                self.head.clear();
                self.word.clear();
                self.name = None;
                self.statement_empty = true;
                self.values = false;
                self.listed.clear();
                self.skipped.clear();
                return State::Plain;
            }
            _ => self.something(),
        }
        match byte {
            b'\'' | b'"' => return State::Text(byte),
            b'`' => {
                self.collecting.clear();
                return State::Name;
            }
            b'(' => {
                self.end_word();
                if self.values {
                    self.depth = 1;
                    self.field = 0;
                    *self.tuple = Xxh3::with_seed(self.seed);
                }
            }
            _ => {
                if self.name.is_none() && self.head.len() < HEAD_KEPT {
                    self.head.push(byte.to_ascii_uppercase());
                }
                if byte.is_ascii_alphabetic() && self.word.len() < HEAD_KEPT {
                    self.word.push(byte.to_ascii_uppercase());
                } else {
                    self.word.clear();
                }
            }
        }
        State::Plain
    }

    /// Something other than a comment: what looked like the last line was not.
    const fn something(&mut self) {
        self.complete = false;
        self.statement_empty = false;
    }

    fn collect(&mut self, byte: u8) -> State {
        self.collecting.push(byte);
        State::Name
    }

    fn end_name(&mut self) {
        if let Some(table) = &self.name {
            if self.left_out.contains_key(table) && !self.values {
                self.listed.push(String::from_utf8_lossy(&self.collecting).into_owned());
            }
            return;
        }
        let name = String::from_utf8_lossy(&self.collecting).into_owned();
        match self.head.as_slice() {
            b"CREATE TABLE " => self.created.push(name.clone()),
            b"CREATE SEQUENCE " => self.sequences.push(name.clone()),
            _ => {}
        }
        self.name = Some(name);
    }

    fn end_word(&mut self) {
        if self.word == b"VALUES" && self.name.is_some() && self.head == b"INSERT INTO " {
            self.values = true;
            self.skipped = self.places_left_out();
        }
        self.word.clear();
    }

    fn places_left_out(&self) -> Vec<bool> {
        let Some(columns) = self.name.as_ref().and_then(|table| self.left_out.get(table)) else {
            return Vec::new();
        };
        if self.listed.is_empty() {
            return columns.iter().map(|(_, out)| *out).collect();
        }
        let out = |name: &String| columns.iter().any(|(column, out)| column == name && *out);
        self.listed.iter().map(out).collect()
    }

    fn end_comment(&mut self) {
        if !self.statement_empty {
            return;
        }
        if self.comment.starts_with(TRAILER) {
            self.complete = true;
        } else if let Some(rest) = self.comment.strip_prefix(POSITION) {
            let text = String::from_utf8_lossy(rest);
            self.position = text.split_once("', MASTER_LOG_POS=").and_then(|(file, position)| {
                Some((file.to_owned(), position.trim_end_matches([';', ' ', '\r']).parse().ok()?))
            });
        } else if let Some(rest) = self.comment.strip_prefix(GTID) {
            self.gtid = String::from_utf8_lossy(rest).split('\'').next().map(str::to_owned);
        }
    }

    fn end_tuple(&mut self) {
        let Some(name) = &self.name else { return };
        // Looked up first: the name is copied once per table, not once per row.
        let sum = match self.tuples.get_mut(name) {
            Some(sum) => sum,
            None => self.tuples.entry(name.clone()).or_default(),
        };
        sum.rows += 1;
        sum.sum.add(self.tuple.digest128());
    }
}

#[cfg(test)]
mod tests;
