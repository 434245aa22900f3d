//! Text and bytes that are hard to quote, to convert or to compare.

use crate::cell;
use crate::spec::{Gen, Table, table};

pub(super) fn tables() -> Vec<Table> {
    vec![unicode(), latin1(), blobs(), sets()]
}

fn quoted(value: &str) -> String {
    let mut out = String::new();
    cell::text(&mut out, value);
    out
}

fn unicode() -> Table {
    let values = [
        ("emoji", "🛡️ 👩🏽‍💻 🇮🇳 🏴󠁧󠁢󠁥󠁮󠁧󠁿 \u{1F9FE}"),
        ("quotes", "it's \"quoted\" `and` ''doubled'' \\'escaped\\'"),
        ("backslashes", "C:\\new\\table\\0\\Z \\\\server\\share\\"),
        ("control", "tab\tnewline\ncr\rcrlf\r\nnul\0ctrl-z\u{1a}bell\u{7}esc\u{1b}[31mred\u{7f}"),
        (
            "comment marks",
            "-- not a comment /* nor this */ # nor this; DELIMITER ;;\n\\! echo no\nDELIMITER $$",
        ),
        ("like a dump", "');\nDROP TABLE `core_tenant`;\n-- Dump completed on 2024-01-01"),
        ("combining", "e\u{301} is not é; Å Å \u{200d}\u{200b}\u{feff}"),
        ("right to left", "שלום \u{202e}txt.exe العربية"),
        ("planes", "\u{10FFFF}\u{FFFD}\u{1D11E}漢字かなカナ한글ไทยहिन्दी"),
        ("spaces", "   three before and after   "),
        ("formula", "=HYPERLINK(\"https://example.org\",\"click\")"),
        ("empty", ""),
    ];
    let mut rows: Vec<String> = values
        .iter()
        .enumerate()
        .map(|(at, (name, value))| format!("{},{},{},{}", at + 1, at % 5, quoted(name), quoted(value)))
        .collect();
    rows.push("100,0,'null',NULL".to_owned());
    rows.push(format!("101,1,'long',{}", quoted(&"ünïcödé 🧾 'x' \\ ".repeat(4_000))));
    table("edge_unicode_text", 0)
        .raw("id", "int NOT NULL")
        .raw("TenantId", "int NOT NULL")
        .raw("name", "varchar(60) NOT NULL")
        .raw("content", "longtext")
        .clause("PRIMARY KEY (`id`)")
        .clause("FULLTEXT KEY `edge_unicode_text_content_ft` (`content`)")
        .rows(rows)
}

/// Every character of latin1 that is not ASCII, the ones Windows added included. The connection sends UTF-8;
/// the server stores single bytes, 0x80 to 0xff.
fn latin1() -> Table {
    let windows: &str = "€\u{81}‚ƒ„…†‡ˆ‰Š‹Œ\u{8d}Ž\u{8f}\u{90}‘’“”•–—˜™š›œ\u{9d}žŸ";
    let upper: String = ('\u{a0}'..='\u{ff}').collect();
    let rows = [
        format!("1,0,'windows',{}", quoted(windows)),
        format!("2,1,'upper half',{}", quoted(&upper)),
        format!("3,2,'prose',{}", quoted("Prüfung der Zulieferer in São Paulo – 5 000 €, naïve façade, Ærø")),
        "4,3,'nothing',NULL".to_owned(),
    ];
    table("legacy_latin1_notes", 0)
        .raw("id", "int NOT NULL")
        .raw("TenantId", "int NOT NULL")
        .raw("name", "varchar(40) NOT NULL")
        .raw("note", "varchar(400) DEFAULT NULL")
        .clause("PRIMARY KEY (`id`)")
        .options(
            "DEFAULT CHARACTER SET latin1 COLLATE latin1_swedish_ci COMMENT='kept since 2009: naïve façade'",
        )
        .rows(rows)
}

fn blobs() -> Table {
    let every = (0..=u8::MAX).map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().concat();
    let rows = [
        format!("1,0,x'{every}',x'{every}',x'00000000000000000000000000000000',x'{every}',x'{every}'"),
        "2,1,x'',x'',x'27225c0a0d001a60000000000000aaff',x'',NULL".to_owned(),
        format!(
            "3,2,x'00',x'0a',x'ffffffffffffffffffffffffffffffff',x'{}',x'{}'",
            every.repeat(8),
            every.repeat(400)
        ),
        // Bytes that are not UTF-8, and a UTF-8 text cut in the middle of a character.
        "4,3,x'c328f0288cbc',x'f09f9b',x'20202020202020202020202020202020',x'efbfbe',x'1f8b0800'".to_owned(),
    ];
    table("edge_blobs", 0)
        .raw("id", "int NOT NULL")
        .raw("TenantId", "int NOT NULL")
        .raw("tiny", "varbinary(256) NOT NULL")
        .raw("variable", "varbinary(300) NOT NULL")
        .raw("fixed", "binary(16) NOT NULL")
        .raw("medium", "mediumblob NOT NULL")
        .raw("large", "longblob")
        .clause("PRIMARY KEY (`id`)")
        .clause("KEY `edge_blobs_medium_idx` (`medium`(20))")
        .rows(rows)
}

fn sets() -> Table {
    table("edge_sets_and_enums", 400)
        .constant()
        .id()
        .tenant()
        .col(
            "frequency",
            "enum('daily','it''s \"odd\"','a,b','ünï','','back\\\\slash') NOT NULL DEFAULT ''",
            Gen::Pick(&["daily", "it's \"odd\"", "a,b", "ünï", "", "back\\slash"]),
        )
        .col(
            "channels",
            "set('email','sms','phone call','ünï','x''y') DEFAULT NULL",
            Gen::Maybe(
                10,
                Box::new(Gen::Pick(&["", "email", "email,sms", "email,sms,phone call,ünï,x'y", "x'y"])),
            ),
        )
        .col("size", "enum('s','m','l') CHARACTER SET latin1 DEFAULT NULL", Gen::Pick(&["s", "m", "l"]))
}
