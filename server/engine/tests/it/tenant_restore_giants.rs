//! Rows of many megabytes that a restore of a tenant changes: how much memory their preview takes.

use anyhow::{Context, Result, ensure};
use domain::{
    id::Id,
    restores::{Cell, Selection, TenantRestore},
    sources::{AccountName, HostName, TlsMode},
};
use engine::{
    format::{Owner, keys::Place},
    pipeline::{
        Vault, native,
        tenant_restore::{RestorePlace, changed_rows, plan_tenant_restore},
    },
    source::mysql::connect::Endpoint,
};
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{
    mysql_server::{PASSWORD, Server, database},
    native::request,
    peak,
    pipeline_support::{clock, control, create, local, root},
    tenant_restore_scene::seven,
};

const MIB: u64 = 1 << 20;
/// What a job may hold, in MiB, while rows are not longer than [`LONG`].
const MOST: u64 = 256;
const LONG: u64 = 48 * MIB;
const ROWS: u64 = 6;

/// What the second program does: it looks at changed rows.
#[derive(Debug, Serialize, Deserialize)]
struct Order {
    vault: std::path::PathBuf,
    port: u16,
    backup: Uuid,
    restore: Uuid,
    is_plan: bool,
}

impl Order {
    /// How much memory the program holds at most that carries it out, in MiB.
    async fn peak(&self) -> Result<u64> {
        peak::of("tenant_restore_giants::the_program_that_is_measured", self).await
    }

    async fn carry_out(&self) -> Result<()> {
        let vault = Vault::open(local(&self.vault).await?, root(), clock()).await?;
        let source = Id::new(Uuid::from_u128(5));
        let at = RestorePlace { source, restore: self.restore, attempt: 1 };
        if self.is_plan {
            let password = SecretString::from(PASSWORD);
            let (host, user) = (HostName::new("127.0.0.1")?, AccountName::new("adm")?);
            let live = Endpoint::new(host, self.port, user, password, TlsMode::Off);
            let backup = Place { owner: Owner::System, source, backup: Id::new(self.backup), attempt: 1 };
            let selection = Selection::Everything;
            let wish = TenantRestore { backup_id: backup.backup, tenant: seven(), selection };
            let name = database("wide");
            let difference =
                plan_tenant_restore(&vault, &backup, &wish, &live, &name, &at, &control()).await?;
            ensure!(difference.changes() == ROWS, "{difference:?}");
            return Ok(());
        }
        let page = changed_rows(&vault, &at, &seven(), "t", None, 1000).await?;
        ensure!(page.rows.len() as u64 == ROWS && page.next.is_none());
        for row in page.rows {
            let (old, new) = (row.old.context("old")?, row.new.context("new")?);
            // The last byte and the last letter differ; both are far behind what is shown.
            assert_eq!(row.differs, [false, false, true, true]);
            assert_eq!(old[2], Cell::Binary { hex: "0A".repeat(64), length: LONG + 1 });
            assert_eq!(new[2], Cell::Binary { hex: "0A".repeat(64), length: LONG });
            assert_eq!(old[3], Cell::Text { text: "ä".repeat(200), length: 2 * MIB + 1 });
            assert_eq!(new[3], Cell::Text { text: "ä".repeat(200), length: 2 * MIB });
        }
        Ok(())
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "it is started by the other, to be measured"]
async fn the_program_that_is_measured() -> Result<()> {
    let order: Order = peak::order()?;
    order.carry_out().await?;
    peak::tell()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_of_giant_rows_holds_their_beginnings_only() -> Result<()> {
    let log = "--innodb-log-file-size=2G";
    let family = domain::sources::ServerFamily::Mariadb;
    let server = Server::start(family, &["--max-allowed-packet=1G", "--skip-log-bin", log]).await?;
    let mut statements = vec![
        "CREATE DATABASE wide".to_owned(),
        "CREATE TABLE wide.t (id INT PRIMARY KEY, TenantId INT, b LONGBLOB, x LONGTEXT CHARACTER SET utf8mb4)".into(),
        "INSERT INTO wide.t VALUES (99,8,'','')".into(),
    ];
    for id in 1..=ROWS {
        statements.push(format!("INSERT INTO wide.t VALUES ({id},7,REPEAT(x'0a',{LONG}),REPEAT('ä',{MIB}))"));
    }
    server.run(&statements).await?;
    let directory = tempfile::tempdir()?;
    let vault = create(local(directory.path()).await?).await?.vault;
    let request = request(&server, "wide");
    native::back_up(&vault, &request, &control()).await?;
    server.run(["UPDATE wide.t SET b=CONCAT(b,x'0b'), x=CONCAT(x,'o') WHERE TenantId=7"]).await?;

    let (backup, restore) = (request.place.backup.uuid(), Uuid::now_v7());
    let path = directory.path().to_owned();
    let mut order = Order { vault: path, port: server.port, backup, restore, is_plan: true };
    let planned = order.peak().await?;
    order.is_plan = false;
    let shown = order.peak().await?;
    println!("{planned} MiB to plan, {shown} MiB to show");
    ensure!(shown <= MOST, "{shown} MiB for a page");
    Ok(())
}
