//! Databases that try everything a server can hold: every type with the values at its edges, and a shop for films in the
//! manner of the one that both families have shipped as their example for twenty years.

use domain::sources::ServerFamily::{self, Mariadb, Mysql};

/// What the session that fills a database needs, so that nothing is refused or mended on its way in.
pub fn begin(name: &str) -> Vec<String> {
    vec![
        format!("CREATE DATABASE {name} CHARACTER SET latin1 COLLATE latin1_swedish_ci"),
        format!("USE {name}"),
        "SET NAMES utf8mb4".into(),
        "SET SESSION sql_mode='NO_AUTO_VALUE_ON_ZERO,ALLOW_INVALID_DATES', time_zone='+00:00', foreign_key_checks=0".into(),
    ]
}

fn all_bytes() -> String {
    (0..=255u8).map(|byte| format!("{byte:02x}")).collect()
}

/// Numbers, bits, times, bytes, enumerations.
pub fn plain_types() -> Vec<String> {
    let bits = |each: &dyn Fn(u32) -> String| (1..=64).map(each).collect::<Vec<_>>().join(",");
    let bytes = all_bytes();
    vec![
        "CREATE TABLE ints (id INT AUTO_INCREMENT PRIMARY KEY, t TINYINT, tu TINYINT UNSIGNED, s SMALLINT, su SMALLINT UNSIGNED, \
         m MEDIUMINT, mu MEDIUMINT UNSIGNED, i INT, iu INT UNSIGNED, b BIGINT, bu BIGINT UNSIGNED, z INT(8) UNSIGNED ZEROFILL, \
         o BOOLEAN, y YEAR) AUTO_INCREMENT=4711"
            .into(),
        "INSERT INTO ints VALUES (0,0,0,0,0,0,0,0,0,0,0,0,0,0), \
         (-5,-128,255,-32768,65535,-8388608,16777215,-2147483648,4294967295,-9223372036854775808,18446744073709551615,42,1,1901), \
         (7,127,1,32767,1,8388607,1,2147483647,1,9223372036854775807,1,4294967295,0,2155), \
         (8,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL)"
            .into(),
        "CREATE TABLE unsigned_key (id BIGINT UNSIGNED AUTO_INCREMENT PRIMARY KEY, n INT)".into(),
        "INSERT INTO unsigned_key VALUES (0,0),(18446744073709551613,1)".into(),
        "CREATE TABLE decimals (a DECIMAL(65,30), b DECIMAL(65,0), c DECIMAL(10,2) UNSIGNED ZEROFILL, d DECIMAL(30,30), e DECIMAL)".into(),
        format!(
            "INSERT INTO decimals VALUES ({n35}.{n30},{n65},99999999.99,0.{n30},-9999999999),(-{n35}.{n30},-{n65},0,-0.{n30},0), \
             (0.000000000000000000000000000001,0,0.01,0.000000000000000000000000000001,1),(NULL,NULL,NULL,NULL,NULL)",
            n35 = "9".repeat(35),
            n30 = "9".repeat(30),
            n65 = "9".repeat(65),
        ),
        "CREATE TABLE floats (id INT PRIMARY KEY, f FLOAT, u FLOAT UNSIGNED, p FLOAT(24), w FLOAT(10,3), d DOUBLE, du DOUBLE UNSIGNED, \
         dw DOUBLE(20,6), r REAL)"
            .into(),
        "INSERT INTO floats VALUES (1,-0e0,0,-0e0,-0e0,-0e0,0,-0e0,-0e0),(2,1.4e-45,1.4e-45,1.4e-45,0.001,4.9406564584124654e-324,5e-324,0.000001,5e-324), \
         (3,1.17549435e-38,1.17549421e-38,-1.17549421e-38,-1234567.875,2.2250738585072014e-308,2.2250738585072009e-308,-12345678901234.567891,-2.2250738585072009e-308), \
         (4,3.4028234e38,3.4028234e38,-3.4028234e38,9999999.999,1.7976931348623157e308,1.7976931348623157e308,99999999999999.999999,-1.7976931348623157e308), \
         (5,0.1,0.1,0.3333333333,0.1,0.1,0.3333333333333333,0.1,0.1),(6,16777217,123456789,8388609.5,16777.217,9007199254740993,123456789012345678,123456.789,1e22), \
         (7,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL),(8,1e10,1e-10,-1e10,1,1e15,1e16,1,1e-7)"
            .into(),
        format!("CREATE TABLE bits (id INT PRIMARY KEY,{})", bits(&|n| format!("b{n} BIT({n})"))),
        format!("INSERT INTO bits VALUES (1,{}),(2,{}),(3,{}),(4,{})",
            bits(&|_| "b'0'".into()), bits(&|n| format!("b'{}'", "1".repeat(n as usize))),
            bits(&|n| format!("b'{}'", "10".repeat(32).get(..n as usize).unwrap_or_default())), bits(&|_| "NULL".into())),
        "CREATE TABLE times (id INT PRIMARY KEY, y YEAR, d DATE, t TIME, t6 TIME(6), t3 TIME(3), dt DATETIME, dt6 DATETIME(6), \
         ts TIMESTAMP NULL DEFAULT NULL, ts6 TIMESTAMP(6) NULL DEFAULT NULL, \
         kept TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3) ON UPDATE CURRENT_TIMESTAMP(3), made DATETIME DEFAULT CURRENT_TIMESTAMP)"
            .into(),
        "INSERT INTO times VALUES \
         (1,0,'0000-00-00','00:00:00','00:00:00.000001','-00:00:00.001','0000-00-00 00:00:00','0000-00-00 00:00:00.000000','0000-00-00 00:00:00','0000-00-00 00:00:00','0000-00-00 00:00:00','0000-00-00 00:00:00'), \
         (2,1901,'1000-01-01','-838:59:59','-838:59:59.000000','-00:00:00.999','1000-01-01 00:00:00','0001-01-01 00:00:00.000001','1970-01-01 00:00:01','1970-01-01 00:00:01.000001','1970-01-01 00:00:01.001','1000-01-01'), \
         (3,2155,'9999-12-31','838:59:59','838:59:58.999999','100:00:00.5','9999-12-31 23:59:59','9999-12-31 23:59:59.999999','2038-01-19 03:14:07','2038-01-19 03:14:07.999999','2038-01-19 03:14:07.999','9999-12-31 23:59:59'), \
         (4,2000,'2024-00-00','-00:00:01','-00:00:00.000001','0:0:0','2024-10-00 00:00:00','2024-00-00 12:13:14.5','2024-03-31 01:30:00','2024-10-27 01:30:00.123456','2024-10-27 00:30:00','2024-03-31 02:30:00'), \
         (5,1970,'2023-02-31','12:34:56','12:34:56.789012','12:34:56.789','2023-04-31 12:00:00','2023-02-30 12:00:00.5','2000-02-29 12:00:00','2000-02-29 12:00:00','2000-02-29 12:00:00','2000-02-29'), \
         (6,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,'2001-01-01',NULL)"
            .into(),
        "CREATE TABLE bytes (id INT PRIMARY KEY, b BINARY(16), b255 BINARY(255), vb VARBINARY(300), tb TINYBLOB, bl BLOB, mb MEDIUMBLOB, lb LONGBLOB, \
         s CHAR(4) CHARACTER SET binary, t VARCHAR(300) CHARACTER SET binary, d VARBINARY(8) DEFAULT 'a\\'b\\\\')"
            .into(),
        format!(
            "INSERT INTO bytes VALUES (1,x'000102030405060708090a0b0c0d0e0f',x'{part}',x'{bytes}',x'{part}',x'{bytes}',x'{many}',x'{many}',x'00ff5c27',x'{bytes}',DEFAULT), \
             (2,'','','','','','','','','',''),(3,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL),(4,' ','  ',' a ',' ','\\0','\\n','\\\\',' ',' ',' ')",
            part = &bytes[2..],
            many = bytes.repeat(300),
        ),
        // `utf8mb4` letters in a table of another character set, quotes of each kind, commas, backslashes, blanks.
        "CREATE TABLE enums (id INT PRIMARY KEY, e ENUM('a','b,c','it''s','\"','\\\\','\u{e9}','x y','%_') DEFAULT 'b,c', \
         u ENUM('\u{4e2d}','\u{6587}') CHARACTER SET utf8mb4, s SET('a','b''c','d\"e','f\\\\g','h i','\u{e9}') NOT NULL DEFAULT 'a,h i')"
            .into(),
        "INSERT INTO enums VALUES (1,1,1,0),(2,2,2,1),(3,3,NULL,63),(4,4,1,32),(5,5,2,8),(6,6,1,6),(7,7,2,5),(8,8,1,16),(9,NULL,NULL,0)".into(),
        "INSERT IGNORE INTO enums VALUES (10,'no such value','neither','')".into(),
    ]
}

