//! Cuts a table into pieces by ranges of its primary key, while it is being read.
//!
//! Pieces let several readers work on one table, and bring a restore back into the order of the key, which is what
//! makes loading fast. How many rows lie in a range is not known beforehand, so the width of each next range follows
//! from how full the last one was. The first range has no lower and the last one no upper end: whatever the
//! arithmetic, no row falls between two ranges or outside them.

use domain::sources::quote_identifier;

/// Rows that a piece should have.
pub const ROWS: u64 = 131_072;
/// Bytes that a piece should have, by the server's own estimate.
pub const BYTES: u64 = 32 << 20;
/// Tables smaller than this are one piece, in bytes.
const SMALL: u64 = 4 << 20;

/// A piece of a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chunk {
    /// Its number; numbers grow with the key.
    pub number: u32,
    /// The condition that selects it; none for a whole table.
    pub condition: Option<String>,
}

/// By what a table can be cut.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Key {
    /// An integer column leads the primary key.
    Integer(String),
    /// A string of hexadecimal digits (or any text) leads it.
    Text(String),
    /// A binary string leads it.
    Binary(String),
    /// By nothing.
    None,
}

/// What is still to be read of a table.
#[derive(Debug)]
pub struct Chunks {
    key: Key,
    state: State,
    number: u32,
    /// Rows that a piece should have.
    wanted: u64,
}

#[derive(Debug)]
enum State {
    /// The ends of the key are not known yet.
    Unknown,
    /// The next range begins here.
    Integers {
        from: i128,
        last: i128,
        width: i128,
    },
    /// Before which of the given values the next range ends.
    Splits {
        next: usize,
    },
    Done,
}

const DIGITS: [&str; 15] = ["1", "2", "3", "4", "5", "6", "7", "8", "9", "a", "b", "c", "d", "e", "f"];

impl Chunks {
    /// For a table of which the server estimates `rows` and `bytes`.
    pub fn new(key: Key, rows: u64, bytes: u64) -> Self {
        let row = (bytes / rows.max(1)).max(1);
        let wanted = (BYTES / row).clamp(1, ROWS);
        let key = if bytes < SMALL && rows < ROWS { Key::None } else { key };
        let state = match &key {
            Key::Integer(_) => State::Unknown,
            Key::Text(_) | Key::Binary(_) => State::Splits { next: 0 },
            Key::None => State::Splits { next: DIGITS.len() },
        };
        Self { key, state, number: 0, wanted }
    }

    /// What has to be asked before the first piece: `SELECT MIN, MAX` of this column.
    pub fn asks_for(&self) -> Option<&str> {
        match (&self.state, &self.key) {
            (State::Unknown, Key::Integer(column)) => Some(column),
            _ => None,
        }
    }
    /// The answer: none if the table is empty. `rows` is the server's estimate.
    pub fn ends(&mut self, ends: Option<(i128, i128)>, rows: u64) {
        self.state = match ends {
            // One query all the same: that a table is empty is read, not concluded.
            None => State::Splits { next: DIGITS.len() },
            Some((first, last)) => {
                let pieces = i128::from((rows / self.wanted).max(1));
                State::Integers { from: first, last, width: ((last - first) / pieces).max(1) }
            }
        };
    }
    /// How many rows a piece turned out to have.
    pub fn learn(&mut self, rows: u64) {
        if let State::Integers { width, .. } = &mut self.state {
            let (rows, wanted) = (i128::from(rows.max(1)), i128::from(self.wanted));
            let next = *width * wanted / rows;
            // Not too far at once: the next range may be as dense as the last was sparse.
            *width = next.clamp((*width / 4).max(1), width.saturating_mul(4));
        }
    }
    /// Whether nothing is left.
    pub const fn is_done(&self) -> bool {
        matches!(self.state, State::Done)
    }

