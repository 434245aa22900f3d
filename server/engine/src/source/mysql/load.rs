//! Loads a dump into a database through the stock client.
//!
//! The client is made deaf to its own commands and to files (`--sandbox` or `--commands=0`, `--binary-mode`,
//! `--local-infile=0`), walled in where bubblewrap works, and connects as an account that should be able to
//! touch only the target ([`super::scratch`]). The text is not looked at, with one exception: MariaDB's dump
//! program begins with a comment that switches its own client into the sandbox mode, and Oracle's client takes
//! that line for a command. It is left out for that client, if it is exactly that line.

use domain::sources::{DatabaseName, ServerFamily};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use tokio_util::sync::CancellationToken;

use super::clients::Clients;
use super::connect::Endpoint;
use super::faults;
use crate::source::tool::sandbox::{Available, Sandbox};
use crate::source::tool::{OptionFile, Tool};
use crate::{Error, Kind, Result};

/// First line of newer dumps of MariaDB's program.
const SANDBOX_LINE: &[u8] = b"/*M!999999\\- enable the sandbox mode */ \n";

/// Where to load.
#[derive(Clone, Copy)]
pub struct Target<'a> {
    /// Server and account.
    pub endpoint: &'a Endpoint,
    /// An existing database.
    pub database: &'a DatabaseName,
    /// Family of that server.
    pub family: ServerFamily,
    /// The programs.
    pub clients: &'a Clients,
    /// Stops it, the client included.
    pub cancel: &'a CancellationToken,
}

/// What loading can say of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Loaded {
    /// Bytes of SQL that the client took.
    pub bytes: u64,
    /// Why there were no walls around the client, if there were none.
    pub without_sandbox: Option<String>,
}

/// Feeds `dump` to the client. `progress` is told the bytes taken so far.
pub async fn load(
    target: Target<'_>,
    dump: &mut (dyn AsyncRead + Send + Unpin),
    progress: &(dyn Fn(u64) + Send + Sync),
) -> Result<Loaded> {
    let attempt = format!("load into {}", target.database);
    let (tool, options, without_sandbox) = client(target)?;
    let mut running = tool.start()?;
    let taken = running.take_stdin();
    let said = running.take_stdout();
    // Its standard output is nothing we asked for, but a full pipe would stop it.
    let draining = tokio::spawn(async move {
        if let Some(mut said) = said {
            let _said = tokio::io::copy(&mut said, &mut tokio::io::sink()).await;
        }
    });
    let fed = match taken {
        None => Err(Feed::Client),
        Some(mut input) => {
            let feeding = feed(target.family, dump, &mut input, progress);
            tokio::select! {
                fed = feeding => fed,
                () = target.cancel.cancelled() => Err(Feed::Client),
            }
        }
    };
    if let Err(Feed::Dump(_)) = &fed {
        // An end of input would make the client run what it has as if it were all.
        running.kill();
    }
    let exit = running.wait(target.cancel).await?;
    let _drained = draining.await;
    drop(options);
    if let Err(Feed::Dump(error)) = fed {
        return Err(Error::new(Kind::Integrity, attempt, "the dump broke off").caused_by(error));
    }
    if !exit.status.success() {
        let who = target.endpoint.shown();
        return Err(faults::from_exit(&attempt, &who, &exit).unwrap_or_else(|| {
            Error::new(Kind::Source, attempt, format!("the client {}", faults::ended(&exit))).later()
        }));
    }
    match fed {
        Ok(bytes) => Ok(Loaded { bytes, without_sandbox }),
        Err(_) => {
            Err(Error::new(Kind::Source, attempt, "the client stopped before the dump was over").later())
        }
    }
}

/// Which side of the pipe failed.
enum Feed {
    Dump(std::io::Error),
    Client,
}

async fn feed(
    family: ServerFamily,
    dump: &mut (dyn AsyncRead + Send + Unpin),
    input: &mut (impl tokio::io::AsyncWrite + Unpin),
    progress: &(dyn Fn(u64) + Send + Sync),
) -> Result<u64, Feed> {
    let mut buffer = vec![0u8; 256 * 1024];
    let mut first = Vec::with_capacity(SANDBOX_LINE.len());
    while first.len() < SANDBOX_LINE.len() {
        let wanted = SANDBOX_LINE.len() - first.len();
        let length = dump.read(&mut buffer[..wanted]).await.map_err(Feed::Dump)?;
        if length == 0 {
            break;
        }
        first.extend_from_slice(&buffer[..length]);
    }
    if family == ServerFamily::Mysql && first == SANDBOX_LINE {
        first.clear();
    }
    input.write_all(&first).await.map_err(|_| Feed::Client)?;
    let mut bytes = first.len() as u64;
    loop {
        let length = dump.read(&mut buffer).await.map_err(Feed::Dump)?;
        if length == 0 {
            break;
        }
        input.write_all(&buffer[..length]).await.map_err(|_| Feed::Client)?;
        bytes += length as u64;
        progress(bytes);
    }
    input.shutdown().await.map_err(|_| Feed::Client)?;
    Ok(bytes)
}

fn client(target: Target<'_>) -> Result<(Tool, OptionFile, Option<String>)> {
    let pair = target.clients.pair(target.family)?;
    // What the dump itself sets again at its head; it must hold even if the head was tampered with.
    let mut session = "SET SESSION sql_mode='NO_AUTO_VALUE_ON_ZERO', foreign_key_checks=0, unique_checks=0, \
                       time_zone='+00:00', net_read_timeout=86400, wait_timeout=86400, lc_messages='en_US'"
        .to_owned();
    if target.family == ServerFamily::Mariadb {
        // A table that the source has must be creatable, even if a stricter server would refuse it today.
        session.push_str(", innodb_strict_mode=0, max_statement_time=0");
    }
    let options = target.endpoint.options(target.family).set("init-command", &session).write()?;
    let deaf: &[&str] = match target.family {
        ServerFamily::Mariadb => &["--sandbox", "--binary-mode", "--local-infile=0"],
        ServerFamily::Mysql => &["--commands=0", "--binary-mode", "--local-infile=0"],
    };
    let (sandbox, without) = match target.clients.sandbox() {
        Available::Yes(sandbox) => (Some(walls(sandbox.clone(), target, &options, &pair.client)), None),
        Available::No(why) => (None, Some(why.clone())),
    };
    let tool = Tool::new(&pair.client)
        .argument(options.argument())
        .arguments(deaf)
        .arguments(["--batch", "--default-character-set=utf8mb4", "--max-allowed-packet=1G", "--"])
        .argument(target.database.as_str())
        .with_input()
        .within(sandbox);
    Ok((tool, options, without))
}

fn walls(sandbox: Sandbox, target: Target<'_>, options: &OptionFile, client: &std::path::Path) -> Sandbox {
    let mut sandbox = sandbox.show(options.path());
    if !client.starts_with("/usr") {
        sandbox = sandbox.show(client);
    }
    for library in target.clients.libraries() {
        sandbox = sandbox.show(library);
    }
    if let Some(ca) = &target.endpoint.ca {
        sandbox = sandbox.show(ca);
    }
    match &target.endpoint.socket {
        Some(socket) => sandbox.show(socket),
        None => sandbox.with_network(),
    }
}
