//! From a database into a vault and back, against real servers.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use anyhow::{Context, Result, ensure};
use domain::backups::Proof;
use engine::{
    Kind,
    format::Codec,
    pipeline::{self, Control, Export, Target, Vault},
    seal::{keyring::Opener, recovery},
    source::mysql::new_database::{Found, Maker, NewDatabase},
    storage::{
        Storage,
        faulty::{Fault, Faulty, When},
    },
};
use mysql_async::prelude::Queryable;

use crate::{
    mysql_server::{Server, database},
    pipeline_support::{
        clock, control, create, engine, examples, feed, local, objects, request, root, small,
    },
    storage_double::{self, Double},
};

/// `HOLDFAST_TEST_SCALE=1` shows the same with tens of megabytes, and every database in both stores.
fn scale() -> f64 {
    std::env::var("HOLDFAST_TEST_SCALE").ok().and_then(|text| text.parse().ok()).unwrap_or(0.02)
}

/// The whole point: both example databases, every awkward type in them, on both families of servers.
#[tokio::test(flavor = "multi_thread")]
async fn the_example_databases_come_back_whole() -> Result<()> {
    for server in Server::all().await? {
        let directory = tempfile::tempdir()?;
        let in_directory = create(local(directory.path()).await?).await?.vault;
        let bucket = Double::start().await;
        let in_bucket = create(Arc::new(storage_double::vault(bucket.address).await)).await?.vault;
        let target = Target { endpoint: server.admin(), clients: Arc::new(server.clients().await?) };
        let names = examples(&server, scale()).await?;
        let roads = [(names[0], Codec::Zstd, &in_directory), (names[1], Codec::Gzip, &in_bucket)];
        let others = [(names[1], Codec::Zstd, &in_directory), (names[0], Codec::Zstd, &in_bucket)];
        // The second half says nothing new at a small scale.
        let roads = roads.into_iter().chain(others.into_iter().filter(|_| scale() >= 1.0));
        for (turn, (name, codec, vault)) in roads.enumerate() {
            let started = std::time::Instant::now();
            let request = request(&server, name, 1, codec);
            let receipt = pipeline::backup(vault, &engine(&server).await?, &request, &control()).await?;
            ensure!(receipt.tables >= 40, "{} tables", receipt.tables);

            let checked = pipeline::check(vault, &request.place, &control()).await?;
            assert_eq!(checked.plain_bytes, receipt.sizes.plain.0);

            let evidence = pipeline::verify(vault, &request.place, &target, &control()).await?;
            assert_eq!(evidence.proof, Proof::SamePosition);
            ensure!(evidence.equal, "{}: {:#?} {:?}", server.family, evidence.differences, evidence.remarks);
            ensure!(evidence.tables.iter().any(|table| !table.floats.is_empty()), "FLOAT columns are listed");

            let again = database(&format!("{name}_restored_{turn}"));
            let maker = Maker::new(uuid::Uuid::from_u128(7));
            let new = NewDatabase { endpoint: &target.endpoint, database: &again, maker: &maker };
            let restored = pipeline::restore(
                vault,
                &request.place,
                &target,
                new,
                &domain::restores::Part::default(),
                &control(),
            )
            .await?;
            ensure!(restored.equal, "{:#?} {:?}", restored.differences, restored.remarks);
            assert_eq!(new.look().await?, Found::Ours);
            new.finish().await?;
            assert_eq!(new.look().await?, Found::Other);
            let refused = pipeline::restore(
                vault,
                &request.place,
                &target,
                new,
                &domain::restores::Part::default(),
                &control(),
            )
            .await;
            ensure!(refused.is_err(), "a database that exists is never overwritten");

            if turn < 2 {
                export_loads(&server, vault, &request.place, name).await?;
            }

            let found =
                pipeline::find(vault, &request.place.owner, request.place.source, request.place.backup)
                    .await?;
            assert_eq!(found.context("found")?.manifest, receipt.manifest);
            let description = pipeline::describe(vault, &request.place).await?;
            assert_eq!(description.database.as_str(), name);
            let floats =
                evidence.tables.iter().flat_map(|table| &table.floats).filter(|float| !float.bit_exact);
            println!(
                "{} · {name} · {} · {}: {} tables, {} rows equal, {} stored of {}, FLOAT to six digits only: {}, {:.0?}",
                server.family,
                codec.key(),
                vault.storage().describe(),
                evidence.tables.len(),
                evidence.tables.iter().map(|table| table.rows_restored).sum::<u64>(),
                receipt.sizes.stored,
                receipt.sizes.plain,
                floats.count(),
                started.elapsed(),
            );
        }
        let left = scratch_leftovers(&server).await?;
        ensure!(left.is_empty(), "left behind: {left:?}");
        no_plaintext(directory.path())?;
    }
    Ok(())
}

