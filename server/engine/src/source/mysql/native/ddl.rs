//! A table's definition, cut so that its keys can be added after its rows.
//!
//! Filling a key row by row costs several times what building it once from a full table does. What the server prints
//! after that must equal the original word for word, and servers print keys in an order that partly depends on the
//! order in which they were added. So keys are taken out all together or not at all: wherever one of them must be
//! there from the beginning, or anything is not as servers print it, the definition stays whole.

use domain::sources::quote_identifier;

use crate::source::inventory::Table;

/// A definition in two parts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Definition {
    /// Makes the table.
    pub create: String,
    /// Adds keys, after the rows.
    pub keys: Option<String>,
    /// Adds foreign keys, after the keys of all tables.
    pub foreign_keys: Option<String>,
}

/// What a definition refers to, and what may be taken out of it.
#[derive(Debug, Default)]
pub struct Anatomy {
    head: String,
    tail: String,
    items: Vec<(Item, String)>,
    /// Tables and columns that its foreign keys refer to.
    pub references: Vec<(String, Vec<String>)>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Item {
    /// A column, a primary key, a check: stays.
    Stays,
    /// A key that can be added later.
    Key,
    /// A foreign key.
    Foreign,
    /// Makes the whole definition stay as it is.
    Forbids,
}

impl Anatomy {
    /// Takes what SHOW CREATE TABLE said apart. Nothing if it is not as expected.
    pub fn of(create: &str) -> Option<Self> {
        let (start, end, commas) = body(create)?;
        let mut edges = vec![start];
        edges.extend(commas.iter().flat_map(|comma| [*comma, *comma + 1]));
        edges.push(end);
        let mut anatomy = Self {
            head: create.get(..start)?.to_owned(),
            tail: create.get(end..)?.to_owned(),
            ..Self::default()
        };
        for edge in edges.chunks(2) {
            let [from, to] = edge else { return None };
            let text = create.get(*from..*to)?.trim();
            let item = classify(text);
            if item == Item::Foreign {
                anatomy.references.push(reference(text)?);
            }
            anatomy.items.push((item, text.to_owned()));
        }
        Some(anatomy)
    }

    /// The primary key's first column.
    fn first_of_primary(&self) -> Option<String> {
        let key = self.items.iter().find_map(|(_, text)| text.strip_prefix("PRIMARY KEY ("))?;
        quoted(key).map(|(name, _)| name)
    }

