//! Tests a connection: what this account can do on this server.

use std::path::Path;

use domain::files::FilesCopy;
use engine::{
    Error, Kind, Retry,
    pipeline::physical,
    source::mysql::{connect::Endpoint, probe},
};

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
        .filter_map(|row| row.source.protects.database().cloned())
        .collect();
    let clients = job.services.clients().await;
    let cancel = &job.control.cancel;
    let programs = job.services.config.physical.programs.as_deref();
    let probe = async {
        let mut probed = probe::probe(&endpoint, clients, &databases).await?;
        probed.capabilities.files = files(&endpoint, programs).await;
        Ok::<_, Error>(probed)
    };
    let probed = tokio::select! {
        probed = probe => probed?,
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

/// Whether this worker could copy the server's files; nothing is said if it may be otherwise in a moment.
async fn files(endpoint: &Endpoint, programs: Option<&Path>) -> Option<FilesCopy> {
    match physical::preflight(endpoint, programs).await {
        Ok(ground) => Some(FilesCopy::Possible {
            program: format!("{} {}", ground.programs.backup.display(), ground.programs.version),
            directory: ground.data_directory.display().to_string(),
            bytes: ground.bytes,
        }),
        Err(error) if error.retry() == Retry::Later => None,
        Err(error) => Some(FilesCopy::Impossible {
            why: error.message().to_owned(),
            instead: error.advice().unwrap_or("Back up by database instead.").to_owned(),
        }),
    }
}
