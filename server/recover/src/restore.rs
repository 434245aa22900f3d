//! A backup into a new database of a server, compared when it has arrived.

use std::{path::Path, process::ExitCode, sync::Arc};

use anyhow::{Context as _, Result, bail};
use domain::{
    definers::Definers,
    restores::Part,
    sources::{AccountName, DatabaseName, HostName, TlsMode},
};
use engine::{
    pipeline::{self, Control, Target, Vault, physical},
    source::mysql::{
        clients::{ClientPaths, Clients},
        connect::Endpoint,
        new_database::{Maker, NewDatabase},
    },
};

use crate::{
    FOUND_DAMAGE,
    args::{Choice, ServerArgs},
    choose, files, open, screen,
};

/// Restores it.
pub async fn restore(
    vault: &Vault,
    choice: &Choice,
    server: &ServerArgs,
    definers: &[String],
    control: &Control,
) -> Result<ExitCode> {
    let definers = Definers::parse(definers).context("--definer")?;
    let (place, backup) = choose::one(vault, choice).await?;
    if physical::family_of(&backup.engine).is_some() {
        bail!(
            "backup {} holds the files of a whole server, and is not loaded into a database\n  What to do:\n{}",
            place.backup,
            files::how_to(vault, &place, &backup).await?
        );
    }
    let database = match &server.database {
        Some(name) => DatabaseName::new(name).with_context(|| format!("--database {name:?}"))?,
        None => backup.database.clone(),
    };
    let target = Target {
        endpoint: endpoint(server)?,
        clients: Arc::new(Clients::detect(&clients(server.clients.as_deref())).await),
    };
    screen::warn(&format!(
        "Restoring {} as of {} into {database} at {} …",
        backup.database,
        backup.snapshot_at.exact(),
        target.endpoint.shown()
    ));
    // Nobody remembers it: what is left of an interrupted restore shows by its mark that it is not whole.
    let maker = Maker::new(control.clock.uuid());
    let new = NewDatabase { endpoint: &target.endpoint, database: &database, maker: &maker };
    let wish = pipeline::Wish { only: &Part::default(), definers: &definers };
    let evidence = pipeline::restore(vault, &place, &target, new, wish, control).await;
    screen::clear();
    let evidence = evidence?;
    new.finish().await?;
    let rows: u64 = evidence.tables.iter().map(|table| table.rows_restored).sum();
    screen::print(&format!(
        "{database}: {} tables with {rows} rows, {} views, triggers, routines and events",
        evidence.tables.len(),
        evidence.objects
    ));
    for remark in &evidence.remarks {
        screen::warn(&format!("  {remark}"));
    }
    if evidence.equal {
        screen::print("Everything is equal to what was backed up.");
        return Ok(ExitCode::SUCCESS);
    }
    for table in evidence.tables.iter().filter(|table| !table.equal) {
        let (before, now) = (table.rows_source, table.rows_restored);
        screen::print(&format!(
            "  table {} differs: {before} rows were backed up, {now} are here",
            table.table
        ));
    }
    for object in &evidence.differences {
        screen::print(&format!("  {} {}: {}", object.kind, object.name, object.difference));
    }
    screen::warn("The database is there, but it is NOT what was backed up.");
    Ok(ExitCode::from(FOUND_DAMAGE))
}

fn endpoint(server: &ServerArgs) -> Result<Endpoint> {
    let Some(tls) = TlsMode::find(&server.tls) else {
        bail!("--tls is verify, encrypt or off, not {:?}", server.tls);
    };
    let password = server.password_file.as_deref().map(open::password).transpose()?.unwrap_or_default();
    let host = HostName::new(&server.host).context("--host")?;
    let user = AccountName::new(&server.user).context("--user")?;
    let mut endpoint = Endpoint::new(host, server.port, user, password, tls);
    endpoint.socket.clone_from(&server.socket);
    endpoint.ca.clone_from(&server.ca);
    Ok(endpoint)
}

fn clients(folder: Option<&Path>) -> ClientPaths {
    let Some(folder) = folder else { return ClientPaths::default() };
    let program = |name: &str| Some(folder.join(name)).filter(|path| path.is_file());
    ClientPaths {
        mariadb_dump: program("mariadb-dump"),
        mariadb: program("mariadb"),
        mysqldump: program("mysqldump"),
        mysql: program("mysql"),
        libraries: vec![folder.to_owned()],
    }
}
