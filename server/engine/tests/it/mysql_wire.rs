//! The raw connection against real servers: passwords, TLS, rows of every kind and size, and what cuts it off.

use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Result, ensure};
use domain::sources::{ServerFamily, TlsMode};
use engine::source::mysql::connect::Endpoint;
use engine::source::mysql::wire::{Row, Wire, columns};
use engine::{Error, Kind, Retry};

use crate::mysql_server::{PASSWORD, Server};

const TRY: &str = "try";

/// Off the runtime, as the connection blocks.
async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    tokio::task::spawn_blocking(work).await.unwrap()
}

fn socket(server: &Server, endpoint: Endpoint) -> Endpoint {
    Endpoint { socket: Some(server.directory().join("s")), ..endpoint }
}

fn with(endpoint: &Endpoint, tls: TlsMode, ca: Option<&Path>) -> Endpoint {
    Endpoint { tls, ca: ca.map(Into::into), ..endpoint.clone() }
}

/// A certificate authority, and a certificate of its for 127.0.0.1.
fn certificates(directory: &Path) -> Result<()> {
    let script = "openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=ca -keyout ca.key -out ca.pem && \
                  openssl req -newkey rsa:2048 -nodes -subj /CN=server -keyout key.pem -out request && \
                  printf 'subjectAltName=IP:127.0.0.1' >names && \
                  openssl x509 -req -in request -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 -extfile names -out cert.pem";
    let status =
        Command::new("sh").args(["-c", script]).current_dir(directory).stderr(Stdio::null()).status()?;
    ensure!(status.success(), "openssl: {status}");
    Ok(())
}

fn whoami(endpoint: &Endpoint) -> engine::Result<Row> {
    let mut wire = Wire::connect(endpoint)?;
    let row = wire.first("SELECT CURRENT_USER(), @@sql_mode, @@time_zone, CONNECTION_ID()", TRY)?.unwrap();
    assert_eq!(row[3].as_deref(), Some(wire.connection_id().to_string().as_bytes()));
    assert_eq!(row[1..3], [Some(Vec::new()), Some(b"+00:00".to_vec())]);
    Ok(row)
}

#[tokio::test]
async fn every_kind_of_password_and_of_protection() -> Result<()> {
    let keys = tempfile::tempdir()?;
    certificates(keys.path())?;
    let place = |name: &str| keys.path().join(name).display().to_string();
    let tls = [
        format!("--ssl-ca={}", place("ca.pem")),
        format!("--ssl-cert={}", place("cert.pem")),
        format!("--ssl-key={}", place("key.pem")),
    ];
    let mut tried = Vec::new();
    for family in [ServerFamily::Mariadb, ServerFamily::Mysql] {
        let mut extra: Vec<&str> = tls.iter().map(String::as_str).collect();
        extra.push(match family {
            ServerFamily::Mariadb => "--plugin-load-add=auth_ed25519",
            ServerFamily::Mysql => "--local-infile=1",
        });
        let Ok(server) = Server::start(family, &extra).await else {
            assert_eq!(family, ServerFamily::Mysql);
            eprintln!("SKIPPED for MySQL: it is not here");
            continue;
        };
        let quoted = PASSWORD.replace('\\', "\\\\").replace('\'', "\\'");
        let plugins: &[(&str, String)] = match family {
            ServerFamily::Mariadb => &[
                ("native", format!("IDENTIFIED VIA mysql_native_password USING PASSWORD('{quoted}')")),
                ("curve", format!("IDENTIFIED VIA ed25519 USING PASSWORD('{quoted}')")),
            ],
            ServerFamily::Mysql => {
                &[("sha2", format!("IDENTIFIED WITH caching_sha2_password BY '{quoted}'"))]
            }
        };
        let mut accounts = vec!["CREATE USER nobody@'%' IDENTIFIED BY ''".to_owned()];
        accounts.extend(plugins.iter().map(|(name, by)| format!("CREATE USER {name}@'%' {by}")));
        server.run(accounts).await?;
        let ca = keys.path().join("ca.pem");
        for (name, _) in plugins.iter().chain(&[("nobody", String::new())]) {
            let endpoint = server.endpoint(name, if *name == "nobody" { "" } else { PASSWORD });
            let ways = [
                // Twice in clear: first the whole exchange by public key, then the server remembers.
                with(&endpoint, TlsMode::Off, None),
                with(&endpoint, TlsMode::Off, None),
                with(&endpoint, TlsMode::Encrypt, None),
                with(&endpoint, TlsMode::Verify, Some(&ca)),
                socket(&server, endpoint.clone()),
            ];
            for way in ways {
                // What is remembered is forgotten, so that TLS and the socket see the whole exchange, too.
                if way.tls != TlsMode::Off || way.socket.is_some() {
                    server.run(["FLUSH PRIVILEGES"]).await?;
                }
                let user = blocking(move || whoami(&way)).await.unwrap()[0].clone().unwrap();
                assert_eq!(String::from_utf8(user)?, format!("{name}@%"));
            }
            let wrong = server.endpoint(name, "wrong");
            for way in [wrong.clone(), with(&wrong, TlsMode::Encrypt, None), socket(&server, wrong)] {
                let expected = way.connect().await.err().unwrap();
                let error = blocking(move || whoami(&way)).await.err().unwrap();
                assert_eq!((error.to_string(), error.retry()), (expected.to_string(), Retry::Never));
                assert!(!error.chain().contains("wrong"), "{error:?}");
            }
            tried.push((family, *name));
        }
        // An authority that is not known, a name that is not in the certificate.
        let mut elsewhere = with(&server.admin(), TlsMode::Verify, Some(&ca));
        elsewhere.host = domain::sources::HostName::new("localhost")?;
        for way in [with(&server.admin(), TlsMode::Verify, None), elsewhere] {
            let expected = way.connect().await.err().unwrap();
            let error = blocking(move || whoami(&way)).await.err().unwrap();
            assert!(error.message().contains("no secure connection"), "{error:?}");
            assert_eq!((error.kind(), error.retry()), (expected.kind(), expected.retry()), "{expected:?}");
        }
        let missing = with(&server.admin(), TlsMode::Verify, Some(Path::new("/nowhere.pem")));
        assert_eq!(blocking(move || whoami(&missing)).await.err().unwrap().kind(), Kind::Input);
    }
    println!("{tried:?}");
    Ok(())
}

