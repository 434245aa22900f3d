//! Tests a connection: what this account can do on this server.

use engine::{Error, Kind, source::mysql::probe};

use crate::work::job::{Job, JobError, incomplete};

/// Probes the run's connection for the databases that are protected there.
pub async fn run(job: &Job) -> Result<(), JobError> {
    let run = job.run();
    let id = run.connection_id.ok_or_else(|| incomplete(run, "connection"))?;
    let connection = job.rows().get_connection(id).await?;
    let endpoint = job.endpoint(&connection).await?;
    let databases: Vec<_> = job
        .rows()
        .list_sources()
        .await?
        .into_iter()
        .filter(|row| row.source.connection_id == id)
        .map(|row| row.source.database)
        .collect();
    let clients = job.services.clients().await;
    let cancel = &job.control.cancel;
    let probed = tokio::select! {
        probed = probe::probe(&endpoint, clients, &databases) => probed?,
        () = cancel.cancelled() => return Err(Error::cancelled("test the connection").into()),
    };
    for database in databases
        .iter()
        .filter(|database| !probed.capabilities.databases.iter().any(|seen| seen == database.as_str()))
    {
        job.say(format!("The account does not see the database {database}.")).await?;
    }
    if probed.capabilities.version.is_empty() {
        return Err(Error::new(
            Kind::Source,
            "test the connection",
            "the server does not say which version it is",
        )
        .into());
    }
    job.lease().complete_probe(&probed.capabilities, connection.version).await?;
    Ok(())
}
