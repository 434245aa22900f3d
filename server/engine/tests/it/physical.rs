//! Copies of a server's files, against real servers: chains under load, verification, restore.

use anyhow::{Result, ensure};
use domain::backups::Proof;
use engine::Kind;
use engine::pipeline::{self, physical, physical::Parent};

use crate::physical_support::{
    Load, Restored, assert_empty, at, checksums, filled, is_possible, request, request_at,
};
use crate::pipeline_support::{control, create, local};

/// The whole point: a full copy and increments, taken while everything is written to.
#[tokio::test(flavor = "multi_thread")]
async fn a_server_under_load_comes_back_from_a_chain() -> Result<()> {
    if !is_possible().await {
        return Ok(());
    }
    let (server, vault_at, scratch) = (filled().await?, tempfile::tempdir()?, tempfile::tempdir()?);
    let vault = create(local(vault_at.path()).await?).await?.vault;
    let load = Load::start(&server);

    let full = request(&server, Parent::None, scratch.path());
    let first = physical::backup(&vault, &full, &control()).await?;
    assert_eq!((first.manifest.kind.as_str(), first.manifest.engine.as_str()), ("full", "mariadb-backup"));
    ensure!(!first.manifest.coordinate.gtid.is_empty(), "{:?}", first.manifest.coordinate);
    server
        .run([
            "DROP TABLE grc.doomed",
            "CREATE TABLE grc.born (id INT PRIMARY KEY)",
            "INSERT INTO grc.born VALUES (1)",
        ])
        .await?;
    let one = request(&server, Parent::Newest, scratch.path());
    let second = physical::backup(&vault, &one, &control()).await?;
    assert_eq!(second.manifest.parent, Some(full.place.backup));
    let written = load.written();
    let two = request(&server, Parent::Backup(one.place.backup), scratch.path());
    physical::backup(&vault, &two, &control()).await?;
    ensure!(load.written() > written, "it was written to while it was copied");
    load.stop().await?;

    let evidence = physical::verify(&vault, &two.place, &at(scratch.path()), &control()).await?;
    ensure!(evidence.equal, "{:#?} {:?}", evidence.differences, evidence.remarks);
    // The snapshot of the moment in which nothing could be committed.
    assert_eq!(evidence.proof, Proof::SamePosition, "{:?}", evidence.remarks);
    ensure!(
        evidence.remarks.iter().any(|remark| remark.contains("counted in the copy only")),
        "Aria moved on"
    );
    ensure!(evidence.tables.iter().any(|table| table.table == "grc.born" && table.rows_restored == 1));
    ensure!(evidence.tables.iter().all(|table| table.table != "grc.doomed"));
    assert_empty(scratch.path());

    // Nobody writes: every table is compared, those of other engines too.
    let three = request(&server, Parent::Newest, scratch.path());
    physical::backup(&vault, &three, &control()).await?;
    let evidence = physical::verify(&vault, &three.place, &at(scratch.path()), &control()).await?;
    ensure!(evidence.equal && evidence.proof == Proof::SamePosition, "{evidence:#?}");
    ensure!(!evidence.remarks.iter().any(|remark| remark.contains("counted in the copy only")));

    let into = scratch.path().join("restored");
    let restored = physical::restore(&vault, &three.place, &into, None, &control()).await?;
    assert_eq!((restored.links, restored.coordinate.server_uuid.as_str()), (4, "0-11"));
    let stock = Restored::start(&into, &server).await?;
    // The private server of a verification is not the one that matters in the end.
    assert_eq!(checksums(&stock.endpoint(&server)).await?, checksums(&server.admin()).await?);
    ensure!(!into.join("holdfast-restore").exists(), "where it was put together is gone");
    drop(stock);

    let again = physical::restore(&vault, &three.place, &into, None, &control()).await.unwrap_err();
    ensure!(again.kind() == Kind::Input && again.message().contains("not empty"), "{again:?}");
    ensure!(into.join("grc").exists(), "what was there stays");

    // It is a backup like any other to those who look at the vault.
    assert_eq!(pipeline::list(&vault).await?.len(), 4);
    let checked = pipeline::check(&vault, &one.place, &control()).await?;
    assert_eq!(checked.plain_bytes, second.sizes.plain.0);
    let described = pipeline::describe(&vault, &one.place).await?;
    assert_eq!((described.database.as_str(), described.parent), ("server 0-11", Some(full.place.backup)));
    let mut stream = Vec::new();
    physical::stream(&vault, &full.place, &mut stream, &control()).await?;
    ensure!(stream.starts_with(b"XBSTCK01"), "the stock program's own stream");
    let sql =
        pipeline::export(&vault, &full.place, pipeline::Export::Plain, &mut Vec::new(), &control()).await;
    ensure!(sql.unwrap_err().advice().is_some_and(|advice| advice.contains("physical restore")));
    Ok(())
}