#[tokio::test]
async fn a_server_without_tls_is_refused_where_tls_is_wanted() -> Result<()> {
    let server = Server::start(ServerFamily::Mariadb, &["--skip-ssl"]).await?;
    let endpoint = with(&server.admin(), TlsMode::Encrypt, None);
    let expected = endpoint.connect().await.err().unwrap();
    let error = blocking(move || whoami(&endpoint)).await.err().unwrap();
    assert_eq!(error.to_string(), expected.to_string());
    let mut nobody = server.admin();
    nobody.port = crate::mysql_server::free_port();
    let error = blocking(move || whoami(&nobody)).await.err().unwrap();
    assert_eq!(error.retry(), Retry::Later, "{error:?}");
    Ok(())
}

const KINDS: &str = "CREATE TABLE d.kinds (id INT PRIMARY KEY, i BIGINT, u BIGINT UNSIGNED, f DOUBLE, n DECIMAL(65,30), \
     b BIT(9), y YEAR, d DATE, t TIME(6), dt DATETIME(6), c VARCHAR(40) CHARACTER SET utf8mb4, x VARBINARY(300), \
     j JSON, e ENUM('a','b'), s SET('a','b'), g POINT, l LONGBLOB)";

fn values(server: &Endpoint) -> engine::Result<()> {
    let mut wire = Wire::connect(server)?;
    wire.run("CREATE DATABASE d", TRY)?;
    wire.run(KINDS, TRY)?;
    let done = wire.run(
        "INSERT INTO d.kinds VALUES \
         (1,-9223372036854775808,18446744073709551615,-0.0,-0.000000000000000000000000000001,b'101010101',1901,\
          '1000-01-01','-838:59:59','9999-12-31 23:59:59.999999','\u{1f512}\\0\\n\u{e4}',x'00ff0a0d27225c1a','{\"a\":null}',\
          'b','a,b',ST_PointFromText('POINT(1 2)'),''),\
         (2,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL),\
         (3,0,0,1e300,0,0,0,'0000-00-00','00:00:00',0,'','','[]','a','',NULL,REPEAT('x',251))",
        TRY,
    )?;
    assert_eq!(done.affected_rows, 3);
    assert!(done.info.starts_with("Records: 3"), "{done:?}");
    let mut rows = Vec::new();
    let shape = wire.rows("SELECT * FROM d.kinds ORDER BY id", TRY, &mut |row| {
        rows.push(columns(row).map(|value| Ok(value?.map(<[u8]>::to_vec))).collect::<engine::Result<Row>>()?);
        Ok(())
    })?;
    let names: Vec<_> = shape.iter().map(|column| column.name.as_str()).collect();
    assert_eq!(
        names,
        ["id", "i", "u", "f", "n", "b", "y", "d", "t", "dt", "c", "x", "j", "e", "s", "g", "l"]
    );
    assert_eq!(shape[11].collation, 63);
    assert!(rows.iter().all(|row| row.len() == shape.len()));
    let text = |row: usize, column: usize| rows[row][column].as_deref();
    assert_eq!(text(0, 1), Some(&b"-9223372036854775808"[..]));
    assert_eq!(text(0, 2), Some(&b"18446744073709551615"[..]));
    assert_eq!(text(0, 5), Some(&[1, 0b0101_0101][..]));
    assert_eq!(text(0, 9), Some(&b"9999-12-31 23:59:59.999999"[..]));
    assert_eq!(text(0, 10), Some("\u{1f512}\0\n\u{e4}".as_bytes()));
    assert_eq!(text(0, 11), Some(&[0, 0xFF, 10, 13, 0x27, 0x22, 0x5C, 0x1A][..]));
    assert!(rows[1][1..].iter().all(Option::is_none));
    assert_eq!((text(2, 10), text(2, 11), text(2, 14)), (Some(&b""[..]), Some(&b""[..]), Some(&b""[..])));
    assert_eq!(text(2, 16).map(<[u8]>::len), Some(251));
    // A refusal in words leaves the connection usable, a result nobody wanted as well.
    let error = wire.run("SELECT * FROM d.nothing", TRY).err().unwrap();
    assert!(error.message().contains("nothing"), "{error:?}");
    assert!(wire.run("SELECT 1; SELECT 2", TRY).is_err());
    wire.run("SELECT * FROM d.kinds", TRY)?;
    assert_eq!(wire.run("DO 1/0", TRY)?.affected_rows, 0);
    Ok(())
}

