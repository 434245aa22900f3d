//! Several values typed into one text area, one per line: works without JavaScript and for thousands of them.

use serde::{Deserialize, Serialize};

/// What was typed. Blank lines and the blanks around a line do not count.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Lines(pub String);

impl Lines {
    /// The lines as one value each. A line in double quotes is what stands between them, a quote in it written
    /// twice: for values that begin with a quote or have outer blanks.
    pub fn names(&self) -> Vec<String> {
        let lines = self.0.lines().map(str::trim).filter(|line| !line.is_empty());
        lines.map(|line| whole(line).unwrap_or_else(|| line.to_owned())).collect()
    }
    /// Values as [`Self::names`] reads them.
    pub fn of_names(values: impl IntoIterator<Item = impl AsRef<str>>) -> Self {
        let quoted = |value: &str| {
            let is_plain = !value.is_empty() && value.trim() == value && !value.starts_with('"');
            if is_plain { value.to_owned() } else { format!("\"{}\"", value.replace('"', "\"\"")) }
        };
        Self(values.into_iter().map(|value| quoted(value.as_ref())).collect::<Vec<_>>().join("\n"))
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

/// A line that is one quoted value.
fn whole(line: &str) -> Option<String> {
    let (value, after) = unquoted(line.strip_prefix('"')?)?;
    after.is_empty().then_some(value)
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

    fn row(values: &[&str]) -> Vec<String> {
        values.iter().map(|value| (*value).to_owned()).collect()
    }

    #[test]
    fn keys_are_read_line_by_line() {
        assert_eq!(rows(" 7 \r\n\r\n8\n"), Ok(vec![row(&["7"]), row(&["8"])]));
        assert_eq!(rows("7, a b ,\"x, \"\"y\"\"\""), Ok(vec![row(&["7", "a b", "x, \"y\""])]));
        assert_eq!(rows("\"\","), Ok(vec![row(&["", ""])]));
        assert_eq!(rows(""), Ok(vec![]));
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
            let row = row(&[value, "1"]);
            assert_eq!(rows(&Lines::row(&row)), Ok(vec![row.clone()]));
            assert_eq!(Lines::of_names(&row).names(), row);
        }
    }
}
