//! A backup and a verification as the pipeline does them, without the pipeline.

use std::sync::Arc;

use anyhow::Result;
use domain::sources::{DatabaseName, ServerFamily};
use domain::{Clock, FixedClock, Timestamp};
use engine::source::inventory::{Inventory, ServerFacts, StoredObject};
use engine::source::mysql::clients::Clients;
use engine::source::mysql::compare::{self, Comparison, Original};
use engine::source::mysql::connect::Endpoint;
use engine::source::mysql::create::{self, Events, ObjectFailure};
use engine::source::mysql::dump::Mysqldump;
use engine::source::mysql::load::{self, Loaded, Target};
use engine::source::mysql::owners::Owners;
use engine::source::mysql::scratch::Scratch;
use engine::source::sums::SourceSums;
use engine::source::{Engine, OpenRequest, OpenSource, Proof};
use tokio::io::{AsyncRead, AsyncReadExt};
use tokio_util::sync::CancellationToken;

use crate::mysql_server::Server;

pub const SEED: u64 = 0x5eed_0123_4567_89ab;

/// A dump held in memory, and what belongs to it.
pub struct Copy {
    pub dump: Vec<u8>,
    pub proof: Proof,
    pub coordinate: domain::sources::Coordinate,
    pub server: ServerFacts,
    pub inventory: Inventory,
    pub objects: Vec<StoredObject>,
    pub sums: SourceSums,
}

pub fn clock() -> FixedClock {
    let real = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_millis();
    FixedClock::at(Timestamp(i64::try_from(real).unwrap()))
}

pub async fn open(
    clients: &Arc<Clients>,
    endpoint: &Endpoint,
    database: &DatabaseName,
    cancel: &CancellationToken,
) -> engine::Result<OpenSource> {
    let progress = Arc::new(|_| ());
    let request = OpenRequest { endpoint, database, seed: SEED, cancel: cancel.clone(), progress };
    Mysqldump::new(Arc::clone(clients), 2).open(request).await
}

pub async fn back_up(
    clients: &Arc<Clients>,
    endpoint: &Endpoint,
    database: &DatabaseName,
) -> engine::Result<Copy> {
    let opened = open(clients, endpoint, database, &CancellationToken::new()).await?;
    let OpenSource { coordinate, proof, server, inventory, objects, mut dump, end } = opened;
    let mut text = Vec::new();
    let read = dump.read_to_end(&mut text).await;
    let sums = end.finish().await?;
    read.unwrap();
    Ok(Copy { dump: text, proof, coordinate, server, inventory, objects, sums })
}

/// A scratch schema, its one-shot account, and the client that loads into it.
pub struct Loading {
    pub scratch: Scratch,
    family: ServerFamily,
    clients: Clients,
    /// Stops the client.
    pub cancel: CancellationToken,
}

impl Loading {
    pub async fn on(server: &Server, clients: Clients) -> Result<Self> {
        let scratch = Scratch::create(&server.admin(), "utf8mb4", "utf8mb4_general_ci", &clock()).await?;
        Ok(Self { scratch, family: server.family, clients, cancel: CancellationToken::new() })
    }
    pub async fn load(&self, dump: &mut (dyn AsyncRead + Send + Unpin)) -> engine::Result<Loaded> {
        let target = Target {
            endpoint: self.scratch.endpoint(),
            database: &self.scratch.database,
            family: self.family,
            clients: &self.clients,
            cancel: &self.cancel,
        };
        load::load(target, dump, &|_| ()).await
    }
    pub async fn end(self) -> Result<()> {
        Ok(self.scratch.remove().await?)
    }
}

/// Restores into a scratch schema by a one-shot account, compares, and removes it.
pub async fn verify(
    clients: &Clients,
    admin: &Endpoint,
    copy: &Copy,
) -> Result<(Comparison, Vec<ObjectFailure>)> {
    let cancel = CancellationToken::new();
    let clock: &dyn Clock = &clock();
    let scratch = Scratch::create(admin, &copy.inventory.charset, &copy.inventory.collation, clock).await?;
    let outcome = async {
        let family = copy.server.family;
        let target = Target {
            endpoint: scratch.endpoint(),
            database: &scratch.database,
            family,
            clients,
            cancel: &cancel,
        };
        let loaded = load::load(target, &mut copy.dump.as_slice(), &|_| ()).await?;
        assert!(loaded.without_sandbox.is_none(), "{loaded:?}");
        let (admin, owners) = (scratch.endpoint(), Owners::default());
        let made = create::create(admin, &scratch.database, &copy.objects, &owners, Events::Disabled).await?;
        let failures = made.failures;
        let original = Original {
            server: &copy.server,
            inventory: &copy.inventory,
            objects: &copy.objects,
            sums: &copy.sums,
            seed: SEED,
        };
        let compared =
            compare::compare(original, scratch.endpoint(), &scratch.database, clients, 2, &cancel).await?;
        Ok((compared, failures))
    }
    .await;
    scratch.remove().await?;
    outcome
}
