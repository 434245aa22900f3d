//! A server's words without customers' values.
//!
//! Some messages quote what is in a row ("Duplicate entry 'ann@example.org' for key …"). That is the customer's data and
//! belongs neither in an error nor in a log, an event or a notice. Searching texts for what looks like a value would
//! miss the next message that quotes one, so it is the other way round: the words of a number are repeated only if
//! it is known that they name nothing but things of the schema, the account or the server. Of the few numbers that
//! matter and quote a value, what stands around it is kept: the key, the column, the line. Of all others the number
//! remains, which every manual explains.
//!
//! A trigger that raises an error may put a row's values into its words, and may even give them another number; words
//! are told from those of the server by how the server's begin.

use crate::source::tool::Exit;

/// Numbers whose words name tables, columns, keys, accounts, settings and files only.
const fn names_only(code: u16) -> bool {
    matches!(
        code,
        // Databases, tables, columns and keys that are there, are not, or cannot be as asked.
        1004..=1010 | 1016 | 1017 | 1022 | 1025 | 1030..=1036 | 1044..=1051 | 1054 | 1060 | 1061
            | 1067..=1075 | 1091 | 1100..=1103 | 1109 | 1113..=1118 | 1136 | 1138 | 1146 | 1147 | 1163
            | 1167..=1173 | 1176 | 1194..=1196 | 1305 | 1347..=1351 | 1356 | 1360 | 1412 | 1415 | 1418
            | 1419 | 1442 | 1449 | 1503 | 1542..=1545 | 1577 | 1615 | 1684 | 1709 | 1712 | 1813 | 1901
            | 1906 | 1932 | 3105 | 3161 | 3675 | 3734 | 3750 | 3780 | 4025 | 3819
        // Values that do not fit, told by their column alone.
            | 1263..=1265 | 1364 | 1406
        // Foreign keys, told by their definition.
            | 1215..=1217 | 1451 | 1452 | 1822..=1828 | 1832..=1834
        // Accounts and what they may.
            | 1130 | 1142 | 1143 | 1227 | 1290 | 1370 | 1396 | 1410 | 1524 | 1698 | 1820 | 1862 | 3118 | 3159
            | 3530 | 4151
        // Settings, character sets, the server's state, its logs and its connections.
            | 1021 | 1040 | 1053 | 1129 | 1153 | 1158..=1161 | 1180 | 1181 | 1193 | 1203 | 1205 | 1206 | 1213 | 1226
            | 1235 | 1236 | 1238 | 1267 | 1271 | 1273 | 1283 | 1286 | 1298 | 1317 | 1381 | 1436 | 1478 | 1792 | 1836
            | 1837 | 1840..=1842 | 1927 | 1969 | 2000..=2063 | 3024 | 3098..=3100 | 3572
    )
}

