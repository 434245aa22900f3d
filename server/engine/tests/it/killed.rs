//! Programs that are killed with -9 while they restore: this test program, started once more.
//!
//! Only with the feature `failpoints`.
#![cfg(feature = "failpoints")]

use std::{
    os::unix::process::ExitStatusExt as _,
    path::PathBuf,
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use anyhow::{Context, Result, ensure};
use domain::{
    id::Id,
    restores::{Part, Selection},
    sources::{AccountName, HostName, TlsMode},
};
use engine::{
    format::{Owner, keys::Place},
    pipeline::{self, Target, Vault, tenant_restore::RestorePlace},
    source::mysql::{
        clients::{ClientPaths, Clients},
        connect::Endpoint,
        new_database::{Found, Maker, NewDatabase},
        scratch,
    },
};
use mysql_async::prelude::Queryable;
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{
    mysql_server::{PASSWORD, Server, database},
    native::exact,
    native_restore::{LARGE, backed_up, large, target},
    pipeline_support::{clock, control, create, local, root},
    tenant_calls::Rows,
    tenant_restore_scene::{NAME, Scene, damage, seven},
};

/// What the second program is to do, and die of.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Order {
    vault: PathBuf,
    port: u16,
    source: Uuid,
    backup: Uuid,
    restore: Uuid,
    attempt: u32,
    what: What,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
enum What {
    Plan,
    Apply { digest: String },
    Undo { digest: String },
    Whole,
}

/// How the order reaches the program.
const ORDER: &str = "HF_TEST_ORDER";
const COPY: &str = "copy";

impl Order {
    fn new(server: &Server, vault: PathBuf, backup: &Place, at: Option<&RestorePlace>, what: What) -> Self {
        Self {
            vault,
            port: server.port,
            source: backup.source.uuid(),
            backup: backup.backup.uuid(),
            restore: at.map_or(Uuid::nil(), |at| at.restore),
            attempt: at.map_or(1, |at| at.attempt),
            what,
        }
    }

    /// Starts the program, which must die at `point` and of nothing else.
    async fn dies_at(&self, point: &str) -> Result<()> {
        let mut program = Command::new(std::env::current_exe()?);
        program.args(["--exact", "killed::the_program_that_dies", "--ignored", "--nocapture"]);
        program.env(ORDER, serde_json::to_string(self)?).env("HOLDFAST_FAILPOINT", point);
        program.stdin(Stdio::null());
        let output = tokio::task::spawn_blocking(move || program.output()).await??;
        let said = String::from_utf8_lossy(&output.stdout);
        ensure!(output.status.signal() == Some(9), "{point}: {} {said}", output.status);
        Ok(())
    }

    async fn carry_out(&self) -> Result<()> {
        let host = HostName::new("127.0.0.1")?;
        let password = SecretString::from(PASSWORD);
        let live = Endpoint::new(host, self.port, AccountName::new("adm")?, password, TlsMode::Off);
        let vault = Vault::open(local(&self.vault).await?, root(), clock()).await?;
        let backup = Place {
            owner: Owner::System,
            source: Id::new(self.source),
            backup: Id::new(self.backup),
            attempt: 1,
        };
        let at = RestorePlace { source: backup.source, restore: self.restore, attempt: self.attempt };
        let (rows, control) =
            (Rows { vault: &vault, live: live.clone(), name: NAME, tenant: seven() }, control());
        match &self.what {
            What::Plan => {
                rows.plan(&backup, Selection::Everything, &at, &control).await?;
            }
            What::Apply { digest } => {
                rows.apply(&at, digest, &control).await?;
            }
            What::Undo { digest } => {
                rows.undo(&at, digest, &control).await?;
            }
            What::Whole => {
                let clients = Clients::detect(&ClientPaths::default()).await.into();
                let (into, name, maker) = (Target { endpoint: live, clients }, database(COPY), maker());
                let new = NewDatabase { endpoint: &into.endpoint, database: &name, maker: &maker };
                pipeline::restore(&vault, &backup, &into, new, &Part::default(), &control).await?;
            }
        }
        Ok(())
    }
}

fn maker() -> Maker {
    Maker::new(Uuid::from_u128(9))
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "it is started by the others, to die"]
async fn the_program_that_dies() -> Result<()> {
    let order: Order = serde_json::from_str(&std::env::var(ORDER).context("an order")?)?;
    order.carry_out().await
}

/// Waits until the server has noticed that nobody is at the other end any more: only then is what was open rolled
/// back.
async fn alone(server: &Server) -> Result<()> {
    let mut conn = server.admin().connect().await?;
    let until = Instant::now() + Duration::from_secs(20);
    loop {
        let others: Option<u64> = conn
            .query_first(
                "SELECT COUNT(*) FROM information_schema.PROCESSLIST \
                 WHERE (USER='adm' OR USER LIKE 'hf\\_%') AND ID<>CONNECTION_ID()",
            )
            .await?;
        if others == Some(0) {
            conn.disconnect().await?;
            return Ok(());
        }
        ensure!(Instant::now() < until, "{others:?} connections of the dead program stay");
        tokio::task::yield_now().await;
    }
}

/// Databases and accounts that we make for a while.
async fn left(server: &Server) -> Result<Vec<String>> {
    let mut conn = server.admin().connect().await?;
    let found = conn
        .query(
            "SELECT SCHEMA_NAME FROM information_schema.SCHEMATA WHERE SCHEMA_NAME LIKE 'holdfast%' \
             UNION SELECT User FROM mysql.user WHERE User LIKE 'hf\\_%'",
        )
        .await?;
    conn.disconnect().await?;
    Ok(found)
}

/// Before the end of the transaction nothing may have changed, after it everything must have.
const DURING_APPLY: &[(&str, bool)] = &[
    ("tenant.locked", false),
    ("tenant.half", false),
    ("tenant.before_commit", false),
    ("tenant.committed", true),
];

#[tokio::test(flavor = "multi_thread")]
async fn an_apply_that_is_killed_changed_everything_or_nothing_and_so_does_an_undo() -> Result<()> {
    for scene in Scene::all().await? {
        let (sound, others) = (scene.state(true).await?, scene.state(false).await?);
        scene.server.run(damage()).await?;
        let harmed = scene.state(true).await?;
        ensure!(harmed != sound);
        let (place, difference) = scene.plan(Selection::Everything).await?;
        let digest = difference.digest.clone();
        let vault = scene.directory.path().to_owned();
        let order = |what| Order::new(&scene.server, vault.clone(), &scene.backup, Some(&place), what);
        for (point, done) in DURING_APPLY {
            order(What::Apply { digest: digest.clone() }).dies_at(point).await?;
            alone(&scene.server).await?;
            let expected = if *done { &sound } else { &harmed };
            assert_eq!(&scene.state(true).await?, expected, "{point}");
            assert_eq!(scene.state(false).await?, others, "{point}");
            // The next start says what is true, and the end is the same.
            let again = scene.apply(&place, &digest).await?;
            assert_eq!(again.already, *done, "{point}");
            assert_eq!(scene.state(true).await?, sound, "{point}");

            order(What::Undo { digest: digest.clone() }).dies_at(point).await?;
            alone(&scene.server).await?;
            let expected = if *done { &harmed } else { &sound };
            assert_eq!(&scene.state(true).await?, expected, "undo, {point}");
            let again = scene.undo(&place, &digest).await?;
            assert_eq!(again.already, *done, "undo, {point}");
            assert_eq!(scene.state(true).await?, harmed, "undo, {point}");
            assert_eq!(scene.state(false).await?, others, "undo, {point}");
        }
        assert_eq!(left(&scene.server).await?, Vec::<String>::new());
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_that_is_killed_is_nobodys_leftover_or_can_be_applied() -> Result<()> {
    for scene in Scene::all().await? {
        let (sound, others) = (scene.state(true).await?, scene.state(false).await?);
        scene.server.run(damage()).await?;
        let harmed = scene.state(true).await?;
        for (point, stored) in [("tenant.compared", false), ("tenant.planned", true)] {
            let dead = scene.place();
            let vault = scene.directory.path().to_owned();
            Order::new(&scene.server, vault, &scene.backup, Some(&dead), What::Plan).dies_at(point).await?;
            alone(&scene.server).await?;
            assert_eq!(
                (scene.state(true).await?, scene.state(false).await?),
                (harmed.clone(), others.clone())
            );
            let digest = scene.plan(Selection::Everything).await?.1.digest;
            let swept = pipeline::sweep_attempt(&scene.vault, &dead.place(&seven())).await?;
            assert_eq!(swept == 0, stored, "{point}: {swept}");
            let applied = scene.apply(&dead, &digest).await;
            assert_eq!(applied.is_ok(), stored, "{point}: {applied:?}");
            if stored {
                assert_eq!(
                    (scene.state(true).await?, scene.state(false).await?),
                    (sound.clone(), others.clone())
                );
                scene.undo(&dead, &digest).await?;
            }
            assert_eq!(scene.state(true).await?, harmed);
        }
        assert_eq!(left(&scene.server).await?, Vec::<String>::new());
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restore_that_is_killed_half_way_touched_nothing_else_and_leaves_what_can_be_swept() -> Result<()> {
    for server in Server::all().await? {
        let directory = tempfile::tempdir()?;
        let vault = create(local(directory.path()).await?).await?.vault;
        large(&server).await?;
        let source = exact(&server, LARGE).await?.tables;
        let place = backed_up(&server, &vault, LARGE).await?;
        for point in ["restore.unmarked", "restore.half"] {
            Order::new(&server, directory.path().to_owned(), &place, None, What::Whole)
                .dies_at(point)
                .await?;
            let (into, name, maker) = (target(&server).await?, database(COPY), maker());
            let new = NewDatabase { endpoint: &into.endpoint, database: &name, maker: &maker };
            let expected = if point == "restore.unmarked" { Found::Empty } else { Found::Ours };
            assert_eq!(new.look().await?, expected, "{point}");
            // Somebody else's restore neither takes it for its own nor removes it.
            if expected == Found::Ours {
                let stranger = Maker::new(Uuid::from_u128(10));
                let strangers = NewDatabase { maker: &stranger, ..new };
                ensure!(strangers.remove().await.is_err(), "{point}");
            }
            ensure!(new.remove().await?, "{point}");
            assert_eq!(new.look().await?, Found::Nothing, "{point}");
            alone(&server).await?;
            // Of an account without a database the sweep says when it was made.
            scratch::sweep(&server.admin(), clock().now()).await?;
            assert_eq!(left(&server).await?, Vec::<String>::new(), "{point}");
            let evidence =
                pipeline::restore(&vault, &place, &into, new, &Part::default(), &control()).await?;
            ensure!(evidence.equal, "{point}: {:#?}", evidence.differences);
            new.finish().await?;
            assert_eq!(exact(&server, COPY).await?.tables, source, "{} {point}", server.family);
            server.run(["DROP DATABASE copy"]).await?;
            assert_eq!(exact(&server, LARGE).await?.tables, source, "{point}: the source");
        }
    }
    Ok(())
}
