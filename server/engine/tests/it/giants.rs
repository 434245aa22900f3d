//! Rows of many megabytes: how much memory they take, and which are too many.

use anyhow::{Result, ensure};
use domain::{
    id::Id,
    restores::Part,
    sources::{AccountName, HostName, ServerFamily, TlsMode},
};
use engine::{
    Kind, Retry,
    format::{Owner, keys::Place},
    pipeline::{
        self, Target, Vault,
        native::{self, NativeRequest},
    },
    source::mysql::{
        clients::{ClientPaths, Clients},
        connect::Endpoint,
        new_database::{Maker, NewDatabase},
    },
};
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{
    mysql_server::{PASSWORD, Server, database},
    native::request,
    peak,
    pipeline_support::{clock, control, create, local, root},
};

const MIB: u64 = 1 << 20;
/// Rows up to this size are held within [`SMALL_PEAK`] in all, in MiB.
const LARGE: u64 = 64;
const SMALL_PEAK: u64 = 256;
/// The longest row that is taken, and how often it may be in memory.
const LONGEST: u64 = 400;
const TIMES: u64 = 3;

/// What the second program does: a backup or a restore of it.
#[derive(Debug, Serialize, Deserialize)]
struct Order {
    vault: std::path::PathBuf,
    port: u16,
    backup: Uuid,
    is_restore: bool,
}

impl Order {
    /// How much memory the program holds at most that carries it out, in MiB.
    async fn peak(&self) -> Result<u64> {
        peak::of("giants::the_program_that_is_measured", self).await
    }

