//! Dumps that were cut up, cut off, or made to be misread.

use super::*;

const DUMP: &str = r"/*M!999999\- enable the sandbox mode */ 
-- MariaDB dump 10.19
/*!40101 SET NAMES utf8mb4 */;
--
-- CHANGE MASTER TO MASTER_LOG_FILE='bin.000001', MASTER_LOG_POS=4093;
CREATE SEQUENCE `s1` start with 1;
DO SETVAL(`s1`, 1001, 0);
--
-- Table structure for table `a``b`
--
CREATE TABLE `a``b` (
  `id` int(11) DEFAULT (1) COMMENT 'it''s );\n-- Dump completed',
  PRIMARY KEY (`id`)
) ENGINE=InnoDB /*!50100 PARTITION BY LIST COLUMNS(x) (PARTITION p VALUES IN ('*/;'))*/;
/*!40000 ALTER TABLE `a``b` DISABLE KEYS */;
INSERT INTO `a``b` (`id`, `values`) VALUES
(1,'x\'),(2,\\'),
(2,'it''s)'),(3,0xFF),(-4,NULL);
INSERT INTO `a``b` VALUES (5,POINT(1,2));
CREATE TABLE `n
-- Dump completed
x` (`id` int);
INSERT INTO `n
-- Dump completed
x` VALUES (1);
-- SET GLOBAL gtid_slave_pos='0-7-20';
/*!40111 SET SQL_NOTES=@OLD_SQL_NOTES */;

-- Dump completed on 2026-11-24 22:10:26
";

fn read(text: &str, size: usize) -> DumpLexer {
    let mut lexer = DumpLexer::new(3, &[]);
    for chunk in text.as_bytes().chunks(size) {
        lexer.feed(chunk);
    }
    lexer
}

#[test]
fn a_dump_is_understood_however_it_is_cut_into_pieces() {
    let whole = read(DUMP, DUMP.len());
    assert_eq!(whole.created, ["a`b", "n\n-- Dump completed\nx"]);
    assert_eq!(whole.sequences, ["s1"]);
    assert_eq!(whole.tuples["a`b"].rows, 5);
    assert_eq!(whole.tuples["n\n-- Dump completed\nx"].rows, 1);
    assert_eq!(whole.position, Some(("bin.000001".into(), 4093)));
    assert_eq!(whole.gtid.as_deref(), Some("0-7-20"));
    assert!(whole.complete);
    for size in 1..200 {
        let pieces = read(DUMP, size);
        assert_eq!(pieces.tuples, whole.tuples, "{size}");
        assert_eq!((pieces.created, pieces.complete), (whole.created.clone(), true), "{size}");
    }
}

#[test]
fn a_dump_that_was_cut_off_is_never_complete() {
    let last_line = DUMP.len() - "-- Dump completed on 2026-11-24 22:10:26\n".len();
    for length in 0..last_line {
        assert!(!read(&DUMP[..length], 4096).complete, "{length}");
    }
    assert!(!read(&format!("{DUMP}DROP TABLE x;"), 4096).complete);
}

#[test]
fn values_computed_from_float_are_left_out() {
    let column = |name: &str, class| Column {
        name: name.into(),
        definition: String::new(),
        charset: None,
        class,
        generated: false,
        invisible: false,
    };
    let table = Table {
        name: "t".into(),
        engine: "InnoDB".into(),
        transactional: true,
        system_versioned: false,
        collation: String::new(),
        rows_estimate: 0,
        bytes_estimate: 0,
        auto_increment: None,
        columns: vec![
            column("a", ColumnClass::Exact),
            column("g", ColumnClass::FromFloat),
            column("b", ColumnClass::Exact),
        ],
        create_sql: String::new(),
    };
    let sum = |text: &str| {
        let mut lexer = DumpLexer::new(3, std::slice::from_ref(&table));
        lexer.feed(text.as_bytes());
        lexer.tuples["t"].sum
    };
    let all = sum("INSERT INTO `t` VALUES (1,2.5,'x');");
    assert_eq!(all, sum("INSERT INTO `t` VALUES (1,NULL,'x');"));
    assert_eq!(all, sum("INSERT INTO `t` (`a`, `g`, `b`) VALUES (1,9,'x');"));
    assert_eq!(all, sum("INSERT INTO `t` (`a`, `b`) VALUES (1,'x');"));
    assert_ne!(all, sum("INSERT INTO `t` VALUES (2,2.5,'x');"));
    assert_ne!(all, sum("INSERT INTO `t` VALUES (1,2.5,'y');"));
}

#[test]
fn one_changed_value_changes_the_sum() {
    let other = read(&DUMP.replace("0xFF", "0xFE"), 4096);
    assert_ne!(other.tuples["a`b"].sum, read(DUMP, 4096).tuples["a`b"].sum);
}