/// Without sums less is proven, and that is said.
#[tokio::test(flavor = "multi_thread")]
async fn without_sums_the_copy_is_proven_in_itself_only() -> Result<()> {
    if !is_possible().await {
        return Ok(());
    }
    let (server, vault_at, scratch) = (filled().await?, tempfile::tempdir()?, tempfile::tempdir()?);
    let vault = create(local(vault_at.path()).await?).await?.vault;
    let full = physical::PhysicalRequest { sums: false, ..request(&server, Parent::None, scratch.path()) };
    physical::backup(&vault, &full, &control()).await?;
    let evidence = physical::verify(&vault, &full.place, &at(scratch.path()), &control()).await?;
    ensure!(evidence.equal && evidence.proof == Proof::DumpRows, "{evidence:#?}");
    ensure!(evidence.remarks.iter().any(|remark| remark.contains("as asked")), "{:?}", evidence.remarks);
    ensure!(evidence.tables.iter().any(|table| table.table == "grc.risk" && table.rows_restored == 5000));
    Ok(())
}

/// A parent that is gone, and a copy that was altered: nothing is left behind.
#[tokio::test(flavor = "multi_thread")]
async fn a_broken_chain_is_refused_before_anything_is_unpacked() -> Result<()> {
    if !is_possible().await {
        return Ok(());
    }
    let (server, vault_at, scratch) = (filled().await?, tempfile::tempdir()?, tempfile::tempdir()?);
    let vault = create(local(vault_at.path()).await?).await?.vault;
    let early = physical::backup(&vault, &request(&server, Parent::Newest, scratch.path()), &control()).await;
    ensure!(early.unwrap_err().advice().is_some_and(|advice| advice.contains("full backup first")));
    let full = request(&server, Parent::None, scratch.path());
    physical::backup(&vault, &full, &control()).await?;
    let one = request(&server, Parent::Newest, scratch.path());
    physical::backup(&vault, &one, &control()).await?;

    // One byte in the middle of the full copy: found while unpacking, and the directory is as it was.
    let pack = vault_at.path().join(full.place.pack(0)?.as_str());
    let mut bytes = std::fs::read(&pack)?;
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(&pack, &bytes)?;
    let into = scratch.path().join("restored");
    let damaged = physical::restore(&vault, &one.place, &into, None, &control()).await.unwrap_err();
    assert_eq!(damaged.kind(), Kind::Integrity, "{damaged:?}");
    ensure!(!into.exists(), "what was made is removed again");
    let damaged = physical::verify(&vault, &one.place, &at(scratch.path()), &control()).await.unwrap_err();
    assert_eq!(damaged.kind(), Kind::Integrity, "{damaged:?}");
    assert_empty(scratch.path());

    pipeline::remove(&vault, &full.place).await?;
    for refused in [
        physical::verify(&vault, &one.place, &at(scratch.path()), &control()).await.err(),
        physical::restore(&vault, &one.place, &into, None, &control()).await.err(),
        physical::backup(&vault, &request(&server, Parent::Newest, scratch.path()), &control()).await.err(),
    ] {
        let refused = refused.unwrap();
        assert_eq!(refused.kind(), Kind::Input, "{refused:?}");
        ensure!(refused.message().contains(&full.place.backup.to_string()), "{refused:?}");
    }
    assert_empty(scratch.path());
    Ok(())
}