async fn export_loads(
    server: &Server,
    vault: &Vault,
    place: &engine::format::keys::Place,
    name: &str,
) -> Result<()> {
    let mut packed = Vec::new();
    pipeline::export(vault, place, Export::Gzip, &mut packed, &control()).await?;
    let mut sql = Vec::new();
    std::io::Read::read_to_end(&mut flate2::read::MultiGzDecoder::new(&*packed), &mut sql)?;
    let exported = format!("{name}_exported");
    server.run([format!("CREATE DATABASE {exported}")]).await?;
    feed(server, Some(&exported), sql).await?;
    let mut conn = server.admin().connect().await?;
    let count = |schema: &str| {
        format!(
            "SELECT (SELECT COUNT(*) FROM information_schema.tables WHERE table_schema='{schema}') + (SELECT COUNT(*) FROM information_schema.routines WHERE routine_schema='{schema}') + (SELECT COUNT(*) FROM information_schema.triggers WHERE trigger_schema='{schema}') + (SELECT COUNT(*) FROM information_schema.events WHERE event_schema='{schema}')"
        )
    };
    let original: Option<u64> = conn.query_first(count(name)).await?;
    let loaded: Option<u64> = conn.query_first(count(&exported)).await?;
    conn.disconnect().await?;
    assert_eq!(original, loaded);
    Ok(())
}

async fn scratch_leftovers(server: &Server) -> Result<Vec<String>> {
    let mut conn = server.admin().connect().await?;
    let schemas = conn
        .query("SELECT schema_name FROM information_schema.schemata WHERE schema_name LIKE 'holdfast%'")
        .await?;
    let accounts: Vec<String> = conn.query("SELECT user FROM mysql.user WHERE user LIKE 'hf\\_%'").await?;
    conn.disconnect().await?;
    Ok([schemas, accounts].concat())
}

/// No object of the vault holds a word of the database in clear.
fn no_plaintext(directory: &std::path::Path) -> Result<()> {
    for (path, bytes) in objects(directory)? {
        for word in ["CREATE TABLE", "INSERT INTO", "grc_", "TenantId"] {
            let found = bytes.windows(word.len()).any(|window| window == word.as_bytes());
            ensure!(!found, "{} holds {word:?} in clear", path.display());
        }
    }
    Ok(())
}

/// The N-th call to the store fails, for every N: the run fails or succeeds, and says truly which.
#[tokio::test(flavor = "multi_thread")]
async fn every_failure_of_the_store_ends_truthfully() -> Result<()> {
    let server = Server::start(domain::sources::ServerFamily::Mariadb, &[]).await?;
    small(&server, "small").await?;
    let engine = engine(&server).await?;
    for fault in [Fault::Refuse, Fault::Full, Fault::LoseAnswer, Fault::CutRead(10)] {
        for call in 1..200 {
            let directory = tempfile::tempdir()?;
            let plain = local(directory.path()).await?;
            create(Arc::clone(&plain)).await?;
            let faulty = Arc::new(Faulty::new(Arc::clone(&plain), fault, When::Once(call)));
            let request = request(&server, "small", 1, Codec::Zstd);
            let result = async {
                let vault = Vault::open(Arc::clone(&faulty) as Arc<dyn Storage>, root(), clock()).await?;
                pipeline::backup(&vault, &engine, &request, &control()).await
            }
            .await;
            let healthy = Vault::open(plain, root(), clock()).await?;
            let published = pipeline::list(&healthy).await?.contains(&request.place);
            match &result {
                Ok(_) => {
                    ensure!(published, "{fault:?} at call {call}: success without a backup");
                    pipeline::check(&healthy, &request.place, &control()).await?;
                }
                Err(error) => {
                    // A lost answer to the very last write: the backup is there and whole, and a retry adopts it.
                    if published {
                        pipeline::check(&healthy, &request.place, &control()).await?;
                    }
                    ensure!(!error.message().is_empty());
                    pipeline::sweep_attempt(&healthy, &request.place).await?;
                    let left = objects(&directory.path().join("v1")).unwrap_or_default();
                    ensure!(
                        published || left.is_empty(),
                        "{fault:?} at call {call} left {left:?}",
                        left = left.len()
                    );
                }
            }
            if !faulty.met() {
                break;
            }
        }
    }
    Ok(())
}

