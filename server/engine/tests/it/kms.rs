//! The root key in a KMS, through the real client against moto, since AWS cannot be reached from a test.

use std::{
    process::{Child, Command, Stdio},
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::{Result, ensure};
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_kms::config::Credentials;
use engine::{
    Kind,
    format::Owner,
    pipeline::Vault,
    seal::{Purpose, RootKey, Secret, kms::KmsRoot},
    storage::{Storage, memory::Memory},
};

use crate::pipeline_support::clock;

struct Moto(Child);

impl Drop for Moto {
    fn drop(&mut self) {
        let _gone = self.0.kill();
        let _gone = self.0.wait();
    }
}

/// A KMS with one key, or nothing where moto is not installed.
async fn kms() -> Result<Option<(Moto, SdkConfig, String)>> {
    let Ok(program) = std::env::var("MOTO_SERVER") else {
        eprintln!("SKIPPED: no moto_server (MOTO_SERVER; .ci/moto installs it and prints its path)");
        return Ok(None);
    };
    let port = crate::mysql_server::free_port();
    let mut command = Command::new(program);
    command.args(["-H", "127.0.0.1", "-p", &port.to_string()]).stdout(Stdio::null()).stderr(Stdio::null());
    let moto = Moto(command.spawn()?);
    let config = aws_config::defaults(BehaviorVersion::latest())
        .region(Region::new("ap-south-1"))
        .endpoint_url(format!("http://127.0.0.1:{port}"))
        .credentials_provider(Credentials::for_tests())
        .load()
        .await;
    let client = aws_sdk_kms::Client::new(&config);
    let until = Instant::now() + Duration::from_secs(60);
    loop {
        match client.create_key().send().await {
            Ok(created) => {
                let arn = created.key_metadata.and_then(|key| key.arn).unwrap();
                return Ok(Some((moto, config, arn)));
            }
            Err(error) => ensure!(Instant::now() < until, "moto does not answer: {error:?}"),
        }
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn keys_wrapped_by_a_kms_open_in_their_own_context_only() -> Result<()> {
    let Some((_moto, config, arn)) = kms().await? else { return Ok(()) };
    let root = KmsRoot::open(&config, &arn).await?;
    assert_eq!(root.id(), arn);
    let key = Secret::random()?;
    let wrapped = root.wrap(&[("owner", "tenant-7")], &key).await?;
    assert_eq!(root.unwrap(&[("owner", "tenant-7")], &wrapped).await?.expose(), key.expose());
    for context in [vec![("owner", "tenant-8")], vec![], vec![("owner", "tenant-7"), ("more", "x")]] {
        let refused = root.unwrap(&context, &wrapped).await.err().map(|error| error.kind());
        assert_eq!(refused, Some(Kind::Key), "{context:?}");
    }
    let client = aws_sdk_kms::Client::new(&config);
    // moto knows this call by the key's id only, not by its ARN.
    let id = arn.rsplit('/').next().unwrap_or_default();
    client.disable_key().key_id(id).send().await?;
    let refused = KmsRoot::open(&config, &arn).await.err().unwrap();
    assert!(refused.message().contains("disabled"), "{refused}");
    Ok(())
}

#[tokio::test]
async fn a_vault_under_a_kms_opens_again() -> Result<()> {
    let Some((_moto, config, arn)) = kms().await? else { return Ok(()) };
    let storage: Arc<dyn Storage> = Arc::new(Memory::new());
    let root: Arc<dyn RootKey> = Arc::new(KmsRoot::open(&config, &arn).await?);
    let id = domain::id::Id::new(uuid::Uuid::from_u128(9));
    let created = Vault::create(Arc::clone(&storage), Arc::clone(&root), id, clock()).await?.vault;
    let made = created.keyring().active(&Owner::Shared, Purpose::Data).await?;
    let vault = Vault::open(storage, root, clock()).await?;
    let again = vault.keyring().active(&Owner::Shared, Purpose::Data).await?;
    assert_eq!(again.secret.expose(), made.secret.expose());
    Ok(())
}
