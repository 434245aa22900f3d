//! Looks at a schema for the draft of a tenant map.

use catalog::RunInput;
use domain::sources::Source;
use engine::{Error, source::mysql::connect::Endpoint};

use super::schema;
use crate::work::job::{Job, JobError, incomplete};

/// Infers the map of the run's source again.
pub async fn run(job: &Job) -> Result<(), JobError> {
    let run = job.run();
    let source_id = run.source_id.ok_or_else(|| incomplete(run, "source"))?;
    let Some(RunInput::Infer { tenant_column }) = &run.input else {
        return Err(incomplete(run, "column"));
    };
    let source = job.rows().get_source(source_id).await?.source;
    let connection = job.rows().get_connection(source.connection_id).await?;
    let endpoint = job.endpoint(&connection).await?;
    job.say(format!("Reads the schema of {} from {}.", source.database, endpoint.shown())).await?;
    let found = look(job, &endpoint, &source, tenant_column).await?;
    job.lease().complete_infer(&found).await?;
    Ok(())
}

/// Looks at a source's schema, unless the run is to stop.
pub async fn look(
    job: &Job,
    endpoint: &Endpoint,
    source: &Source,
    tenant_column: &str,
) -> Result<catalog::Inferred, JobError> {
    let confirmed = job.rows().confirmed_map(source.id).await?.map(|(_, map)| map);
    let looking = schema::look(endpoint, &source.database, tenant_column, confirmed.as_ref());
    tokio::select! {
        found = looking => Ok(found?),
        () = job.control.cancel.cancelled() => Err(Error::cancelled("read the schema").into()),
    }
}
