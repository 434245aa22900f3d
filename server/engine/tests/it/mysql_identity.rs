//! One server under several addresses, and two servers that look alike.

use std::net::TcpStream;

use anyhow::Result;
use domain::sources::{HostName, ServerFamily};
use engine::source::mysql::{connect::Endpoint, identity::is_same_server};

use crate::mysql_server::Server;

async fn tells_apart(family: ServerFamily) -> Result<()> {
    let everywhere = ["--bind-address=*"];
    let one = Server::start(family, &everywhere).await?;
    let other = Server::start(family, &everywhere).await?;
    let at = |host: &str| Endpoint { host: HostName::new(host).unwrap(), ..one.admin() };
    let socket = Endpoint { socket: Some(one.directory().join("s")), ..one.admin() };
    for alias in [at("localhost"), at("127.0.0.2"), socket.clone()] {
        assert!(is_same_server(&one.admin(), &alias).await?, "{}", alias.shown());
        assert!(is_same_server(&alias, &one.admin()).await?, "{}", alias.shown());
        assert!(!is_same_server(&other.admin(), &alias).await?, "{}", alias.shown());
    }
    if TcpStream::connect(("::1", one.port)).is_ok() {
        assert!(is_same_server(&socket, &at("::1")).await?);
    } else {
        eprintln!("SKIPPED for ::1: this machine has no IPv6");
    }
    drop(other);
    assert!(is_same_server(&one.admin(), &at("localhost")).await?);
    Ok(())
}

#[tokio::test]
async fn a_server_is_recognised_whatever_its_address() -> Result<()> {
    tells_apart(ServerFamily::Mariadb).await?;
    if Server::has_mysql() {
        tells_apart(ServerFamily::Mysql).await?;
    } else {
        eprintln!("SKIPPED for MySQL: no server here");
    }
    Ok(())
}

#[tokio::test]
async fn a_server_that_does_not_answer_is_not_taken_for_another() -> Result<()> {
    let one = Server::start(ServerFamily::Mariadb, &[]).await?;
    let gone = Endpoint { port: crate::mysql_server::free_port(), ..one.admin() };
    assert!(is_same_server(&one.admin(), &gone).await.is_err());
    assert!(is_same_server(&gone, &one.admin()).await.is_err());
    Ok(())
}
