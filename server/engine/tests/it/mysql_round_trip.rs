//! Dump, load, compare: equal on everything awkward that both families can hold.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::Result;
use domain::sources::ServerFamily;
use engine::source::Proof;
use engine::source::inventory::ColumnClass;
use engine::source::sums::Method;

use crate::mysql_server::{PASSWORD, Server, database};
use crate::mysql_support::{back_up, verify};

pub const NAME: &str = "we`ird 'na\"me";

/// Types, names and values that have broken other tools.
pub fn awkward(family: ServerFamily) -> Vec<String> {
    let quoted = "`we``ird 'na\"me`";
    let long = "t".repeat(64);
    let invisible = "INVISIBLE";
    let mut statements: Vec<String> = vec![
        format!("CREATE DATABASE {quoted} CHARACTER SET utf8mb4"),
        format!("USE {quoted}"),
        "SET SESSION sql_mode='NO_AUTO_VALUE_ON_ZERO', time_zone='+00:00', foreign_key_checks=0".into(),
        format!(
            "CREATE TABLE `all``types` (id INT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY, ti TINYINT, bi BIGINT UNSIGNED, \
             d DECIMAL(38,10), f FLOAT, f74 FLOAT(7,4), db DOUBLE, bt BIT(11), y YEAR, dt DATE, tm TIME(6), dtm DATETIME(6), \
             ts TIMESTAMP(3) NULL, c CHAR(5), vc VARCHAR(300), b BINARY(4), vb VARBINARY(300), bl LONGBLOB, tx LONGTEXT, \
             e ENUM('a','b''c','\u{e9}'), s SET('x','y,z') , j JSON, g GEOMETRY, p POINT, \
             gen INT GENERATED ALWAYS AS (ti*2) VIRTUAL, gst VARCHAR(400) GENERATED ALWAYS AS (CONCAT(vc,'!')) STORED, \
             gf DOUBLE GENERATED ALWAYS AS (f*2) VIRTUAL, hid INT {invisible} DEFAULT 7)"
        )
        .replace("'y,z'", "'yz'"),
        "INSERT INTO `all``types` (id) VALUES (0),(5)".into(),
        "INSERT INTO `all``types` (ti,bi,d,f,f74,db,bt,y,dt,tm,dtm,ts,c,vc,b,vb,bl,tx,e,s,j,g,p,hid) VALUES \
         (-128,18446744073709551615,'-1234567890123456789012345678.0123456789',3.40282347e38,123.4567,1.7976931348623157e308,\
         b'10101010101',2155,'9999-12-31','-838:59:59.000000','9999-12-31 23:59:59.999999','2038-01-19 03:14:07.999',\
         'ab','\u{1f600} emoji, \\'quotes\\' \\\\ \\n\\r\\0\\Z',x'00ff00ff',x'5c27220a1a00',NULL,'x',2,3,\
         '{\"b\": [1, null, \"\u{e9}\"], \"a\": 1.5e10}',ST_GeomFromText('LINESTRING(0 0,1 1.5)'),ST_GeomFromText('POINT(1 2)'),-1), \
         (127,0,0,1.1754944e-38,-0.0001,4.9e-324,b'0',1901,'1000-01-01','838:59:59','1000-01-01','1970-01-01 00:00:01',\
         '','',x'00000000','',x'','',1,0,'[]',NULL,NULL,0), \
         (1,1,1,1.23456789,1,-1.2345678901234567e-300,b'1',2000,'2024-02-29','00:00:00.000001','2024-02-29 12:00:00.000001',\
         '2024-06-30 12:00:00.5','\u{e9}',' trailing ',x'41',x'2729',x'00','--\\n-- Dump completed',3,1,'null',NULL,NULL,1)"
            .into(),
        "CREATE TABLE zero_dates (d DATE NOT NULL, t TIMESTAMP NULL, dt DATETIME NOT NULL)".into(),
        "INSERT INTO zero_dates VALUES ('0000-00-00','2001-02-03 04:05:06','2001-00-00 00:00:00')".into(),
        "CREATE TABLE latin (t VARCHAR(50), u VARCHAR(50) CHARACTER SET ucs2) CHARACTER SET latin1".into(),
        "INSERT INTO latin VALUES ('d\u{e9}j\u{e0} vu \u{20ac}','\u{e9}\u{4e2d}')".into(),
        "CREATE TABLE no_key (a INT, f FLOAT)".into(),
        "INSERT INTO no_key VALUES (1,1),(1,1),(1,NULL),(NULL,0.1)".into(),
        format!("CREATE TABLE `{long}` (`{long}` INT, `select` INT, PRIMARY KEY (`{long}`,`select`))"),
        format!("INSERT INTO `{long}` VALUES (1,2),(2,1)"),
        "CREATE TABLE `-help` (id INT) COMMENT 'it''s AUTO_INCREMENT=3'".into(),
        "INSERT INTO `-help` VALUES (1)".into(),
        "CREATE TABLE `n\n-- Dump completed` (id INT)".into(),
        "INSERT INTO `n\n-- Dump completed` VALUES (1),(2)".into(),
        "CREATE TABLE cycle_a (id INT PRIMARY KEY, b INT, KEY (b), CONSTRAINT fa FOREIGN KEY (b) REFERENCES cycle_b (id))".into(),
        "CREATE TABLE cycle_b (id INT PRIMARY KEY, a INT, CONSTRAINT fb FOREIGN KEY (a) REFERENCES cycle_a (id))".into(),
        "INSERT INTO cycle_a VALUES (1,1)".into(),
        "INSERT INTO cycle_b VALUES (1,1)".into(),
        "CREATE TABLE parts (id INT, v TEXT) PARTITION BY RANGE (id) (PARTITION p0 VALUES LESS THAN (10), PARTITION p1 VALUES LESS THAN MAXVALUE)".into(),
        "INSERT INTO parts VALUES (1,'a'),(11,'b')".into(),
        "CREATE TABLE empty_one (id INT PRIMARY KEY)".into(),
        "CREATE TABLE loose (id INT) ENGINE=MyISAM".into(),
        "INSERT INTO loose VALUES (1)".into(),
        "CREATE FUNCTION add_one(x INT) RETURNS INT DETERMINISTIC RETURN x+1".into(),
        "CREATE PROCEDURE `p``r`() BEGIN DECLARE c INT; SELECT '\u{1f600};' AS x; END".into(),
        // Alphabetically first, but it stands on the others.
        "CREATE VIEW b_view AS SELECT id, add_one(id) AS n FROM `-help`".into(),
        "CREATE VIEW a_view AS SELECT n FROM b_view".into(),
        "CREATE TRIGGER t2 BEFORE INSERT ON `-help` FOR EACH ROW SET NEW.id=NEW.id*2".into(),
        "CREATE TRIGGER t1 BEFORE INSERT ON `-help` FOR EACH ROW FOLLOWS t2 SET NEW.id=NEW.id+1".into(),
        "CREATE TRIGGER t0 BEFORE INSERT ON `-help` FOR EACH ROW PRECEDES t2 SET NEW.id=NEW.id-1".into(),
        "CREATE EVENT ev ON SCHEDULE EVERY 1 HOUR STARTS '2030-01-01 00:00:00' ON COMPLETION PRESERVE ENABLE DO SET @x=1".into(),
    ];
    if family == ServerFamily::Mariadb {
        statements.extend([
            "CREATE SEQUENCE seq START WITH 5".to_owned(),
            "CREATE TABLE versioned (id INT) WITH SYSTEM VERSIONING".into(),
            "INSERT INTO versioned VALUES (1)".into(),
            "CREATE TABLE uuids (u UUID, i INET6)".into(),
            "INSERT INTO uuids VALUES ('123e4567-e89b-12d3-a456-426655440000','::1')".into(),
        ]);
    }
    // All byte values, and rows enough for several statements of the dump.
    let bytes: String = (0..=255u8).map(|byte| format!("{byte:02x}")).collect();
    statements.push(format!("INSERT INTO `all``types` (bl) VALUES (x'{}')", bytes.repeat(40)));
    statements.push("CREATE TABLE many (id INT PRIMARY KEY, t VARCHAR(200))".into());
    for part in 0..40 {
        let rows: Vec<_> = (part * 500..(part + 1) * 500)
            .map(|id| format!("({id},REPEAT('it''s);',{}))", id % 20))
            .collect();
        statements.push(format!("INSERT INTO many VALUES {}", rows.join(",")));
    }
    statements
}