    /// Cuts the definition of `table`, none of whose keys but the primary one is referred to by others.
    fn cut(&self, table: &Table) -> Option<Definition> {
        let primary = self.first_of_primary();
        let counted =
            self.items.iter().find(|(item, text)| *item == Item::Stays && says(text, "AUTO_INCREMENT"));
        let counted = counted.and_then(|(_, text)| quoted(text)).map(|(name, _)| name);
        let whole = self.items.iter().any(|(item, _)| *item == Item::Forbids)
            || primary.is_none()
            || (counted.is_some() && counted != primary)
            || table.system_versioned
            || !table.engine.eq_ignore_ascii_case("innodb")
            || says(&self.tail, "PARTITION BY");
        if whole {
            return None;
        }
        let of = |wanted: Item| -> Vec<&str> {
            self.items.iter().filter(|(item, _)| *item == wanted).map(|(_, text)| text.as_str()).collect()
        };
        let (stays, keys, foreign) = (of(Item::Stays), of(Item::Key), of(Item::Foreign));
        let alter = |added: &[&str]| {
            let added: Vec<_> = added.iter().map(|text| format!("ADD {text}")).collect();
            (!added.is_empty())
                .then(|| format!("ALTER TABLE {} {}", quote_identifier(&table.name), added.join(", ")))
        };
        keys.first()?;
        Some(Definition {
            create: format!("{}\n  {}\n{}", self.head, stays.join(",\n  "), self.tail),
            keys: alter(&keys),
            foreign_keys: alter(&foreign),
        })
    }
}

/// Cuts the definition of `table` if `wanted` says that its keys are to be added later. `referenced` are columns of it
/// that foreign keys of any table refer to: they need their key from the beginning, unless it is the primary one.
pub fn cut(table: &Table, primary: &[String], referenced: &[Vec<String>], wanted: bool) -> Definition {
    let needed = referenced.iter().any(|columns| !primary.starts_with(columns));
    let cut =
        (wanted && !needed).then(|| Anatomy::of(&table.create_sql).and_then(|anatomy| anatomy.cut(table)));
    cut.flatten().unwrap_or_else(|| Definition {
        create: table.create_sql.clone(),
        keys: None,
        foreign_keys: None,
    })
}

/// The definition with its next automatic number as an option, which spares a server the second of two changes; nothing
/// if it is not as servers print it.
pub fn counting_from(create: &str, next: u64) -> Option<String> {
    let (_, end, _) = body(create)?;
    let options = create.get(end..)?;
    options.starts_with(") ENGINE=").then(|| {
        format!(
            "{}) AUTO_INCREMENT={next} {}",
            create.get(..end).unwrap_or_default(),
            options.get(2..).unwrap_or_default()
        )
    })
}

fn classify(text: &str) -> Item {
    if text.starts_with('`') || text.starts_with("PRIMARY KEY (") {
        Item::Stays
    } else if text.starts_with("KEY `") || text.starts_with("UNIQUE KEY `") {
        // A key over an expression has a hidden column, whose place the order of keys decides.
        if text.contains("((") { Item::Forbids } else { Item::Key }
    } else if let Some(rest) = text.strip_prefix("CONSTRAINT ") {
        match quoted(rest).map(|(_, rest)| rest.trim_start()) {
            Some(rest) if rest.starts_with("FOREIGN KEY (") => Item::Foreign,
            Some(rest) if rest.starts_with("CHECK") => Item::Stays,
            _ => Item::Forbids,
        }
    } else if text.starts_with("FULLTEXT KEY `") || text.starts_with("CHECK ") {
        // Full text keys are printed last, whenever they were added.
        Item::Stays
    } else {
        Item::Forbids
    }
}

/// Table and columns after REFERENCES; a table of another database has an empty name.
fn reference(text: &str) -> Option<(String, Vec<String>)> {
    let at = find(text, " REFERENCES ")?;
    let (table, rest) = quoted(text.get(at + " REFERENCES ".len()..)?)?;
    if rest.starts_with('.') {
        return Some((String::new(), Vec::new()));
    }
    let mut rest = rest.trim_start().strip_prefix('(')?;
    let mut columns = Vec::new();
    loop {
        let (column, after) = quoted(rest.trim_start())?;
        columns.push(column);
        let after = after.trim_start();
        match after.strip_prefix(',') {
            Some(more) => rest = more,
            None => return after.starts_with(')').then_some((table, columns)),
        }
    }
}

/// A name in backticks at the beginning, and what follows it.
fn quoted(text: &str) -> Option<(String, &str)> {
    let mut rest = text.strip_prefix('`')?;
    let mut name = String::new();
    loop {
        let at = rest.find('`')?;
        name.push_str(rest.get(..at)?);
        rest = rest.get(at + 1..)?;
        match rest.strip_prefix('`') {
            Some(more) => {
                name.push('`');
                rest = more;
            }
            None => return Some((name, rest)),
        }
    }
}

/// Walks over the text outside of quotes: byte positions and bytes.
fn outside(text: &str) -> impl Iterator<Item = (usize, u8)> {
    let (mut quote, mut escaped) = (None, false);
    text.bytes().enumerate().filter(move |(_, byte)| match quote {
        Some(open) => {
            if escaped {
                escaped = false;
            } else if *byte == b'\\' && open != b'`' {
                escaped = true;
            } else if *byte == open {
                // A doubled quote opens again at once, which comes to the same.
                quote = None;
            }
            false
        }
        None if matches!(byte, b'`' | b'\'' | b'"') => {
            quote = Some(*byte);
            false
        }
        None => true,
    })
}

/// The text without what stands between quotes, one space for each.
pub fn unquoted(text: &str) -> String {
    let mut bytes = vec![b' '; text.len()];
    for (at, byte) in outside(text) {
        if let Some(place) = bytes.get_mut(at) {
            *place = byte;
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

fn find(text: &str, wanted: &str) -> Option<usize> {
    outside(text).map(|(at, _)| at).find(|at| text.get(*at..).is_some_and(|rest| rest.starts_with(wanted)))
}

/// Whether the text says this outside of quotes.
fn says(text: &str, wanted: &str) -> bool {
    find(text, wanted).is_some()
}

/// Begin and end of what stands between the outermost parentheses, and the commas on that level.
fn body(create: &str) -> Option<(usize, usize, Vec<usize>)> {
    let (mut depth, mut start, mut commas) = (0u32, None, Vec::new());
    for (at, byte) in outside(create) {
        match byte {
            b'(' => {
                depth += 1;
                if depth == 1 && start.is_none() {
                    start = Some(at + 1);
                }
            }
            b')' => {
                depth = depth.checked_sub(1)?;
                if depth == 0 {
                    return start.map(|start| (start, at, commas));
                }
            }
            b',' if depth == 1 => commas.push(at),
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    fn table(create: &str) -> Table {
        Table {
            name: "t`x".into(),
            engine: "InnoDB".into(),
            transactional: true,
            system_versioned: false,
            collation: String::new(),
            rows_estimate: 0,
            bytes_estimate: 0,
            auto_increment: None,
            columns: Vec::new(),
            create_sql: create.into(),
        }
    }

    const CREATE: &str = "CREATE TABLE `t``x` (\n  `id` int NOT NULL AUTO_INCREMENT,\n  `a,(` varchar(9) DEFAULT 'x\\'),(' COMMENT 'KEY `k` (`id`)',\n  \
         `d` decimal(3,1) GENERATED ALWAYS AS (round(`id`,1)) VIRTUAL,\n  PRIMARY KEY (`id`),\n  UNIQUE KEY `u` (`a,(`(3),`id`),\n  KEY `k` (`d`) COMMENT 'a, b',\n  \
         CONSTRAINT `f` FOREIGN KEY (`id`, `d`) REFERENCES `o` (`p`, `q`) ON DELETE CASCADE,\n  CONSTRAINT `c` CHECK (`id` > 0)\n) ENGINE=InnoDB";

    #[test]
    fn keys_are_taken_out_and_put_back() {
        let cut = cut(&table(CREATE), &["id".into()], &[vec!["id".into()]], true);
        assert_eq!(
            cut.create,
            "CREATE TABLE `t``x` (\n  `id` int NOT NULL AUTO_INCREMENT,\n  `a,(` varchar(9) DEFAULT 'x\\'),(' COMMENT 'KEY `k` (`id`)',\n  \
             `d` decimal(3,1) GENERATED ALWAYS AS (round(`id`,1)) VIRTUAL,\n  PRIMARY KEY (`id`),\n  CONSTRAINT `c` CHECK (`id` > 0)\n) ENGINE=InnoDB"
        );
        assert_eq!(
            cut.keys.unwrap(),
            "ALTER TABLE `t``x` ADD UNIQUE KEY `u` (`a,(`(3),`id`), ADD KEY `k` (`d`) COMMENT 'a, b'"
        );
        assert_eq!(
            cut.foreign_keys.unwrap(),
            "ALTER TABLE `t``x` ADD CONSTRAINT `f` FOREIGN KEY (`id`, `d`) REFERENCES `o` (`p`, `q`) ON DELETE CASCADE"
        );
        let anatomy = Anatomy::of(CREATE).unwrap();
        assert_eq!(anatomy.references, [("o".to_owned(), vec!["p".to_owned(), "q".to_owned()])]);
    }

    #[test]
    fn the_next_number_is_an_option_of_the_table() {
        let counting = counting_from(CREATE, 42).unwrap();
        assert!(counting.ends_with("(`id` > 0)\n) AUTO_INCREMENT=42 ENGINE=InnoDB"), "{counting}");
        assert!(counting.starts_with("CREATE TABLE `t``x` (\n  `id` int NOT NULL AUTO_INCREMENT,\n"));
        assert_eq!(counting_from("CREATE TABLE t (a int) TABLESPACE x ENGINE=InnoDB", 42), None);
        assert_eq!(counting_from("CREATE TABLE t", 42), None);
    }

    #[test]
    fn a_definition_stays_whole_where_a_key_is_needed_from_the_beginning() {
        let whole = |create: &str, primary: &[String], referenced: &[Vec<String>]| {
            let table = table(create);
            let cut = cut(&table, primary, referenced, true);
            assert_eq!(cut, Definition { create: create.into(), keys: None, foreign_keys: None }, "{create}");
        };
        let id = ["id".to_owned()];
        whole(CREATE, &id, &[vec!["a".into()]]);
        whole("CREATE TABLE `t` (\n  `id` int,\n  KEY `k` (`id`)\n) ENGINE=InnoDB", &[], &[]);
        whole(
            "CREATE TABLE `t` (\n  `id` int,\n  `n` int AUTO_INCREMENT,\n  PRIMARY KEY (`id`),\n  KEY `k` (`n`)\n) ENGINE=InnoDB",
            &id,
            &[],
        );
        whole(
            "CREATE TABLE `t` (\n  `id` int,\n  PRIMARY KEY (`id`),\n  KEY `k` ((lower(`id`)))\n) ENGINE=InnoDB",
            &id,
            &[],
        );
        whole(
            "CREATE TABLE `t` (\n  `id` int,\n  PRIMARY KEY (`id`),\n  SPATIAL KEY `k` (`g`)\n) ENGINE=InnoDB",
            &id,
            &[],
        );
        whole(
            "CREATE TABLE `t` (\n  `id` int,\n  PRIMARY KEY (`id`),\n  KEY `k` (`g`)\n) ENGINE=InnoDB\n PARTITION BY HASH (`id`)",
            &id,
            &[],
        );
        whole("CREATE TABLE t AS SELECT 1", &id, &[]);
    }
}
