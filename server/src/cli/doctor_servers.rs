//! The part of the doctor that looks at client programs and verification servers. Rights are found out by using them:
//! a scratch schema and its account are made and removed again.

use std::sync::Arc;

use domain::{
    Clock,
    sources::{Finding, ServerFamily, Severity},
};
use engine::source::{
    inventory::{ObjectKind, StoredObject},
    mysql::{
        clients::Clients,
        create::{self, Events, ObjectFailure},
        owners::Owners,
        probe,
        scratch::Scratch,
    },
    tool::sandbox::Available,
};

use super::doctor::{found, refused};
use crate::config::{Config, VerificationServer};

/// Programs of both families, and the wall around those that load.
pub async fn clients(config: &Config) -> Vec<Finding> {
    let clients = Clients::detect(&config.clients).await;
    let mut findings = Vec::new();
    let mut any = false;
    for family in [ServerFamily::Mariadb, ServerFamily::Mysql] {
        let title = format!("Programs of {family}");
        match clients.pair(family) {
            Ok(pair) => {
                any = true;
                findings.push(found(
                    &title,
                    Severity::Good,
                    format!("{} ({})", pair.dump.display(), pair.version),
                    "",
                ));
            }
            Err(error) => {
                let needed = config.verification(family).is_some();
                let severity = if needed { Severity::Bad } else { Severity::Warn };
                let remedy = error.advice().unwrap_or_default();
                findings.push(found(
                    &title,
                    severity,
                    "not installed",
                    &format!("Needed for servers of {family} only. {remedy}"),
                ));
            }
        }
    }
    if !any {
        for finding in &mut findings {
            finding.severity = Severity::Bad;
        }
    }
    findings.push(match clients.sandbox() {
        Available::Yes(_) => found("Sandbox", Severity::Good, "bubblewrap works: loading programs are walled in", ""),
        Available::No(why) => found(
            "Sandbox",
            Severity::Warn,
            why.clone(),
            "apt-get install bubblewrap, and allow user namespaces: it is the second fence around what a dump contains.",
        ),
    });
    findings
}

/// Every configured server.
pub async fn verification(config: &Config, clock: &Arc<dyn Clock>) -> Vec<Finding> {
    if config.verification.is_empty() {
        let remedy = "Add a [[verification]] section: without it no backup is ever proven restorable.";
        return vec![found("Verification", Severity::Bad, "no server is configured", remedy)];
    }
    let clients = Clients::detect(&config.clients).await;
    let mut findings = Vec::new();
    for server in &config.verification {
        findings.push(one(server, &clients, clock.as_ref()).await);
    }
    findings
}

async fn one(server: &VerificationServer, clients: &Clients, clock: &dyn Clock) -> Finding {
    let title = format!("{} for {}", server.endpoint.shown(), server.family);
    let probed = match probe::probe(&server.endpoint, clients, &[]).await {
        Ok(probed) => probed.capabilities,
        Err(error) => return refused(&title, &error),
    };
    if probed.family != server.family {
        let text = format!("it is {} {}", probed.family, probed.version);
        return found(&title, Severity::Bad, text, "Correct `family` in its [[verification]] section.");
    }
    match try_scratch(server, clock).await {
        Ok(None) => {
            let text = format!("{}; makes and removes scratch schemas", probed.version);
            found(&title, Severity::Good, text, "")
        }
        Ok(Some(failure)) => {
            let text = format!("a verification cannot create functions and triggers: {}", failure.message);
            found(&title, Severity::Bad, text, failure.hint.as_deref().unwrap_or_default())
        }
        Err(error) => {
            let user = server.endpoint.user.as_str().replace('\'', "''");
            let remedy = format!(
                "As an administrator there: GRANT ALL PRIVILEGES ON *.* TO '{user}'@'…' WITH GRANT OPTION;"
            );
            found(&title, Severity::Bad, error.to_string(), &remedy)
        }
    }
}

/// Makes a scratch schema with a function in it, as a verification would, and removes both.
async fn try_scratch(
    server: &VerificationServer,
    clock: &dyn Clock,
) -> engine::Result<Option<ObjectFailure>> {
    let scratch = Scratch::create(&server.endpoint, "utf8mb4", "utf8mb4_bin", clock).await?;
    let function = [StoredObject {
        kind: ObjectKind::Function,
        name: "holdfast_doctor".into(),
        definer: String::new(),
        sql_mode: String::new(),
        character_set_client: "utf8mb4".into(),
        collation: "utf8mb4_bin".into(),
        create_sql: "CREATE FUNCTION `holdfast_doctor`() RETURNS INT RETURN 1".into(),
        table: None,
        order: None,
        time_zone: None,
        status: None,
    }];
    let made = create::create(
        scratch.endpoint(),
        &scratch.database,
        &function,
        &Owners::default(),
        Events::Disabled,
    )
    .await;
    scratch.remove().await?;
    Ok(made?.failures.pop())
}