/// What cannot work is refused before anything is copied, with what to do.
#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_work_is_refused_with_a_remedy() -> Result<()> {
    if !is_possible().await {
        return Ok(());
    }
    let (server, vault_at, scratch) = (filled().await?, tempfile::tempdir()?, tempfile::tempdir()?);
    let vault = create(local(vault_at.path()).await?).await?.vault;
    let wrong = request_at(server.endpoint("adm", "wrong"), Parent::None, scratch.path());
    let error = physical::backup(&vault, &wrong, &control()).await.unwrap_err();
    ensure!(error.message().contains("refused the password"), "{error:?}");

    server
        .run(["CREATE USER 'little'@'%' IDENTIFIED BY 'x'", "GRANT SELECT, RELOAD ON *.* TO 'little'@'%'"])
        .await?;
    let error = physical::preflight(&server.endpoint("little", "x"), None).await.unwrap_err();
    let advice = error.advice().unwrap_or_default();
    ensure!(
        advice.contains(
            "GRANT PROCESS, LOCK TABLES, BINLOG MONITOR, SHOW VIEW, TRIGGER, EVENT ON *.* TO 'little'@'%';"
        ),
        "{advice}"
    );
    server.run([advice.split_once(": ").unwrap().1]).await?;
    let ground = physical::preflight(&server.endpoint("little", "x"), None).await?;
    ensure!(ground.bytes > 10 << 20, "{}", ground.bytes);
    let sufficient = request_at(server.endpoint("little", "x"), Parent::None, scratch.path());
    physical::backup(&vault, &sufficient, &control()).await?;

    let nothing = tempfile::tempdir()?;
    let error = physical::preflight(&server.admin(), Some(nothing.path())).await.unwrap_err();
    ensure!(
        error.advice().is_some_and(|advice| advice.contains("apt-get install mariadb-backup")),
        "{error:?}"
    );
    for (version, word) in [("10.6.30", "older"), ("11.4.2", "newer")] {
        for name in ["mariadb-backup", "mbstream"] {
            let script = nothing.path().join(name);
            std::fs::write(
                &script,
                format!("#!/bin/sh\necho {name} based on MariaDB server {version}-MariaDB\n"),
            )?;
            let executable = std::os::unix::fs::PermissionsExt::from_mode(0o755);
            std::fs::set_permissions(&script, executable)?;
        }
        let error = physical::preflight(&server.admin(), Some(nothing.path())).await.unwrap_err();
        ensure!(error.message().contains(word) && error.message().contains(version), "{error:?}");
    }

    // The server's files are elsewhere, as on another machine.
    let (data, hidden) = (server.directory().join("data"), server.directory().join("hidden"));
    std::fs::rename(&data, &hidden)?;
    let absent = physical::preflight(&server.admin(), None).await;
    // Another server's files at the same place.
    std::fs::create_dir(&data)?;
    std::fs::write(data.join("ibdata1"), "")?;
    let other = physical::preflight(&server.admin(), None).await;
    std::fs::remove_dir_all(&data)?;
    std::fs::rename(&hidden, &data)?;
    ensure!(absent.unwrap_err().message().contains("is not on this machine"));
    ensure!(other.unwrap_err().message().contains("another server's directory"));
    std::os::unix::fs::symlink("/etc", data.join("grc").join("elsewhere"))?;
    let link = physical::preflight(&server.admin(), None).await.unwrap_err();
    ensure!(link.message().contains("outside"), "{link:?}");
    assert_empty(scratch.path());
    Ok(())
}
