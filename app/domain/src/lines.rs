//! Several values typed into one text area, one per line: works without JavaScript and for thousands of them.

use serde::{Deserialize, Serialize};

/// What was typed. Blank lines and the blanks around a line do not count.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Lines(pub String);

impl Lines {
    /// The lines.
    pub fn each(&self) -> impl Iterator<Item = &str> {
        self.0.lines().map(str::trim).filter(|line| !line.is_empty())
    }
    /// The values of each line: separated by commas, in double quotes if they hold a comma, a quote (written twice)
    /// or outer blanks. The number of the first line that is not written so, from 1, if one is not.
    pub fn rows(&self) -> Result<Vec<Vec<String>>, usize> {
        let lines = self.0.lines().map(str::trim).enumerate().filter(|(_, line)| !line.is_empty());
        lines.map(|(index, line)| values(line).ok_or(index + 1)).collect()
    }
    /// A row as [`Self::rows`] reads it.
    pub fn row(values: &[String]) -> String {
        let quoted = values.iter().map(|value| {
            let is_plain = !value.is_empty() && value.trim() == value && !value.contains([',', '"']);
            if is_plain { value.clone() } else { format!("\"{}\"", value.replace('"', "\"\"")) }
        });
        quoted.collect::<Vec<_>>().join(",")
    }
}

fn values(line: &str) -> Option<Vec<String>> {
    let mut values = Vec::new();
    let mut rest = line;
    loop {
        rest = rest.trim_start();
        let value = if let Some(quoted) = rest.strip_prefix('"') {
            let (value, after) = unquoted(quoted)?;
            rest = after.trim_start();
            value
        } else {
            let end = rest.find(',').unwrap_or(rest.len());
            let value = rest[..end].trim_end();
            if value.contains('"') {
                return None;
            }
            rest = &rest[end..];
            value.to_owned()
        };
        values.push(value);
        match rest.strip_prefix(',') {
            Some(after) => rest = after,
            None => return rest.is_empty().then_some(values),
        }
    }
}

/// A quoted value without its quotes, and what follows it.
fn unquoted(text: &str) -> Option<(String, &str)> {
    let mut value = String::new();
    let mut rest = text;
    loop {
        let (part, after) = rest.split_once('"')?;
        value.push_str(part);
        match after.strip_prefix('"') {
            Some(more) => {
                value.push('"');
                rest = more;
            }
            None => return Some((value, after)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Lines;

    fn rows(text: &str) -> Result<Vec<Vec<String>>, usize> {
        Lines(text.into()).rows()
    }

    #[test]
    fn keys_are_read_line_by_line() {
        assert_eq!(rows(" 7 \r\n\r\n8\n").unwrap(), [["7"], ["8"]]);
        assert_eq!(rows("7, a b ,\"x, \"\"y\"\"\"").unwrap(), [["7", "a b", "x, \"y\""]]);
        assert_eq!(rows("\"\",").unwrap(), [["", ""]]);
        assert_eq!(rows("").unwrap(), Vec::<Vec<String>>::new());
    }

    #[test]
    fn a_line_that_can_be_read_in_two_ways_is_refused_by_its_number() {
        assert_eq!(rows("1\n\n\"2"), Err(3));
        assert_eq!(rows("1\"2"), Err(1));
        assert_eq!(rows("\"1\" 2"), Err(1));
    }

    #[test]
    fn what_is_written_is_read_back() {
        for value in ["7", "", " a", "a,b", "\"", "a\"\"b", "\u{1f600}"] {
            let row = vec![value.to_owned(), "1".into()];
            assert_eq!(rows(&Lines::row(&row)).unwrap(), [row]);
        }
    }
}