/// Text of every character set that both families have.
pub fn texts() -> Vec<String> {
    let mut statements = Vec::new();
    let wide = "'\u{e9} \u{4e2d}\u{6587} \u{0} \\' \\\\ \\n \\r \u{1a} \"'";
    for charset in ["utf8mb3", "utf8mb4", "ucs2", "utf16", "utf16le", "utf32"] {
        statements.push(format!(
            "CREATE TABLE text_{charset} (id INT PRIMARY KEY, c CHAR(9), v VARCHAR(99) DEFAULT '\u{e9}\\'\\\\', t TEXT, m MEDIUMTEXT, e ENUM('\u{e9}','\u{4e2d}''')) CHARACTER SET {charset}"
        ));
        statements.push(format!("INSERT INTO text_{charset} VALUES (1,' a ',{wide},{wide},REPEAT({wide},100),2),(2,'','','','',1),(3,NULL,NULL,NULL,NULL,NULL),(4,DEFAULT,DEFAULT,'\u{fffd}','x',NULL)"));
    }
    // Beyond the first plane.
    for charset in ["utf8mb4", "utf16", "utf16le", "utf32"] {
        statements.push(format!("INSERT INTO text_{charset} VALUES (5,'\u{1f600}','\u{10ffff}\u{1f600}','\u{1f600}','\u{1f600}',1)"));
    }
    for (charset, text) in [
        ("latin1", "\u{e9}\u{20ac}\u{178}"),
        ("latin2", "\u{15b}\u{142}\u{151}"),
        ("latin5", "\u{11f}\u{15f}"),
        ("latin7", "\u{101}\u{10d}"),
        ("ascii", "abc"),
        ("sjis", "\u{8868}\u{30bd}\u{80fd}\u{ff71}"),
        ("cp932", "\u{8868}\u{30bd}\u{2460}\u{ff5e}"),
        ("ujis", "\u{8868}\u{30bd}\u{65e5}"),
        ("eucjpms", "\u{8868}\u{2460}"),
        ("gbk", "\u{4f60}\u{597d}\u{8a57}"),
        ("gb2312", "\u{4f60}\u{597d}"),
        ("big5", "\u{529f}\u{8a31}\u{84cb}"),
        ("euckr", "\u{d55c}\u{ae00}"),
        ("cp1250", "\u{160}\u{17e}"),
        ("cp1251", "\u{416}\u{436}"),
        ("cp1256", "\u{627}\u{628}"),
        ("cp1257", "\u{117}\u{16b}"),
        ("cp850", "\u{e9}\u{2592}"),
        ("cp852", "\u{15b}"),
        ("cp866", "\u{416}\u{2591}"),
        ("koi8r", "\u{416}"),
        ("koi8u", "\u{457}"),
        ("greek", "\u{3b1}\u{3c9}"),
        ("hebrew", "\u{5d0}\u{5ea}"),
        ("tis620", "\u{e01}"),
        ("armscii8", "\u{561}"),
        ("geostd8", "\u{10d0}"),
        ("macroman", "\u{e9}\u{2020}"),
        ("macce", "\u{15b}"),
        ("keybcs2", "\u{10d}"),
        ("hp8", "\u{e9}"),
        ("dec8", "\u{e9}"),
        ("swe7", "\u{e9}\u{e5}"),
    ] {
        statements.push(format!(
            "CREATE TABLE text_{charset} (id VARCHAR(20) PRIMARY KEY, v VARCHAR(600) DEFAULT '{text}', t LONGTEXT, e ENUM('{text}','a') DEFAULT '{text}') CHARACTER SET {charset} COMMENT='{text}'"
        ));
        statements.push(format!("INSERT INTO text_{charset} VALUES ('{text}','{text}','it''s {text} \\\\ \\n\\0',1),('a',NULL,NULL,NULL),('b',DEFAULT,'',DEFAULT)"));
        // Every byte that a set of one byte has, whether it means anything or not.
        if !matches!(
            charset,
            "sjis" | "cp932" | "ujis" | "eucjpms" | "gbk" | "gb2312" | "big5" | "euckr" | "ascii" | "swe7"
        ) {
            statements.push(format!(
                "INSERT INTO text_{charset} VALUES ('zz',x'{all}',x'{all}',NULL)",
                all = all_bytes()
            ));
        }
    }
    statements
}