#[tokio::test]
async fn values_of_every_kind_arrive_as_they_are() -> Result<()> {
    for server in Server::all().await? {
        let endpoint = server.admin();
        blocking(move || values(&endpoint)).await.unwrap();
    }
    Ok(())
}

/// Bytes that no packet boundary could hide behind.
fn noise(length: usize) -> Vec<u8> {
    let mut state = 0x9E37_79B9_u32;
    std::iter::repeat_with(|| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        state.to_be_bytes()[0]
    })
    .take(length)
    .collect()
}

fn large(endpoint: &Endpoint) -> engine::Result<()> {
    let mut wire = Wire::connect(endpoint)?;
    wire.run("CREATE DATABASE d", TRY)?;
    wire.run("CREATE TABLE d.t (id INT PRIMARY KEY, b LONGBLOB)", TRY)?;
    // Around the largest packet, around the buffer, and far above both.
    let full = 0xFF_FFFF;
    let lengths = [
        0,
        1,
        250,
        251,
        65_536,
        262_130,
        262_144,
        full - 12,
        full - 11,
        full - 10,
        full,
        2 * full - 10,
        40_000_000,
    ];
    for (id, length) in lengths.iter().enumerate() {
        let mut sql = format!("INSERT INTO d.t VALUES ({id},_binary'").into_bytes();
        for byte in noise(*length) {
            if matches!(byte, b'\'' | b'\\') {
                sql.push(b'\\');
            }
            sql.push(byte);
        }
        sql.extend_from_slice(b"')");
        assert_eq!(wire.run(&sql, TRY)?.affected_rows, 1);
    }
    let mut seen = Vec::new();
    wire.rows("SELECT id, b FROM d.t ORDER BY id", TRY, &mut |row| {
        let value = columns(row).nth(1).unwrap()?.unwrap();
        assert!(value == noise(value.len()).as_slice(), "{} bytes", value.len());
        seen.push(value.len());
        Ok(())
    })?;
    assert_eq!(seen, lengths);
    // The server takes no more than 64 MiB: it says so, and this connection is over.
    let error = wire.run(vec![b' '; 70 << 20], TRY).err().unwrap();
    assert!(error.message().contains("larger than the server accepts"), "{error:?}");
    Ok(())
}

#[tokio::test]
async fn rows_and_statements_of_forty_megabytes_go_both_ways() -> Result<()> {
    let mut servers = vec![Server::start(ServerFamily::Mariadb, &["--max-allowed-packet=64M"]).await?];
    servers.extend(Server::start(ServerFamily::Mysql, &["--max-allowed-packet=64M"]).await.ok());
    for server in servers {
        let endpoint = server.admin();
        blocking(move || large(&endpoint)).await.unwrap();
    }
    Ok(())
}

