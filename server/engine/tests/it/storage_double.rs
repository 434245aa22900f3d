//! An S3 server inside the test: real HTTP, real signatures, files in a temporary directory.

use std::net::SocketAddr;

use engine::storage::{S3Config, s3::S3};
use hyper_util::{
    rt::{TokioExecutor, TokioIo},
    server::conn::auto,
};
use s3s::{auth::SimpleAuth, service::S3ServiceBuilder};
use s3s_fs::FileSystem;
use tokio::{net::TcpListener, task::JoinHandle};

pub const BUCKET: &str = "vault";
const ACCESS: &str = "AKIAHOLDFASTTEST";
const SECRET: &str = "a secret of the test";

/// A running server. Dropped, it stops.
pub struct Double {
    pub address: SocketAddr,
    pub directory: tempfile::TempDir,
    serving: JoinHandle<()>,
}

impl Double {
    pub async fn start() -> Self {
        let directory = tempfile::tempdir().unwrap();
        std::fs::create_dir(directory.path().join(BUCKET)).unwrap();
        let mut builder = S3ServiceBuilder::new(FileSystem::new(directory.path()).unwrap());
        builder.set_auth(SimpleAuth::from_single(ACCESS, SECRET));
        let service = builder.build();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let serving = tokio::spawn(async move {
            let server = auto::Builder::new(TokioExecutor::new());
            while let Ok((socket, _)) = listener.accept().await {
                let connection = server.serve_connection(TokioIo::new(socket), service.clone()).into_owned();
                tokio::spawn(connection);
            }
        });
        Self { address, directory, serving }
    }

    /// Files that belong to uploads that have not ended.
    pub fn parts(&self) -> Vec<String> {
        let names = std::fs::read_dir(self.directory.path()).unwrap();
        names
            .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
            .filter(|name| name.starts_with(".upload"))
            .collect()
    }
}

impl Drop for Double {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

/// The configuration of a vault at this address.
pub fn config(address: SocketAddr) -> S3Config {
    S3Config {
        endpoint: Some(format!("http://{address}")),
        region: None,
        bucket: BUCKET.into(),
        prefix: "some/prefix".into(),
        access_key: Some(ACCESS.into()),
        secret_key: Some(SECRET.into()),
        checksums: None,
    }
}

/// A vault at this address.
pub async fn vault(address: SocketAddr) -> S3 {
    S3::open(&config(address)).await.unwrap()
}
