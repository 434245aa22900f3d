//! What a probe finds, and that its remedies are the right ones: they are applied as printed.

use anyhow::Result;
use domain::sources::{ServerFamily, Severity, Tested, TlsMode};
use engine::source::mysql::connect::Endpoint;
use engine::source::mysql::probe::probe;

use crate::mysql_server::{Server, database};

#[tokio::test]
async fn every_remedy_for_the_account_works_as_printed() -> Result<()> {
    for server in Server::all().await? {
        let family = server.family;
        server
            .run([
                "CREATE DATABASE `a_b`",
                "CREATE TABLE `a_b`.t (id INT)",
                "CREATE TABLE `a_b`.loose (id INT) ENGINE=MyISAM",
                "CREATE PROCEDURE `a_b`.p() SELECT 1",
                "CREATE USER probed@'%' IDENTIFIED BY 'x'",
                "GRANT SELECT ON `a_b`.t TO probed@'%'",
            ])
            .await?;
        let clients = server.clients().await?;
        let endpoint = server.endpoint("probed", "x");
        let wanted = [database("a_b")];

        let found = probe(&endpoint, &clients, &wanted).await?.capabilities;
        assert_eq!((found.family, found.tested), (family, Tested::Yes), "{found:?}");
        assert!(!found.can_prove_position && found.worst() == Severity::Bad, "{found:#?}");
        let remedies: Vec<String> = found
            .findings
            .iter()
            .filter(|finding| finding.remedy.starts_with("GRANT"))
            .map(|finding| finding.remedy.trim_end_matches(';').to_owned())
            .collect();
        assert!(remedies.len() >= 4, "{remedies:?}");
        server.run(&remedies).await?;

        let mended = probe(&endpoint, &clients, &wanted).await?;
        let left: Vec<_> = mended
            .capabilities
            .findings
            .iter()
            .filter(|finding| finding.severity != Severity::Good)
            .collect();
        let keys: Vec<_> = left.iter().map(|finding| finding.key.as_str()).collect();
        // MyISAM is another matter, and MariaDB keeps its log until told otherwise.
        assert!(keys.iter().all(|key| ["transactional", "sandbox"].contains(key)), "{family} {left:#?}");
        assert!(mended.capabilities.can_prove_position);
        let size = mended.sizes.iter().find(|size| size.name == "a_b").unwrap();
        assert_eq!((size.tables, size.inconsistent.as_slice()), (2, ["loose".to_owned()].as_slice()));

        // The same through a role that is active from the start.
        server
            .run([
                "CREATE ROLE reader",
                "GRANT SELECT, SHOW VIEW, TRIGGER, EVENT ON a_b.* TO reader",
                "CREATE USER by_role@'%' IDENTIFIED BY 'x'",
                "GRANT reader TO by_role@'%'",
                match family {
                    ServerFamily::Mariadb => "SET DEFAULT ROLE reader FOR by_role@'%'",
                    ServerFamily::Mysql => "SET DEFAULT ROLE reader TO by_role@'%'",
                },
            ])
            .await?;
        let by_role = probe(&server.endpoint("by_role", "x"), &clients, &wanted).await?.capabilities;
        let grants = by_role.findings.iter().find(|finding| finding.key == "grants").unwrap();
        assert_eq!(grants.severity, Severity::Good, "{family} {grants:?}");
    }
    Ok(())
}

#[tokio::test]
async fn protection_of_the_connection_is_what_was_asked_for() -> Result<()> {
    for server in Server::all().await? {
        server.run(["CREATE DATABASE d", "CREATE TABLE d.t (id INT)"]).await?;
        let clients = std::sync::Arc::new(server.clients().await?);
        let encrypted = Endpoint { tls: TlsMode::Encrypt, ..server.admin() };
        let verified = Endpoint { tls: TlsMode::Verify, ..server.admin() };
        match server.family {
            // Started without a certificate: it must not fall back to plain text.
            ServerFamily::Mariadb => {
                for endpoint in [encrypted, verified] {
                    let error = endpoint.connect().await.err().unwrap();
                    assert!(
                        error.message().contains("offers no TLS") && error.advice().is_some(),
                        "{error:?}"
                    );
                }
            }
            // It made a certificate of its own at its first start.
            ServerFamily::Mysql => {
                crate::mysql_support::back_up(&clients, &encrypted, &database("d")).await?;
                let error = verified.connect().await.err().unwrap();
                assert!(
                    error.message().contains("no secure connection") && error.advice().is_some(),
                    "{error:?}"
                );
            }
        }
    }
    Ok(())
}