    async fn carry_out(&self) -> Result<()> {
        let password = SecretString::from(PASSWORD);
        let (host, user) = (HostName::new("127.0.0.1")?, AccountName::new("adm")?);
        let endpoint = Endpoint::new(host, self.port, user, password, TlsMode::Off);
        let vault = Vault::open(local(&self.vault).await?, root(), clock()).await?;
        let place = Place {
            owner: Owner::System,
            source: Id::new(Uuid::from_u128(5)),
            backup: Id::new(self.backup),
            attempt: 1,
        };
        if !self.is_restore {
            native::back_up(&vault, &NativeRequest::full(place, endpoint, database("giants")), &control())
                .await?;
            return Ok(());
        }
        let clients = Clients::detect(&ClientPaths::default()).await.into();
        let (into, name, maker) =
            (Target { endpoint, clients }, database("copy"), Maker::new(Uuid::from_u128(7)));
        let new = NewDatabase { endpoint: &into.endpoint, database: &name, maker: &maker };
        let evidence = pipeline::restore(&vault, &place, &into, new, &Part::default(), &control()).await?;
        ensure!(evidence.equal, "{:#?} {:?}", evidence.differences, evidence.remarks);
        new.finish().await?;
        Ok(())
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "it is started by the others, to be measured"]
async fn the_program_that_is_measured() -> Result<()> {
    let order: Order = peak::order()?;
    order.carry_out().await?;
    peak::tell()
}

/// A server that takes the longest rows there are.
async fn server(family: ServerFamily) -> Result<Server> {
    let log = match family {
        ServerFamily::Mariadb => "--innodb-log-file-size=4G",
        ServerFamily::Mysql => "--innodb-redo-log-capacity=8G",
    };
    let packet = ["--max-allowed-packet=1G", "--local-infile=1", "--skip-log-bin", log];
    Server::start(family, &packet).await
}

fn families() -> Vec<ServerFamily> {
    let mut families = vec![ServerFamily::Mariadb];
    families.extend(Server::has_mysql().then_some(ServerFamily::Mysql));
    families
}

/// Peaks of a backup and of a restore of what `rows` says, in MiB.
async fn peaks(server: &Server, statements: &[String]) -> Result<(u64, u64)> {
    server.run(statements).await?;
    let directory = tempfile::tempdir()?;
    create(local(directory.path()).await?).await?;
    let (vault, backup) = (directory.path().to_owned(), Uuid::now_v7());
    let mut order = Order { vault, port: server.port, backup, is_restore: false };
    let dumped = order.peak().await?;
    order.is_restore = true;
    let restored = order.peak().await?;
    println!("{}: {dumped} MiB to back up, {restored} MiB to restore", server.family);
    let same = "SELECT IF((SELECT SUM(CRC32(b)) FROM giants.t)=(SELECT SUM(CRC32(b)) FROM copy.t),1,0)";
    let mut conn = server.admin().connect().await?;
    let same: Option<u64> = mysql_async::prelude::Queryable::query_first(&mut conn, same).await?;
    assert_eq!(same, Some(1));
    server.run(["DROP DATABASE copy", "DROP DATABASE giants"]).await?;
    Ok((dumped, restored))
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_of_64_mib_take_256_mib_in_all() -> Result<()> {
    for family in families() {
        let server = server(family).await?;
        // Bytes that become twice as many as SQL, and text of which every letter is escaped; two readers at a time.
        let long = (LARGE - 1) * MIB;
        let mut statements = vec![
            "CREATE DATABASE giants".to_owned(),
            "CREATE TABLE giants.t (id INT PRIMARY KEY, TenantId INT, b LONGBLOB)".into(),
            "CREATE TABLE giants.u (id INT PRIMARY KEY, TenantId INT, t LONGTEXT)".into(),
        ];
        for id in 1..=2 {
            statements.push(format!("INSERT INTO giants.t VALUES ({id},{id},REPEAT(x'0a',{long}))"));
            statements.push(format!("INSERT INTO giants.u VALUES ({id},{id},REPEAT('\\n',{long}))"));
        }
        let (dumped, restored) = peaks(&server, &statements).await?;
        ensure!(dumped <= SMALL_PEAK && restored <= SMALL_PEAK, "{family}: {dumped} and {restored} MiB");
    }
    Ok(())
}

async fn longest(family: ServerFamily) -> Result<()> {
    let server = server(family).await?;
    let long = (LONGEST - 1) * MIB;
    let statements = [
        "CREATE DATABASE giants".to_owned(),
        "CREATE TABLE giants.t (id INT PRIMARY KEY, TenantId INT, b LONGBLOB)".into(),
        format!("INSERT INTO giants.t VALUES (1,1,REPEAT(x'0a',{long}))"),
    ];
    let (dumped, restored) = peaks(&server, &statements).await?;
    let most = TIMES * LONGEST;
    ensure!(dumped <= most && restored <= most, "{family}: {dumped} and {restored} MiB");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_of_400_mib_take_three_times_as_much_with_mariadb() -> Result<()> {
    longest(ServerFamily::Mariadb).await
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_of_400_mib_take_three_times_as_much_with_mysql() -> Result<()> {
    if Server::has_mysql() { longest(ServerFamily::Mysql).await } else { Ok(()) }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_longer_row_is_refused_by_table_and_key() -> Result<()> {
    for family in families() {
        let server = server(family).await?;
        let directory = tempfile::tempdir()?;
        let vault = create(local(directory.path()).await?).await?.vault;
        let long = (LONGEST + 1) * MIB;
        server
            .run([
                "CREATE DATABASE giants".to_owned(),
                "CREATE TABLE giants.t (pad INT, b LONGBLOB, TenantId INT, id VARCHAR(20) PRIMARY KEY)"
                    .into(),
                // The server's own estimate does not move: then it is noticed while it is read.
                "ALTER TABLE giants.t STATS_AUTO_RECALC=0".into(),
                "INSERT INTO giants.t VALUES (1,'short',1,'first')".into(),
                format!("INSERT INTO giants.t VALUES (2,REPEAT('x',{long}),1,'the long one')"),
            ])
            .await?;
        for is_known in [false, true] {
            if is_known {
                server.run(["ANALYZE TABLE giants.t"]).await?;
            }
            let request = request(&server, "giants");
            let error = native::back_up(&vault, &request, &control()).await.unwrap_err();
            println!("{family}: {error}");
            assert_eq!((error.kind(), error.retry()), (Kind::Source, Retry::Never), "{error:?}");
            ensure!(error.attempt().contains("read table t"), "{error:?}");
            ensure!(error.message().contains("the row with id the long one"), "{error:?}");
            ensure!(error.advice().is_some(), "{error:?}");
            ensure!(pipeline::list(&vault).await?.is_empty());
        }
    }
    Ok(())
}
