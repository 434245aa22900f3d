//! Looks at schemas: for the draft of a tenant map, and before one is confirmed.

use catalog::RunInput;
use domain::{
    sources::{DatabaseName, Source},
    tenancy::Remark,
};
use engine::{
    Error, Kind,
    source::mysql::{connect::Endpoint, tenancy::validate::validate},
};

use super::schema;
use crate::work::job::{Job, JobError, incomplete};

/// Tables that an error names at most.
const SHOWN: usize = 5;

/// Infers the map of the run's source again, or confirms it.
pub async fn run(job: &Job) -> Result<(), JobError> {
    let run = job.run();
    let source_id = run.source_id.ok_or_else(|| incomplete(run, "source"))?;
    let source = job.rows().get_source(source_id).await?.source;
    let connection = job.rows().get_connection(source.connection_id).await?;
    let endpoint = job.endpoint(&connection).await?;
    job.say(format!("Reads the schema of {} from {}.", source.protects, endpoint.shown())).await?;
    match &run.input {
        Some(RunInput::Infer { tenant_column }) => {
            let found = look(job, &endpoint, &source, tenant_column).await?;
            job.lease().complete_infer(&found).await?;
            Ok(())
        }
        Some(RunInput::Confirm { version }) => confirm(job, &endpoint, &source, *version).await,
        _ => Err(incomplete(run, "column")),
    }
}

/// Lets backups follow the draft, if the schema as it is now can be led by it: what is found here is not found by the
/// next backup, in the middle of the night.
async fn confirm(job: &Job, endpoint: &Endpoint, source: &Source, version: i64) -> Result<(), JobError> {
    let attempt = || format!("confirm the tenant map of {}", source.protects);
    let draft = job.rows().draft_map(source.id).await?;
    let Some((_, map)) = draft.filter(|(found, _)| *found == version) else {
        let changed = Error::new(Kind::Input, attempt(), "somebody changed it meanwhile");
        return Err(changed.hint("Look at it again, and confirm what you see then.").into());
    };
    let (inventory, keys) = or_cancelled(job, schema::read(endpoint, database_of(source)?)).await?;
    let remarks = validate(&map, &inventory, &keys);
    let refused: Vec<&Remark> = remarks.iter().filter(|remark| remark.refused).collect();
    if refused.is_empty() {
        for remark in &remarks {
            job.say(format!("{}: {}", remark.table, remark.text)).await?;
        }
        job.lease().complete_confirm(version).await?;
        return Ok(());
    }
    for remark in &refused {
        job.say(format!("{}: {}", remark.table, remark.text)).await?;
    }
    let shown = refused.iter().take(SHOWN).map(|remark| format!("{}: {}", remark.table, remark.text));
    let mut message = shown.collect::<Vec<_>>().join(" ");
    if refused.len() > SHOWN {
        message.push_str(&format!(" And {} more tables, which the log names.", refused.len() - SHOWN));
    }
    Err(Error::new(Kind::Input, attempt(), message)
        .hint("Choose another route for these tables, or read the schema again if it has changed. Backups follow what was confirmed before.")
        .into())
}

/// Looks at a source's schema, unless the run is to stop.
pub async fn look(
    job: &Job,
    endpoint: &Endpoint,
    source: &Source,
    tenant_column: &str,
) -> Result<catalog::Inferred, JobError> {
    let confirmed = job.rows().confirmed_map(source.id).await?.map(|(_, map)| map);
    or_cancelled(job, schema::look(endpoint, database_of(source)?, tenant_column, confirmed.as_ref())).await
}

/// Only a database has tenants that could be told apart.
fn database_of(source: &Source) -> Result<&DatabaseName, JobError> {
    source.protects.database().ok_or_else(|| {
        Error::new(Kind::Input, "read the schema", format!("{} is no single database", source.protects))
            .into()
    })
}

async fn or_cancelled<T>(job: &Job, looking: impl Future<Output = engine::Result<T>>) -> Result<T, JobError> {
    tokio::select! {
        found = looking => Ok(found?),
        () = job.control.cancel.cancelled() => Err(Error::cancelled("read the schema").into()),
    }
}
