//! Removes what restores that failed or were cancelled left on their servers.
//!
//! A start that fails cleans up after itself; this is for those whose worker died, or whose server did not answer
//! just then. A database of which everything had arrived and was compared stays: only its mark is taken off.

use std::{sync::Arc, time::Duration};

use catalog::{Abandoned, SystemTask};
use engine::{
    Kind,
    source::mysql::new_database::{Found, Maker, NewDatabase},
};

use crate::{
    services::Services,
    work::{
        job::{JobError, open_credential},
        sweeps::Swept,
    },
};

/// Removes them. A server that does not answer does not keep the others from being swept.
pub async fn unfinished(services: &Arc<Services>) -> Result<Swept, JobError> {
    // A worker that was believed dead may be awake for one lease more.
    let lease_ms = services.config.worker.lease_ms;
    let before = services.clock.now().plus_ms(-lease_ms.saturating_mul(2));
    let system = services.catalog.system(SystemTask::Leftovers);
    let (mut count, mut failed) = (0, None);
    for left in system.abandoned_databases(before).await? {
        match settle(services, &left).await {
            Ok(message) => {
                tracing::info!(run.id = %left.run_id, database = left.database.as_str(), "{message}");
                system.settle_database(left.tenant_id, left.run_id, &message).await?;
                services.run_changed(left.tenant_id, left.run_id);
                count += 1;
            }
            Err(error) => failed = Some(error),
        }
    }
    if let Some(error) = failed {
        return Err(error);
    }
    // A run whose worker dies ends without anybody who could begin this sweep.
    let again = system.has_new_databases().await?.then(|| Duration::from_millis(lease_ms.unsigned_abs()));
    Ok(Swept { count, again })
}

/// Does what is left to do, and says what that was.
async fn settle(services: &Arc<Services>, left: &Abandoned) -> Result<String, JobError> {
    let name = &left.database;
    let Some(credential) = left.credential.clone() else {
        return Err(engine::Error::new(
            Kind::Key,
            format!("remove the unfinished database {name}"),
            "the password of its server is not valid any more",
        )
        .hint("Enter the password of the connection again.")
        .into());
    };
    let endpoint = open_credential(&services.vault, left.tenant_id, left.connection_id, credential).await?;
    let maker = Maker::new(left.run_id.uuid());
    let new = NewDatabase { endpoint: &endpoint, database: name, maker: &maker };
    if left.whole.is_some() {
        if new.look().await? == Found::Ours {
            new.finish().await?;
        }
        return Ok(format!("everything had arrived in {name} and was compared; it was left as it is"));
    }
    match new.remove().await {
        Ok(true) => Ok(format!("removed the unfinished database {name}")),
        Ok(false) => Ok(format!("nothing is left of the database {name}")),
        Err(error) if error.kind() == Kind::Input => {
            Ok(format!("the database {name} that is there now is not of this run; it was left alone"))
        }
        Err(error) => Err(error.into()),
    }
}