/// What tables and columns can be besides their types.
pub fn shapes(family: ServerFamily) -> Vec<String> {
    let mut statements: Vec<String> = [
        "CREATE TABLE computed (id INT PRIMARY KEY, a INT, v INT GENERATED ALWAYS AS (a*2) VIRTUAL, s VARCHAR(40) AS (CONCAT('x\\'',a)) STORED, h INT INVISIBLE, \
         w DOUBLE AS (a/3) STORED, CONSTRAINT positive CHECK (a>0), CHECK (h<>3 OR a<>4))",
        "INSERT INTO computed (id,a,h) VALUES (1,1,NULL),(2,2,7)",
        "CREATE TABLE defaults (id INT PRIMARY KEY, u VARCHAR(36) DEFAULT (UUID()), n INT DEFAULT (1+2), j JSON DEFAULT (JSON_ARRAY(1,'a')), t TEXT DEFAULT ('a,b'), b BIT(3) DEFAULT b'101', \
         d DECIMAL(5,2) DEFAULT -1.50, c CHAR(3) DEFAULT '''', e TIMESTAMP(6) DEFAULT CURRENT_TIMESTAMP(6), x DATETIME DEFAULT '2001-02-03 04:05:06', z INT NOT NULL COMMENT 'it''s; \\\\ DEFAULT 3')",
        "INSERT INTO defaults (id,z) VALUES (1,1)",
        "CREATE TABLE by_range (id INT, d DATE, PRIMARY KEY (id,d)) PARTITION BY RANGE (YEAR(d)) (PARTITION `p``0` VALUES LESS THAN (2000) COMMENT='it''s', PARTITION p1 VALUES LESS THAN (2020), PARTITION p2 VALUES LESS THAN MAXVALUE)",
        "INSERT INTO by_range VALUES (1,'1999-01-01'),(2,'2010-01-01'),(3,'2030-01-01')",
        "CREATE TABLE by_range_columns (a INT, b VARCHAR(9)) PARTITION BY RANGE COLUMNS (a,b) (PARTITION p0 VALUES LESS THAN (5,'m'), PARTITION p1 VALUES LESS THAN (MAXVALUE,MAXVALUE))",
        "INSERT INTO by_range_columns VALUES (5,'a'),(5,'z'),(NULL,NULL)",
        "CREATE TABLE by_list (id INT PRIMARY KEY) PARTITION BY LIST (id) (PARTITION p0 VALUES IN (1,3), PARTITION p1 VALUES IN (2,4))",
        "INSERT INTO by_list VALUES (1),(2)",
        "CREATE TABLE by_list_columns (c VARCHAR(9)) PARTITION BY LIST COLUMNS (c) (PARTITION p0 VALUES IN ('a','it''s'), PARTITION p1 VALUES IN ('b',NULL))",
        "INSERT INTO by_list_columns VALUES ('a'),(NULL),('it''s')",
        "CREATE TABLE by_hash (id INT AUTO_INCREMENT PRIMARY KEY, n INT) AUTO_INCREMENT=90 PARTITION BY LINEAR HASH (id) PARTITIONS 3",
        "INSERT INTO by_hash (n) VALUES (1),(2),(3),(4)",
        "CREATE TABLE by_key (id VARCHAR(20) PRIMARY KEY) PARTITION BY KEY (id) PARTITIONS 4",
        "INSERT INTO by_key VALUES ('a'),('b'),('c')",
        "CREATE TABLE by_both (id INT, d DATE) PARTITION BY RANGE (YEAR(d)) SUBPARTITION BY HASH (id) SUBPARTITIONS 2 (PARTITION p0 VALUES LESS THAN (2000), PARTITION p1 VALUES LESS THAN MAXVALUE)",
        "INSERT INTO by_both VALUES (1,'1990-01-01'),(2,'2020-01-01')",
        "CREATE TABLE options (id INT PRIMARY KEY, t TEXT) ENGINE=InnoDB ROW_FORMAT=DYNAMIC COMMENT='a ; \\' -- \\n b' AVG_ROW_LENGTH=100 MAX_ROWS=1000000 MIN_ROWS=10 STATS_PERSISTENT=1 STATS_AUTO_RECALC=0 STATS_SAMPLE_PAGES=7",
        "CREATE TABLE packed (id INT PRIMARY KEY, t TEXT) ROW_FORMAT=COMPRESSED KEY_BLOCK_SIZE=8",
        "INSERT INTO packed VALUES (1,REPEAT('a',9000))",
        "CREATE TABLE isam (id INT AUTO_INCREMENT, k VARCHAR(9), n INT, PRIMARY KEY (k,id), FULLTEXT KEY (k)) ENGINE=MyISAM CHECKSUM=1 DELAY_KEY_WRITE=1",
        "INSERT INTO isam (k,n) VALUES ('a',1),('a',2),('b',1),('a',3)",
        "DELETE FROM isam WHERE k='a' AND n=3",
        "CREATE TABLE in_memory (id INT, KEY h (id) USING HASH, KEY b (id) USING BTREE) ENGINE=MEMORY",
        "INSERT INTO in_memory VALUES (2),(1)",
        "CREATE TABLE comma (a INT NOT NULL, b VARCHAR(20) NOT NULL) ENGINE=CSV",
        "INSERT INTO comma VALUES (1,'a,\"b\"\\n')",
        "CREATE TABLE one_of_two (id INT NOT NULL, n INT, KEY (id)) ENGINE=MyISAM",
        "CREATE TABLE other_of_two (id INT NOT NULL, n INT, KEY (id)) ENGINE=MyISAM",
        "CREATE TABLE of_two (id INT NOT NULL, n INT, KEY (id)) ENGINE=MRG_MyISAM UNION=(one_of_two,other_of_two) INSERT_METHOD=LAST",
        "INSERT INTO one_of_two VALUES (1,1),(2,2)",
        "INSERT INTO other_of_two VALUES (3,3)",
        "CREATE TABLE indexes (id INT PRIMARY KEY, a VARCHAR(300), b INT, c TEXT, p POINT NOT NULL, UNIQUE KEY `u``q` (a(10),b), KEY down (b DESC, a(5)), FULLTEXT KEY words (c) COMMENT 'it''s', SPATIAL KEY sp (p), KEY plain (b) COMMENT 'x') CHARACTER SET utf8mb4",
        "INSERT INTO indexes VALUES (1,'one',1,'some words',POINT(1,2)),(2,'two',NULL,NULL,POINT(-1.5,1e300))",
        "CREATE TABLE json (id INT PRIMARY KEY, j JSON)",
        "INSERT INTO json VALUES (1,'{\"b\": [1, null, true, \"\u{1f600}\\\\n\\\\\"\"], \"a\": {\"\u{e9}\": 1.5e10}, \"\": -0.0}'),(2,'[]'),(3,'null'),(4,NULL),(5,'18446744073709551615'),(6,'-9223372036854775808'),(7,'1e-300'),(8,'\"\"'),(9,'[1.0, 1.10, 100000000000000000000]')",
    ]
    .map(str::to_owned)
    .to_vec();
    let kinds = [
        ("POINT", "POINT(1 2)"),
        ("LINESTRING", "LINESTRING(0 0,1.5 -1e10)"),
        ("POLYGON", "POLYGON((0 0,10 0,10 10,0 10,0 0),(2 2,2 4,4 4,4 2,2 2))"),
        ("MULTIPOINT", "MULTIPOINT((0 0),(20 20))"),
        ("MULTILINESTRING", "MULTILINESTRING((0 0,1 1),(2 2,3 3))"),
        ("MULTIPOLYGON", "MULTIPOLYGON(((0 0,1 0,1 1,0 0)),((5 5,7 5,7 7,5 5)))"),
        ("GEOMETRYCOLLECTION", "GEOMETRYCOLLECTION(POINT(1 1),LINESTRING(0 0,1 1))"),
        ("GEOMETRY", "POINT(0.1 -0)"),
    ];
    let columns: Vec<_> = kinds.iter().map(|(kind, _)| format!("g_{kind} {kind}")).collect();
    statements.push(format!("CREATE TABLE geometries (id INT PRIMARY KEY,{})", columns.join(",")));
    for (id, srid) in [(1, ""), (2, ",4326"), (3, ",3857")] {
        let values: Vec<_> = kinds
            .iter()
            // Degrees have their limits.
            .map(|(_, text)| {
                format!(
                    "ST_GeomFromText('{}'{srid})",
                    if id == 2 { text.replace("1e10", "10") } else { (*text).to_owned() }
                )
            })
            .collect();
        statements.push(format!("INSERT INTO geometries VALUES ({id},{})", values.join(",")));
    }
    statements.push("INSERT INTO geometries (id) VALUES (4)".into());
    let own: &[&str] = match family {
        Mariadb => &[
            "CREATE SEQUENCE seq START WITH 100 MINVALUE -50 MAXVALUE 1000 INCREMENT BY -3 CACHE 5 CYCLE",
            "SELECT NEXTVAL(seq)",
            "CREATE TABLE versioned (id INT PRIMARY KEY, n INT) WITH SYSTEM VERSIONING",
            "INSERT INTO versioned VALUES (1,1),(2,2)",
            "UPDATE versioned SET n=3 WHERE id=1",
            "CREATE TABLE by_system_time (id INT) WITH SYSTEM VERSIONING PARTITION BY SYSTEM_TIME (PARTITION p0 HISTORY, PARTITION p1 CURRENT)",
            "INSERT INTO by_system_time VALUES (1)",
            "CREATE TABLE addresses (u UUID PRIMARY KEY, i6 INET6 DEFAULT '::1', i4 INET4 DEFAULT '10.0.0.1')",
            "INSERT INTO addresses VALUES ('123e4567-e89b-12d3-a456-426655440000','::ffff:1.2.3.4','255.255.255.255'),('ffffffff-ffff-ffff-ffff-ffffffffffff',DEFAULT,DEFAULT),('00000000-0000-0000-0000-000000000000',NULL,NULL)",
            "CREATE TABLE periods (id INT, s DATE, e DATE, PERIOD FOR valid (s,e), UNIQUE (id, valid WITHOUT OVERLAPS))",
            "INSERT INTO periods VALUES (1,'2020-01-01','2021-01-01')",
            "CREATE TABLE squeezed (id INT PRIMARY KEY, t VARCHAR(1000) COMPRESSED, b BLOB COMPRESSED)",
            "INSERT INTO squeezed VALUES (1,REPEAT('a',900),REPEAT('b',9000))",
            "CREATE TABLE aria (id INT AUTO_INCREMENT PRIMARY KEY, t TEXT) ENGINE=Aria TRANSACTIONAL=1 PAGE_CHECKSUM=1",
            "INSERT INTO aria (t) VALUES ('a'),('b')",
            "CREATE TABLE ignored (id INT PRIMARY KEY, a INT, KEY a (a) IGNORED)",
            "CREATE TABLE referenced_system (p POINT REF_SYSTEM_ID=4326)",
            "INSERT INTO referenced_system VALUES (ST_GeomFromText('POINT(1 2)',4326))",
        ],
        Mysql => &[
            "CREATE TABLE functional (id INT PRIMARY KEY, t VARCHAR(50), j JSON, KEY low ((LOWER(t))), UNIQUE KEY both_of ((id+1), t), KEY many ((CAST(j->'$.a' AS UNSIGNED ARRAY))))",
            "INSERT INTO functional VALUES (1,'ABC','{\"a\": [1,2]}'),(2,'abc',NULL)",
            "CREATE TABLE hidden (id INT PRIMARY KEY, a INT, b INT INVISIBLE, KEY a (a) INVISIBLE, KEY b (b DESC))",
            "INSERT INTO hidden (id,a,b) VALUES (1,2,3)",
            "SET SESSION sql_generate_invisible_primary_key=1",
            "CREATE TABLE keyless (n INT)",
            "SET SESSION sql_generate_invisible_primary_key=0",
            "INSERT INTO keyless VALUES (1),(1),(2)",
            "CREATE TABLE placed (id INT PRIMARY KEY, p POINT NOT NULL SRID 4326, q GEOMETRY NOT NULL SRID 0, SPATIAL KEY p (p), SPATIAL KEY q (q))",
            "INSERT INTO placed VALUES (1,ST_GeomFromText('POINT(45.5 120.25)',4326),ST_GeomFromText('GEOMETRYCOLLECTION EMPTY'))",
            "CREATE TABLE vectors (id INT PRIMARY KEY, v VECTOR(3))",
            "INSERT INTO vectors VALUES (1,STRING_TO_VECTOR('[1,-0.5,3.5e-38]')),(2,NULL)",
            "CREATE TABLE unenforced (id INT PRIMARY KEY, a INT, CONSTRAINT lax CHECK (a>0) NOT ENFORCED)",
            "INSERT INTO unenforced VALUES (1,-1)",
            "CREATE TABLE ngrams (id INT PRIMARY KEY, t TEXT, FULLTEXT KEY t (t) WITH PARSER ngram) CHARACTER SET utf8mb4",
            "CREATE TABLE chinese (id INT PRIMARY KEY, t VARCHAR(20)) CHARACTER SET gb18030",
            "INSERT INTO chinese VALUES (1,'\u{4f60}\u{1f600}')",
        ],
    };
    statements.extend(own.iter().map(|statement| (*statement).to_owned()));
    statements
}
