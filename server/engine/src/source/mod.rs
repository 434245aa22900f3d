//! Where data comes from, and where it is loaded again to prove that it came.
//!
//! An [`Engine`] opens a database consistently and streams it. What it hands out is ordinary SQL of the
//! server's own client: nothing here invents a format for rows. Beside the stream come the position in the
//! server's history ([`domain::sources::Coordinate`]), a written inventory ([`inventory`]), every view, trigger, routine and
//! event as a single statement, and, at the end, sums over all rows ([`sums`]) read at that same position.
//!
//! The stream alone proves nothing; [`DumpEnd::finish`] does. It looks at the exit status, at what the client
//! said, at the trailer, at the list of tables and at the rows, and only then gives the sums.
//!
//! Reading order: this file, [`inventory`], [`sums`], [`tool`] (how client programs are started), [`mysql`].

pub mod inventory;
pub mod mysql;
pub mod sums;
pub mod tool;

use std::sync::Arc;

use async_trait::async_trait;
use domain::sources::{Coordinate, DatabaseName};
use serde::{Deserialize, Serialize};
use tokio::io::AsyncRead;
use tokio_util::sync::CancellationToken;

use crate::Result;
use inventory::{Inventory, ServerFacts, StoredObject};
use mysql::connect::Endpoint;
use sums::SourceSums;

/// How far reading has come.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SourceProgress {
    /// Bytes of dump text so far.
    pub bytes: u64,
    /// Tables that are behind us.
    pub tables_done: usize,
    /// Tables in all.
    pub tables_total: usize,
    /// The table being read.
    pub current_table: Option<String>,
}

/// Who is told about progress. Called often; must be quick.
pub type OnProgress = Arc<dyn Fn(SourceProgress) + Send + Sync>;

/// What to open.
#[derive(Clone)]
pub struct OpenRequest<'a> {
    /// Server and account.
    pub endpoint: &'a Endpoint,
    /// The database.
    pub database: &'a DatabaseName,
    /// Secret of this installation under which sums are made; the same must be given when comparing.
    pub seed: u64,
    /// Stops everything, child processes included.
    pub cancel: CancellationToken,
    /// Who is told about progress.
    pub progress: OnProgress,
}

/// What a comparison with the sums of this read proves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Proof {
    /// The sums were read from the source itself, at the same position as the dump.
    SamePosition,
    /// The account allowed no such proof: the sums are over the dump's own rows. They prove that the dump was
    /// restored whole, not that it equals the source.
    DumpRows,
}

/// A way of reading a database.
#[async_trait]
pub trait Engine: Send + Sync {
    /// Its name in manifests, e.g. `mysqldump`.
    fn name(&self) -> &'static str;
    /// Opens a database consistently. Nothing is read from the dump yet.
    async fn open(&self, request: OpenRequest<'_>) -> Result<OpenSource>;
}

/// A database opened at one position.
pub struct OpenSource {
    /// Where this read stands in the server's history.
    pub coordinate: Coordinate,
    /// What the sums will prove.
    pub proof: Proof,
    /// The server.
    pub server: ServerFacts,
    /// What the database consists of.
    pub inventory: Inventory,
    /// Views, triggers, routines and events, in the order in which they are to be created.
    pub objects: Vec<StoredObject>,
    /// Base tables and rows as SQL. Read it to its end, then call [`DumpEnd::finish`].
    pub dump: Box<dyn AsyncRead + Send + Unpin>,
    /// The end check.
    pub end: Box<dyn DumpEnd>,
}

/// The check at the end of a dump. Dropping it stops everything.
#[async_trait]
pub trait DumpEnd: Send {
    /// Checks that the dump was whole and unchanging, and gives the sums. An error means that what was read
    /// must not become a backup.
    async fn finish(self: Box<Self>) -> Result<SourceSums>;
}
