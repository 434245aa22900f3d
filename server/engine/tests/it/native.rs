//! The native engine against real servers: what is split by tenant comes back whole.

use std::sync::Arc;

use anyhow::{Result, ensure};
use domain::{backups::Proof, sources::ServerFamily, tenancy::TenantKey};
use engine::{
    format::{Owner, keys::Place},
    pipeline::{
        self, Target, Vault,
        native::{self, NativeRequest},
    },
    source::{
        mysql::{
            inspect,
            new_database::{Maker, NewDatabase},
            rows::Summing,
            snapshot,
        },
        sums::SourceSums,
    },
};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::{
    mysql_round_trip::awkward,
    mysql_server::{Server, database},
    pipeline_support::{control, create, examples, local},
};

pub fn request(server: &Server, name: &str) -> NativeRequest {
    let place = Place {
        owner: Owner::System,
        source: domain::id::Id::new(Uuid::from_u128(5)),
        backup: domain::id::Id::new(Uuid::now_v7()),
        attempt: 1,
    };
    NativeRequest::full(place, server.admin(), database(name))
}

/// An independent oracle: every value over the binary protocol, FLOAT to the last bit.
pub async fn exact(server: &Server, name: &str) -> Result<SourceSums> {
    let endpoint = server.admin();
    let mut conn = endpoint.connect().await?;
    let inventory = inspect::inventory(&mut conn, "test", server.family, &database(name)).await?;
    let readers = snapshot::readers(&endpoint, server.family, 1).await?;
    let cancel = CancellationToken::new();
    Ok(Summing::start(readers, "test", &database(name), &inventory, 7, false, &cancel).finish().await?)
}

async fn round_trip(server: &Server, vault: &Vault, name: &str) -> Result<pipeline::Receipt> {
    let target = Target { endpoint: server.admin(), clients: Arc::new(server.clients().await?) };
    let request = request(server, name);
    let receipt = native::back_up(vault, &request, &control()).await?;
    let checked = pipeline::check(vault, &request.place, &control()).await?;
    assert_eq!(checked.plain_bytes, receipt.sizes.plain.0);
    let evidence = pipeline::verify(vault, &request.place, &target, &control()).await?;
    ensure!(evidence.equal, "{} {name}: {:#?} {:?}", server.family, evidence.differences, evidence.remarks);
    assert_eq!(evidence.proof, Proof::SamePosition);
    ensure!(evidence.tables.iter().all(|table| table.floats.is_empty()), "no exception for FLOAT");
    let again =
        database(&format!("{}_again", name.chars().filter(char::is_ascii_alphanumeric).collect::<String>()));
    let maker = Maker::new(Uuid::from_u128(7));
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
    new.finish().await?;
    ensure!(restored.equal, "{:#?} {:?}", restored.differences, restored.remarks);
    let (source, copy) = (exact(server, name).await?, exact(server, again.as_str()).await?);
    for (table, sum) in &source.tables {
        assert_eq!(copy.tables.get(table), Some(sum), "{} {name}.{table}", server.family);
    }
    Ok(receipt)
}

#[tokio::test(flavor = "multi_thread")]
async fn the_example_databases_come_back_whole_split_by_tenant() -> Result<()> {
    for server in Server::all().await? {
        let directory = tempfile::tempdir()?;
        let vault = create(local(directory.path()).await?).await?.vault;
        for name in examples(&server, 0.02).await? {
            let receipt = round_trip(&server, &vault, name).await?;
            ensure!(receipt.tenants.len() > 10, "{:?}", receipt.tenants);
            let zero = TenantKey::new("0")?;
            ensure!(receipt.tenants.iter().any(|tenant| tenant.key == zero), "tenant 0 is a tenant");
            println!("{} {name}: {} tenants, {:?}", server.family, receipt.tenants.len(), receipt.remarks);
        }
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn awkward_things_come_back_to_the_last_bit() -> Result<()> {
    for server in Server::all().await? {
        let directory = tempfile::tempdir()?;
        let vault = create(local(directory.path()).await?).await?.vault;
        server.run(awkward(server.family)).await?;
        let receipt = round_trip(&server, &vault, crate::mysql_round_trip::NAME).await?;
        let loses = receipt.remarks.iter().filter(|remark| remark.contains("without their history"));
        let expected: &[&str] = match server.family {
            ServerFamily::Mariadb => &[
                "System-versioned tables come back with their present rows and without their history: versioned.",
            ],
            ServerFamily::Mysql => &[],
        };
        assert_eq!(loses.collect::<Vec<_>>(), expected);
    }
    Ok(())
}