/// What stands before the value in the words of a number that quotes one, and what may stand behind it.
const fn around(code: u16) -> Option<(&'static str, &'static [&'static str])> {
    match code {
        1062 | 1586 => Some(("Duplicate entry '", &["' for key "])),
        1292 | 1366 => Some((" value: '", &["' for column ", "' for function "])),
        1064 => Some((" near '", &["' at line "])),
        _ => None,
    }
}

/// From this length on the server may have cut its words at the end, and with them the names behind the value.
const CUT: usize = 470;

/// What may be repeated of a server's words; nothing if it is the number alone. `said` is the server's message or what
/// a client program made of it.
pub fn repeatable(code: u16, said: &str) -> Option<String> {
    let said = said.trim();
    if let Some((before, behind)) = around(code) {
        let begin = said.find(before)? + before.len();
        let (lead, rest) = (&said[..begin], &said[begin..]);
        // A value may hold quotation marks, whole lines and what looks like the end itself: the last one is it.
        let end = behind.iter().filter_map(|end| rest.rfind(end)).max().filter(|_| rest.len() < CUT);
        let tail = end.and_then(|end| rest[end..].lines().next()).unwrap_or("'");
        return first_words(lead).map(|lead| format!("{lead}…{tail}"));
    }
    (names_only(code) && !said.is_empty() && !is_raised(said)).then(|| said.to_owned())
}

/// What leads to the value, if it is the server's sentence and not a part of somebody's text.
fn first_words(lead: &str) -> Option<&str> {
    (lead.len() < 300 && lead.lines().count() <= 4).then_some(lead)
}

/// Whether a client program's words say that a trigger or routine raised the error (SQLSTATE 45000).
fn is_raised(said: &str) -> bool {
    said.contains("(45000)")
}

/// A line that stands before and behind the statement which MariaDB's client repeats when it fails.
const RULE: &str = "--------------\n";

/// What a client program said, without the statement that it repeats before: that is rows, and may be longer than what
/// is kept. Rows have no line breaks in a statement, so the next rule is its end.
pub fn spoken(exit: &Exit) -> &str {
    let begins = exit.stderr.starts_with(RULE) || exit.stderr.contains(&format!("\n{RULE}"));
    let Some((_, repeated)) = exit.stderr.split_once(RULE).filter(|_| begins) else { return &exit.stderr };
    let end = repeated.split_once(RULE).or_else(|| exit.ending.split_once(RULE));
    end.map_or("", |(_, said)| said)
}

/// A program's own words, of which nothing is known: whatever is in quotation marks is left out.
pub fn unquoted(said: &str) -> String {
    let is_quote = |character: char| matches!(character, '\'' | '"');
    match (said.find(is_quote), said.rfind(is_quote)) {
        (Some(first), Some(last)) if first < last => format!("{}…{}", &said[..=first], &said[last..]),
        _ => said.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_in_a_row_is_not_repeated() {
        let long = "secret".repeat(100);
        for (code, said, shown) in [
            (
                1062,
                "Duplicate entry 'ann@example.org' for key 'users.email'".to_owned(),
                Some("Duplicate entry '…' for key 'users.email'"),
            ),
            (
                1062,
                "ERROR 1062 (23000) at line 5: Duplicate entry 'it's for key\n' for key '' for key 'PRIMARY'"
                    .to_owned(),
                Some("ERROR 1062 (23000) at line 5: Duplicate entry '…' for key 'PRIMARY'"),
            ),
            // So long that the server cut the end off: what looks like one is in the value.
            (1062, format!("Duplicate entry '{long}' for key 'secret"), Some("Duplicate entry '…'")),
            (1062, "Duplicate entry 'secret".to_owned(), Some("Duplicate entry '…'")),
            (1062, "Doppelter Eintrag 'secret' für Schlüssel 'a'".to_owned(), None),
            (
                1366,
                "Incorrect integer value: 'secret' for column 'd'.'t'.'c' at row 1".to_owned(),
                Some("Incorrect integer value: '…' for column 'd'.'t'.'c' at row 1"),
            ),
            (
                1366,
                "Incorrect string value: '\\xE4 value: 'secret' for column `d`.`t`.`c` at row 1".to_owned(),
                Some("Incorrect string value: '…' for column `d`.`t`.`c` at row 1"),
            ),
            (
                1292,
                "Truncated incorrect DOUBLE value: 'secret'".to_owned(),
                Some("Truncated incorrect DOUBLE value: '…'"),
            ),
            (
                1064,
                "You have an error in your SQL syntax; … near 'secret', 5)' at line 1".to_owned(),
                Some("You have an error in your SQL syntax; … near '…' at line 1"),
            ),
            (1146, "Table 'd.t' doesn't exist".to_owned(), Some("Table 'd.t' doesn't exist")),
            (1690, "BIGINT value is out of range in '(1 - secret)'".to_owned(), None),
            (1526, "Table has no partition for value secret".to_owned(), None),
            (1644, "no: secret".to_owned(), None),
            (1146, "ERROR 1146 (45000) at line 5: secret".to_owned(), None),
            (1918, "Encountered illegal value 'secret' when converting to INT".to_owned(), None),
        ] {
            assert_eq!(repeatable(code, &said).as_deref(), shown, "{code}: {said}");
        }
    }

    #[test]
    fn the_statement_that_a_client_repeats_is_left_out() {
        let exit = |stderr: &str, ending: &str| Exit {
            status: std::os::unix::process::ExitStatusExt::from_raw(256),
            stderr: stderr.into(),
            ending: ending.into(),
        };
        let error = "ERROR 1146 (42S02) at line 2: Table 'd.t' doesn't exist\n";
        let statement = "INSERT INTO t VALUES ('ERROR 1045 (28000): secret')";
        let whole = format!("--------------\n{statement}\n--------------\n\n{error}");
        assert_eq!(spoken(&exit(&whole, &whole)).trim(), error.trim());
        // So long that its end is only at the end of what was said.
        let cut = format!("a warning\n--------------\n{statement}");
        assert_eq!(spoken(&exit(&cut, &format!("secret')\n--------------\n\n{error}"))).trim(), error.trim());
        assert_eq!(spoken(&exit(&cut, "secret")), "");
        assert_eq!(spoken(&exit(error, error)), error);
    }

    #[test]
    fn a_programs_words_lose_what_they_quote() {
        assert_eq!(unquoted("Unknown command '\\s' in 'it's' here"), "Unknown command '…' here");
        assert_eq!(unquoted("Error in field count"), "Error in field count");
        assert_eq!(unquoted("one ' alone"), "one ' alone");
    }
}
