//! The proof of the whole: both example databases, on every family that is here, come back equal.

use std::process::Stdio;
use std::sync::Arc;

use anyhow::Result;
use domain::sources::ServerFamily;
use engine::source::Proof;
use engine::source::inventory::ColumnClass;
use example_data::{Database, Family};

use crate::mysql_server::{Server, database};
use crate::mysql_support::{back_up, verify};

#[tokio::test]
async fn both_example_databases_come_back_equal() -> Result<()> {
    let scale: f64 = std::env::var("HOLDFAST_EXAMPLE_SCALE").unwrap_or_else(|_| "0.02".into()).parse()?;
    for server in Server::all().await? {
        let clients = Arc::new(server.clients().await?);
        let family = match server.family {
            ServerFamily::Mariadb => Family::Mariadb,
            ServerFamily::Mysql => Family::Mysql,
        };
        for (which, name) in [(Database::Grc2, "grc2"), (Database::TprmIntegration, "tprm_integration")] {
            let path = server.directory().join("example.sql");
            example_data::write(
                &mut std::io::BufWriter::new(std::fs::File::create(&path)?),
                which,
                family,
                scale,
            )?;
            let options = server.admin().options(server.family).write()?;
            let loaded = std::process::Command::new(&clients.pair(server.family)?.client)
                .arg(options.argument())
                .args(["--binary-mode", "--default-character-set=utf8mb4"])
                .stdin(Stdio::from(std::fs::File::open(&path)?))
                .output()?;
            assert!(loaded.status.success(), "{}", String::from_utf8_lossy(&loaded.stderr));

            let copy = back_up(&clients, &server.admin(), &database(name)).await?;
            assert_eq!(copy.proof, Proof::SamePosition);
            assert!(copy.inventory.tables.len() >= 40, "{}", copy.inventory.tables.len());
            let (compared, failures) = verify(&clients, &server.admin(), &copy).await?;
            assert_eq!(failures, [], "{name} on {}", server.family);
            assert_eq!(compared.differences(), [""; 0], "{name} on {}", server.family);
            assert!(compared.equal);
            let floats = compared.tables.iter().flat_map(|table| &table.float_columns);
            let floats: Vec<_> = floats.filter(|column| column.class == ColumnClass::Float).collect();
            assert!(!floats.is_empty(), "no FLOAT column to report");
        }
    }
    Ok(())
}