const LOAD: &str = "LOAD DATA LOCAL INFILE '/etc/passwd' INTO TABLE d.l CHARACTER SET binary \
     FIELDS TERMINATED BY '\\t' ESCAPED BY '\\\\' LINES TERMINATED BY '\\n' (id, b)";

fn load(endpoint: &Endpoint) -> engine::Result<()> {
    let mut wire = Wire::connect(endpoint)?;
    wire.run("SET GLOBAL local_infile=1", TRY)?;
    wire.run("CREATE DATABASE d", TRY)?;
    wire.run("CREATE TABLE d.l (id INT PRIMARY KEY, b LONGBLOB) ENGINE=InnoDB", TRY)?;
    let mut left: i32 = 300;
    let done = wire.load(LOAD, TRY, &mut |into| {
        left -= 1;
        into.extend_from_slice(format!("{left}\t").as_bytes());
        for byte in noise(10_000) {
            match byte {
                0 => into.extend_from_slice(b"\\0"),
                b'\t' | b'\n' | b'\\' => into.extend_from_slice(&[b'\\', byte]),
                _ => into.push(byte),
            }
        }
        into.push(b'\n');
        Ok(left > 0)
    })?;
    assert_eq!((done.affected_rows, done.warnings), (300, 0), "{done:?}");
    let mut count = 0;
    wire.rows("SELECT b FROM d.l", TRY, &mut |row| {
        assert!(columns(row).next().unwrap()?.unwrap() == noise(10_000).as_slice());
        count += 1;
        Ok(())
    })?;
    assert_eq!(count, 300);
    // Nobody else gets data, and a statement that does not want any is not given some.
    let error = wire.load("DO 1", TRY, &mut |_| Ok(false)).err().unwrap();
    assert_eq!(error.kind(), Kind::Input);
    let mut wire = Wire::connect(endpoint)?;
    let error = wire.run(LOAD, TRY).err().unwrap();
    assert!(error.message().contains("file"), "{error:?}");
    // Data that end with an error: nothing of them is kept.
    let mut wire = Wire::connect(endpoint)?;
    wire.run("START TRANSACTION", TRY)?;
    let error = wire
        .load(LOAD, TRY, &mut |into| {
            into.extend_from_slice(b"1000\tx\n1001\ty\n");
            Err(Error::new(Kind::Storage, "read", "gone"))
        })
        .err()
        .unwrap();
    assert_eq!(error.kind(), Kind::Storage);
    assert!(wire.run("COMMIT", TRY).is_err());
    let mut wire = Wire::connect(endpoint)?;
    let kept = wire.first("SELECT COUNT(*), MAX(id) FROM d.l", TRY)?.unwrap();
    assert_eq!(kept, [Some(b"300".to_vec()), Some(b"299".to_vec())]);
    Ok(())
}

#[tokio::test]
async fn data_are_loaded_from_memory_and_only_when_offered() -> Result<()> {
    for server in Server::all().await? {
        let endpoint = server.admin();
        blocking(move || load(&endpoint)).await.unwrap();
    }
    Ok(())
}

/// A query whose rows do not end while a test runs.
const ENDLESS: &str = "SELECT REPEAT('x',1000) FROM d.n a, d.n b, d.n c, d.n d";

async fn many(server: &Server) -> Result<()> {
    let ten = "INSERT INTO d.n VALUES (0),(0),(0),(0),(0),(0),(0),(0),(0),(0)";
    server.run(["CREATE DATABASE d", "CREATE TABLE d.n (i INT)"]).await?;
    server.run(std::iter::repeat_n(ten, 10)).await
}

