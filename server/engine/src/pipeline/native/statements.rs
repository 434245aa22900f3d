//! The blocks of a segment in the order in which they are one stream of SQL.
//!
//! A row of many megabytes lies in several blocks, of which all but the last say that no row ends in them. Today's
//! writers keep them together. Before, two readers could mix the parts of two such rows in one segment: whoever reads
//! by ranges never noticed, because a range is one reader's, but the segment as it lies there was no SQL. Such
//! backups are read here as they were meant.

use crate::format::index::RowsAt;

/// The places of blocks, each statement's parts together. The place of a part whose statement never ends is the error.
pub fn in_order(blocks: &[Option<RowsAt>]) -> Result<Vec<usize>, usize> {
    let mut order = Vec::with_capacity(blocks.len());
    let mut taken = vec![false; blocks.len()];
    for first in 0..blocks.len() {
        if taken.get(first).copied().unwrap_or(true) {
            continue;
        }
        let Some(Some(start)) = blocks.get(first) else {
            order.push(first);
            continue;
        };
        let same = |rows: &RowsAt| (rows.table, rows.chunk) == (start.table, start.chunk);
        let mut ended = false;
        for (at, rows) in blocks.iter().enumerate().skip(first) {
            let Some(rows) = rows.as_ref().filter(|rows| same(rows)) else { continue };
            if let Some(taken) = taken.get_mut(at) {
                *taken = true;
            }
            order.push(at);
            if rows.rows > 0 {
                ended = true;
                break;
            }
        }
        if !ended {
            return Err(first);
        }
    }
    Ok(order)
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    fn blocks(list: &[(u32, u32, u32)]) -> Vec<Option<RowsAt>> {
        let rows = |(table, chunk, rows): &(u32, u32, u32)| {
            Some(RowsAt { table: *table, chunk: *chunk, rows: *rows })
        };
        std::iter::once(None).chain(list.iter().map(rows)).collect()
    }

    #[test]
    fn what_lies_together_stays_as_it_is() {
        let whole = blocks(&[(1, 0, 5), (1, 1, 0), (1, 1, 0), (1, 1, 1), (2, 0, 7), (1, 1, 3)]);
        assert_eq!(in_order(&whole).unwrap(), [0, 1, 2, 3, 4, 5, 6]);
        assert_eq!(in_order(&[]).unwrap(), Vec::<usize>::new());
    }

    #[test]
    fn parts_that_two_readers_mixed_are_put_together() {
        // Reader one writes a long row of range 1, reader two one of range 2 and short rows of range 2 after it.
        let mixed = blocks(&[(1, 1, 0), (1, 2, 0), (1, 1, 0), (1, 2, 1), (1, 2, 4), (1, 1, 1), (1, 3, 2)]);
        assert_eq!(in_order(&mixed).unwrap(), [0, 1, 3, 6, 2, 4, 5, 7]);
    }

    #[test]
    fn a_statement_without_an_end_is_told() {
        assert_eq!(in_order(&blocks(&[(1, 1, 1), (1, 1, 0), (1, 2, 0), (1, 2, 1)])), Err(2));
    }
}