    /// The next piece.
    pub fn take(&mut self) -> Option<Chunk> {
        let condition = match &mut self.state {
            State::Unknown | State::Done => return None,
            State::Integers { from, last, width } => {
                let Key::Integer(column) = &self.key else { return None };
                let column = format!("t0.{}", quote_identifier(column));
                let start = *from;
                let end = start.saturating_add(*width);
                let lower = (self.number > 0).then(|| format!("{column}>={start}"));
                if end > *last {
                    self.state = State::Done;
                    lower
                } else {
                    *from = end;
                    let upper = format!("{column}<{end}");
                    Some(lower.map_or_else(|| upper.clone(), |lower| format!("{lower} AND {upper}")))
                }
            }
            State::Splits { next } => {
                let (column, literal): (&str, fn(&str) -> String) = match &self.key {
                    Key::Text(column) => (column, |digit| format!("'{digit}'")),
                    Key::Binary(column) => (column, |digit| format!("X'{digit}0'")),
                    Key::Integer(_) | Key::None => {
                        self.state = State::Done;
                        return Some(self.number(None));
                    }
                };
                let column = format!("t0.{}", quote_identifier(column));
                let lower = next
                    .checked_sub(1)
                    .and_then(|at| DIGITS.get(at))
                    .map(|digit| format!("{column}>={}", literal(digit)));
                let upper = DIGITS.get(*next).map(|digit| format!("{column}<{}", literal(digit)));
                *next += 1;
                if upper.is_none() {
                    self.state = State::Done;
                }
                match (lower, upper) {
                    (Some(lower), Some(upper)) => Some(format!("{lower} AND {upper}")),
                    (lower, upper) => lower.or(upper),
                }
            }
        };
        Some(self.number(condition))
    }
    fn number(&mut self, condition: Option<String>) -> Chunk {
        let number = self.number;
        self.number += 1;
        Chunk { number, condition }
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    fn integers(first: i128, last: i128, rows: u64, bytes: u64, learned: u64) -> Vec<String> {
        let mut chunks = Chunks::new(Key::Integer("id".into()), rows, bytes);
        assert_eq!(chunks.asks_for(), Some("id"));
        chunks.ends(Some((first, last)), rows);
        let mut all = Vec::new();
        while let Some(chunk) = chunks.take() {
            assert_eq!(chunk.number as usize, all.len());
            all.push(chunk.condition.unwrap_or_default());
            chunks.learn(learned);
        }
        all
    }

    #[test]
    fn ranges_touch_and_are_open_at_both_ends() {
        let all = integers(-5, 4_000_000, 4_000_000, 400 << 20, ROWS);
        assert!(all.len() > 10);
        assert!(all[0].starts_with("t0.`id`<") && !all[0].contains("AND"));
        let last = all.last().unwrap();
        assert!(last.starts_with("t0.`id`>=") && !last.contains("AND"));
        for pair in all.windows(2) {
            let end = pair[0].rsplit('<').next().unwrap();
            assert!(pair[1].starts_with(&format!("t0.`id`>={end}")), "{pair:?}");
        }
        assert_eq!(integers(7, 7, 100_000, 5 << 20, 1), [""]);
        // The whole range of BIGINT UNSIGNED, nearly empty.
        assert!(integers(0, i128::from(u64::MAX), 200_000, 100 << 20, 10).len() < 40);
    }

    #[test]
    fn small_tables_and_tables_without_a_key_are_one_piece() {
        for mut chunks in
            [Chunks::new(Key::Integer("id".into()), 10, 1000), Chunks::new(Key::None, 10_000_000, 10 << 30)]
        {
            assert_eq!(chunks.take(), Some(Chunk { number: 0, condition: None }));
            assert_eq!(chunks.take(), None);
            assert!(chunks.is_done());
        }
        let mut empty = Chunks::new(Key::Integer("id".into()), 1_000_000, 1 << 30);
        empty.ends(None, 1_000_000);
        assert_eq!(empty.take(), Some(Chunk { number: 0, condition: None }));
        assert_eq!(empty.take(), None);
    }

    #[test]
    fn strings_are_cut_by_their_first_character() {
        let mut chunks = Chunks::new(Key::Text("id".into()), 1_000_000, 1 << 30);
        let all: Vec<_> =
            std::iter::from_fn(|| chunks.take()).map(|chunk| chunk.condition.unwrap()).collect();
        assert_eq!(all.len(), 16);
        assert_eq!(all[0], "t0.`id`<'1'");
        assert_eq!(all[9], "t0.`id`>='9' AND t0.`id`<'a'");
        assert_eq!(all[15], "t0.`id`>='f'");
    }
}