fn cut(endpoint: &Endpoint) -> engine::Result<()> {
    let mut control = Wire::connect(endpoint)?;
    // Killed in the middle.
    let mut wire = Wire::connect(endpoint)?;
    let kill = format!("KILL {}", wire.connection_id());
    let mut seen = 0_u64;
    let error = wire
        .rows(ENDLESS, TRY, &mut |_| {
            seen += 1;
            if seen == 1000 { control.run(&kill, TRY).map(|_| ()) } else { Ok(()) }
        })
        .err()
        .unwrap();
    assert_eq!((error.kind(), error.retry()), (Kind::Source, Retry::Later), "{error:?}");
    assert!(wire.run("DO 1", TRY).is_err());
    // The query alone is killed: an error in words, and the connection goes on.
    let mut wire = Wire::connect(endpoint)?;
    let kill = format!("KILL QUERY {}", wire.connection_id());
    seen = 0;
    let error = wire
        .rows(ENDLESS, TRY, &mut |_| {
            seen += 1;
            if seen == 1000 { control.run(&kill, TRY).map(|_| ()) } else { Ok(()) }
        })
        .err()
        .unwrap();
    assert_eq!(error.retry(), Retry::Later, "{error:?}");
    wire.run("DO 1", TRY)?;
    // The taker fails.
    let error =
        wire.rows(ENDLESS, TRY, &mut |_| Err(Error::new(Kind::Space, "write", "full"))).err().unwrap();
    assert_eq!(error.kind(), Kind::Space);
    assert!(wire.run("DO 1", TRY).err().unwrap().message().contains("given up"));
    // Stopped from elsewhere, in the middle of rows and while waiting for the first.
    for sql in [ENDLESS, "SELECT SLEEP(600)"] {
        let mut wire = Wire::connect(endpoint)?;
        let stopper = wire.stopper();
        let id = wire.connection_id();
        let stopping = std::thread::scope(|scope| {
            let reading = scope.spawn(|| wire.rows(sql, TRY, &mut |_| Ok(())).err());
            let running =
                format!("SELECT 1 FROM information_schema.processlist WHERE id={id} AND info IS NOT NULL");
            while control.first(&running, TRY).unwrap().is_none() {
                std::thread::yield_now();
            }
            stopper.clone().stop();
            reading.join().unwrap()
        });
        assert_eq!(stopping.unwrap().kind(), Kind::Cancelled);
        assert_eq!(wire.run("DO 1", TRY).err().unwrap().kind(), Kind::Cancelled);
        drop(wire);
        stopper.stop();
    }
    Ok(())
}

#[tokio::test]
async fn a_connection_that_is_cut_says_so() -> Result<()> {
    for server in Server::all().await? {
        many(&server).await?;
        let endpoint = server.admin();
        blocking(move || cut(&endpoint)).await.unwrap();
        let endpoint = server.admin();
        let mut wire = blocking(move || Wire::connect(&endpoint)).await.unwrap();
        let mut server = Some(server);
        let error = blocking(move || {
            wire.rows(ENDLESS, TRY, &mut |_| {
                drop(server.take());
                Ok(())
            })
        })
        .await
        .err()
        .unwrap();
        assert_eq!((error.kind(), error.retry()), (Kind::Source, Retry::Later), "{error:?}");
        assert!(error.advice().is_some());
    }
    Ok(())
}

// MEASURE
#[tokio::test]
#[ignore = "a measurement"]
async fn measure() -> Result<()> {
    let server = Server::start(ServerFamily::Mariadb, &["--innodb-buffer-pool-size=1G"]).await?;
    server
        .run([
            "CREATE DATABASE d",
            "CREATE TABLE d.big (id BIGINT PRIMARY KEY, t INT, a VARCHAR(40), b VARCHAR(100), d DATETIME, n DECIMAL(10,2), f DOUBLE, x VARBINARY(32))",
            "INSERT INTO d.big SELECT seq, seq%50, CONCAT('name ',seq), REPEAT('x',seq%100), NOW(), seq/7, seq/3, UNHEX(MD5(seq)) FROM seq_1_to_1000000",
        ])
        .await?;
    let endpoint = server.admin();
    blocking(move || {
        let mut wire = Wire::connect(&endpoint).unwrap();
        let cpu = || {
            let stat = std::fs::read_to_string("/proc/thread-self/stat").unwrap();
            let fields: Vec<_> = stat.rsplit(')').next().unwrap().split_whitespace().collect();
            (fields[11].parse::<u64>().unwrap() * 10, fields[12].parse::<u64>().unwrap() * 10)
        };
        for walk in [false, true, false, true] {
            let (mut rows, mut bytes, mut values) = (0_u64, 0, 0);
            let (start, before) = (std::time::Instant::now(), cpu());
            wire.rows("SELECT * FROM d.big", TRY, &mut |row| {
                rows += 1;
                bytes += row.len();
                if walk {
                    for value in columns(row) {
                        values += value?.map_or(0, <[u8]>::len);
                    }
                }
                Ok(())
            })
            .unwrap();
            let after = cpu();
            println!(
                "walk={walk} rows={rows} bytes={bytes} values={values} wall={} ns/row, own user={} ms sys={} ms per 1M rows",
                start.elapsed().as_nanos() / u128::from(rows), after.0 - before.0, after.1 - before.1
            );
        }
    })
    .await;
    Ok(())
}