#[tokio::test]
async fn what_comes_back_equals_what_was_there() -> Result<()> {
    for server in Server::all().await? {
        let family = server.family;
        server.run(awkward(family)).await?;
        let clients = Arc::new(server.clients().await?);
        let name = database(NAME);
        let leaks = Leaks::watch();

        let copy = back_up(&clients, &server.admin(), &name).await?;
        assert_eq!(copy.proof, Proof::SamePosition, "{family}");
        assert!(!copy.coordinate.file.is_empty() && copy.coordinate.position > 0, "{:?}", copy.coordinate);
        assert!(copy.coordinate.gtid.contains('-'), "{:?}", copy.coordinate);
        assert_eq!(copy.sums.method, Method::Rows);
        assert_eq!(copy.sums.tables["many"].rows, 20_000);
        assert_eq!(
            copy.inventory.inconsistent().map(|table| table.name.as_str()).collect::<Vec<_>>(),
            ["loose"]
        );
        // It survives being written down.
        let json = serde_json::to_string(&copy.inventory)?;
        assert_eq!(serde_json::from_str::<engine::source::inventory::Inventory>(&json)?, copy.inventory);
        assert!(
            copy.objects
                .iter()
                .all(|object| object.definer == "adm@%" && !object.create_sql.contains("DEFINER="))
        );
        assert!(!String::from_utf8_lossy(&copy.dump).contains("VIEW `a_view`"));

        let (compared, failures) = verify(&clients, &server.admin(), &copy).await?;
        assert_eq!(failures, []);
        assert_eq!(compared.differences(), [""; 0], "{family}");
        assert!(compared.equal);
        assert_eq!(compared.objects.source, 8);
        let types = compared.tables.iter().find(|table| table.table == "all`types").unwrap();
        let float = types.float_columns.iter().find(|column| column.column == "f").unwrap();
        assert!(
            float.class == ColumnClass::Float && float.equal_to_six_digits && !float.bit_exact,
            "{float:?}"
        );
        assert!(types.float_columns.iter().all(|column| column.class != ColumnClass::Double), "{types:?}");
        assert!(!leaks.stop(), "the password was seen in /proc");

        // An account that may read but not lock: less is proven, and said to be.
        let quoted = PASSWORD.replace('\\', "\\\\").replace('\'', "\\'");
        let routines = match family {
            ServerFamily::Mariadb => "GRANT SELECT ON mysql.proc TO lim@'%'",
            ServerFamily::Mysql => "GRANT SHOW_ROUTINE ON *.* TO lim@'%'",
        };
        server
            .run([
                format!("CREATE USER lim@'%' IDENTIFIED BY '{quoted}'"),
                "GRANT SELECT, SHOW VIEW, TRIGGER, EVENT ON `we``ird 'na\"me`.* TO lim@'%'".into(),
                routines.into(),
            ])
            .await?;
        let copy = back_up(&clients, &server.endpoint("lim", PASSWORD), &name).await?;
        assert_eq!((copy.proof, copy.sums.method), (Proof::DumpRows, Method::DumpTuples));
        let (compared, _) = verify(&clients, &server.admin(), &copy).await?;
        assert_eq!(compared.differences(), [""; 0], "{family}");
        assert!(compared.equal);

        // One changed value in the dump is found, whatever the proof.
        let mut changed = copy;
        let text = String::from_utf8(changed.dump.clone())?.replacen("(19999,", "(20000,", 1);
        changed.dump = text.into_bytes();
        let (compared, _) = verify(&clients, &server.admin(), &changed).await?;
        assert!(!compared.equal);

        // An empty database with a view that stands on nothing of its own.
        server.run(["CREATE DATABASE `--help`", "CREATE VIEW `--help`.v AS SELECT 1 AS one"]).await?;
        server.run(["CREATE DATABASE hollow", "CREATE VIEW hollow.v AS SELECT 1 AS one"]).await?;
        let copy = back_up(&clients, &server.admin(), &database("hollow")).await?;
        assert!(copy.sums.tables.is_empty());
        let (compared, _) = verify(&clients, &server.admin(), &copy).await?;
        assert_eq!(compared.differences(), [""; 0], "{family}");
    }
    Ok(())
}

/// Looks for the password in every process's arguments and environment while a test runs.
struct Leaks {
    stop: Arc<AtomicBool>,
    thread: std::thread::JoinHandle<bool>,
}

impl Leaks {
    fn watch() -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let seen = Arc::clone(&stop);
        let thread = std::thread::spawn(move || {
            let needle = PASSWORD.as_bytes();
            let mut found = false;
            while !seen.load(Ordering::Relaxed) {
                for process in std::fs::read_dir("/proc").into_iter().flatten().flatten() {
                    if !process.file_name().to_string_lossy().bytes().all(|byte| byte.is_ascii_digit()) {
                        continue;
                    }
                    for file in ["cmdline", "environ"] {
                        let bytes = std::fs::read(process.path().join(file)).unwrap_or_default();
                        found |= bytes.windows(needle.len()).any(|window| window == needle);
                    }
                }
            }
            found
        });
        Self { stop, thread }
    }
    fn stop(self) -> bool {
        self.stop.store(true, Ordering::Relaxed);
        self.thread.join().unwrap()
    }
}
