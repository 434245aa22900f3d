//! Physical backups when things break: killed programs, full disks, dead workers, and little memory.

use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use engine::Kind;
use engine::pipeline::{Control, physical, physical::Parent};
use engine::source::mysql::physical::{Programs, Workplace, unpack, workplace};
use tokio_util::sync::CancellationToken;

use crate::physical_support::{Small, assert_empty, at, filled, is_possible, program_in, request};
use crate::pipeline_support::{control, create, local, objects};

/// Does something once the first bytes have come.
fn once_it_runs(act: impl Fn(&CancellationToken) + Send + Sync + 'static) -> Control {
    let cancel = CancellationToken::new();
    let (stop, done) = (cancel.clone(), std::sync::atomic::AtomicBool::new(false));
    Control {
        cancel,
        progress: Arc::new(move |progress| {
            let begun = progress.phase == "copy" && progress.bytes > 0;
            if begun && !done.swap(true, std::sync::atomic::Ordering::Relaxed) {
                act(&stop);
            }
        }),
        ..control()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_program_and_a_stop_leave_nothing() -> Result<()> {
    if !is_possible().await {
        return Ok(());
    }
    let (server, vault_at, scratch) = (filled().await?, tempfile::tempdir()?, tempfile::tempdir()?);
    let vault = create(local(vault_at.path()).await?).await?.vault;
    let before = objects(vault_at.path())?.len();

    let at_work = scratch.path().to_owned();
    let killing = once_it_runs(move |_| {
        let id = program_in(&at_work).and_then(rustix::process::Pid::from_raw).unwrap();
        rustix::process::kill_process(id, rustix::process::Signal::KILL).unwrap();
    });
    let killed = physical::backup(&vault, &request(&server, Parent::None, scratch.path()), &killing).await;
    let killed = killed.unwrap_err();
    ensure!(killed.kind() == Kind::Source && killed.retry() == engine::Retry::Later, "{killed:?}");
    ensure!(killed.message().contains("signal"), "{killed:?}");

    let stopping = once_it_runs(CancellationToken::cancel);
    let stopped = physical::backup(&vault, &request(&server, Parent::None, scratch.path()), &stopping).await;
    assert_eq!(stopped.unwrap_err().kind(), Kind::Cancelled);
    assert_empty(scratch.path());
    ensure!(program_in(scratch.path()).is_none(), "the program is gone");
    // An owner's key may have been made; nothing of the backups stays.
    let left = objects(vault_at.path())?;
    ensure!(left.iter().all(|(path, _)| !path.display().to_string().contains("/v1/")), "{}", left.len());
    ensure!(left.len() <= before + 1, "{before} objects before, {} after", left.len());
    // The server is free: nothing is locked any more.
    let work =
        server.run(["INSERT INTO grc.old_style (v) VALUES ('after')", "CREATE TABLE grc.later (id INT)"]);
    tokio::time::timeout(Duration::from_secs(20), work).await.context("the server is locked")??;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_is_refused_with_both_numbers() -> Result<()> {
    if !is_possible().await {
        return Ok(());
    }
    let (server, vault_at, scratch) = (filled().await?, tempfile::tempdir()?, tempfile::tempdir()?);
    let vault = create(local(vault_at.path()).await?).await?.vault;
    let full = request(&server, Parent::None, scratch.path());
    physical::backup(&vault, &full, &control()).await?;
    let Some(small) = Small::mount(scratch.path().join("small"), 8 << 20) else { return Ok(()) };
    let refused = physical::verify(&vault, &full.place, &at(small.path()), &control()).await.unwrap_err();
    ensure!(refused.kind() == Kind::Space, "{refused:?}");
    ensure!(refused.message().contains("are free") && refused.message().contains("it takes"), "{refused:?}");
    assert_empty(small.path());
    let into = small.path().join("restored");
    let refused = physical::restore(&vault, &full.place, &into, None, &control()).await.unwrap_err();
    ensure!(refused.kind() == Kind::Space && !into.exists(), "{refused:?}");

    // Somebody else fills it after the question.
    let mut stream = Vec::new();
    physical::stream(&vault, &full.place, &mut stream, &control()).await?;
    let programs = Programs::find(domain::sources::ServerFamily::Mariadb, None).await?;
    let broken =
        unpack::extract(&programs, &mut stream.as_slice(), small.path(), &|_| {}, &CancellationToken::new())
            .await
            .unwrap_err();
    assert_eq!(broken.kind(), Kind::Space, "{broken:?}");
    Ok(())
}

/// A worker that was killed left a copy in clear and a server on it.
#[tokio::test]
async fn what_the_dead_left_is_stopped_and_removed() -> Result<()> {
    let root = tempfile::tempdir()?;
    let left = root.path().join(format!("{}left", workplace::PREFIX));
    std::fs::create_dir(&left)?;
    std::fs::write(left.join("lock"), "")?;
    std::fs::write(left.join("customers.ibd"), "secret")?;
    let mut server = Command::new("tail").arg("-f").arg(left.join("lock")).spawn()?;
    std::fs::write(left.join("server.pid"), format!("{}\n", server.id()))?;
    // One that waits to be reaped still has a number; somebody else's child is reaped by its parent.
    let reaper = std::thread::spawn(move || server.wait());
    let living = Workplace::create(root.path())?;
    ensure!(!left.exists(), "it is removed");
    ensure!(!reaper.join().unwrap()?.success(), "it was stopped");
    let second = Workplace::create(root.path())?;
    ensure!(living.path().exists() && second.path().exists(), "the living are spared");
    Ok(())
}

/// `HOLDFAST_TEST_SCALE=1` streams half a gigabyte; otherwise a tenth of that.
#[tokio::test(flavor = "multi_thread")]
async fn memory_does_not_grow_with_the_server() -> Result<()> {
    if !is_possible().await {
        return Ok(());
    }
    let (server, vault_at, scratch) = (filled().await?, tempfile::tempdir()?, tempfile::tempdir()?);
    let vault = create(local(vault_at.path()).await?).await?.vault;
    let whole = std::env::var("HOLDFAST_TEST_SCALE")
        .is_ok_and(|scale| scale.parse::<f64>().is_ok_and(|scale| scale >= 1.0));
    let megabytes = if whole { 500 } else { 50 };
    // Sixty-four rows of a page's size for each megabyte, of bytes that compress badly.
    server
        .run([
            "CREATE TABLE grc.large (id INT PRIMARY KEY, v LONGBLOB)".to_owned(),
            format!(
                "INSERT INTO grc.large SELECT seq, REPEAT(UNHEX(SHA2(seq,512)), 110) FROM grc.seq_1_to_{}",
                megabytes * 128
            ),
        ])
        .await?;
    let full = physical::PhysicalRequest { sums: false, ..request(&server, Parent::None, scratch.path()) };
    let receipt = physical::backup(&vault, &full, &control()).await?;
    ensure!(receipt.sizes.plain.0 > megabytes << 20, "{}", receipt.sizes.plain);
    let peak = peak_memory()?;
    println!("{} streamed, {} stored, peak {} MiB", receipt.sizes.plain, receipt.sizes.stored, peak >> 20);
    ensure!(peak < 256 << 20, "{} MiB", peak >> 20);
    let evidence = physical::verify(&vault, &full.place, &at(scratch.path()), &control()).await?;
    ensure!(evidence.equal, "{:?}", evidence.differences);
    let peak = peak_memory()?;
    println!("peak with verification {} MiB", peak >> 20);
    ensure!(peak < 256 << 20, "{} MiB", peak >> 20);
    Ok(())
}

/// The most that this process ever held, in bytes.
fn peak_memory() -> Result<u64> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).context("VmHWM")?;
    Ok(line.trim().trim_end_matches(" kB").trim().parse::<u64>()? << 10)
}