/// One flipped bit or one missing byte anywhere in what was stored is found.
#[tokio::test(flavor = "multi_thread")]
async fn damage_anywhere_in_the_vault_is_found() -> Result<()> {
    let server = Server::start(domain::sources::ServerFamily::Mariadb, &[]).await?;
    small(&server, "small").await?;
    let directory = tempfile::tempdir()?;
    let store = local(directory.path()).await?;
    let vault = create(Arc::clone(&store)).await?.vault;
    let request = request(&server, "small", 1, Codec::Zstd);
    pipeline::backup(&vault, &engine(&server).await?, &request, &control()).await?;
    let whole = || async {
        let vault = Vault::open(Arc::clone(&store), root(), clock()).await?;
        pipeline::check(&vault, &request.place, &control()).await
    };
    whole().await?;
    let mut tried = 0;
    for (path, bytes) in objects(directory.path())? {
        // The wraps for the recovery key and descriptive fields of key records matter only on another road.
        let stride = if path.extension().is_some_and(|extension| extension == "pack") { 61 } else { 7 };
        let in_keyring = path.components().any(|part| part.as_os_str() == "keyring");
        for position in (0..bytes.len()).step_by(stride) {
            let mut altered = bytes.clone();
            altered[position] ^= 1 << (position % 8);
            std::fs::remove_file(&path)?;
            std::fs::write(&path, &altered)?;
            ensure!(in_keyring || whole().await.is_err(), "bit in byte {position} of {}", path.display());
            tried += 1;
        }
        // The key of stored passwords is not needed for reading a backup.
        let needed = !path.ends_with("credentials-000001.json");
        for length in [0, bytes.len() / 2, bytes.len() - 1] {
            std::fs::remove_file(&path)?;
            std::fs::write(&path, &bytes[..length])?;
            ensure!(!needed || whole().await.is_err(), "{} cut to {length}", path.display());
        }
        std::fs::remove_file(&path)?;
        ensure!(!needed || whole().await.is_err(), "{} missing", path.display());
        std::fs::write(&path, &bytes)?;
    }
    ensure!(tried > 300, "only {tried} places tried");
    whole().await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_written_recovery_key_opens_what_the_root_key_sealed() -> Result<()> {
    let server = Server::start(domain::sources::ServerFamily::Mariadb, &[]).await?;
    small(&server, "small").await?;
    let directory = tempfile::tempdir()?;
    let store = local(directory.path()).await?;
    let created = create(Arc::clone(&store)).await?;
    let request = request(&server, "small", 1, Codec::Zstd);
    pipeline::backup(&created.vault, &engine(&server).await?, &request, &control()).await?;

    let key = recovery::from_text(&created.recovery_key)?;
    let vault = Vault::open_for_recovery(Arc::clone(&store), Opener::Recovery(key), clock()).await?;
    pipeline::check(&vault, &request.place, &control()).await?;

    let (stranger, _) = engine::seal::sealed_box::PrivateKey::generate()?;
    let refused = Vault::open_for_recovery(store, Opener::Recovery(stranger), clock())
        .await
        .err()
        .context("refused")?;
    assert_eq!(refused.kind(), Kind::Key);
    Ok(())
}

/// The connection of the dump is cut when 10, 50 and 90 % went through: no backup, nothing left.
#[tokio::test(flavor = "multi_thread")]
async fn a_dump_that_is_cut_leaves_nothing() -> Result<()> {
    for server in Server::all().await? {
        small(&server, "cut").await?;
        server
            .run(
                (0..6).map(|_| "INSERT INTO cut.t SELECT id + (SELECT MAX(id) + 1 FROM cut.t), v FROM cut.t"),
            )
            .await?;
        let directory = tempfile::tempdir()?;
        let vault = create(local(directory.path()).await?).await?.vault;
        for percent in [10u64, 50, 90] {
            let request = request(&server, "cut", 1, Codec::Zstd);
            let (killed, admin) = (Arc::new(AtomicBool::new(false)), server.admin());
            let (sender, mut receiver) = tokio::sync::mpsc::unbounded_channel();
            let control = Control {
                progress: Arc::new(move |progress| {
                    if progress.phase == "dump" && progress.bytes > percent * 200_000 {
                        let _sent = sender.send(());
                    }
                }),
                ..control()
            };
            let flag = Arc::clone(&killed);
            let killer = tokio::spawn(async move {
                if receiver.recv().await.is_none() {
                    return anyhow::Ok(());
                }
                let mut conn = admin.connect().await?;
                let dumping: Vec<u64> = conn.query("SELECT id FROM information_schema.processlist WHERE info LIKE 'SELECT%SQL_NO_CACHE%'").await?;
                for id in dumping {
                    flag.store(true, Ordering::SeqCst);
                    let _gone = conn.query_drop(format!("KILL {id}")).await;
                }
                conn.disconnect().await?;
                Ok(())
            });
            let result = pipeline::backup(&vault, &engine(&server).await?, &request, &control).await;
            drop(control);
            killer.await??;
            if killed.load(Ordering::SeqCst) && result.is_err() {
                let left = objects(&directory.path().join("v1")).unwrap_or_default();
                ensure!(left.is_empty(), "{percent} %: {} objects left", left.len());
            }
            ensure!(
                result.is_err() || pipeline::check(&vault, &request.place, &self::control()).await.is_ok()
            );
            if result.is_ok() {
                pipeline::remove(&vault, &request.place).await?;
            }
        }
    }
    Ok(())
}
