//! What runs find about tenants: the draft of a map, and whose rows a backup holds.

use domain::{
    BackupId, SourceId, TenantId, Timestamp,
    audit::{Act, Deed, Field, Hash},
    backups::RunState,
    spelling::Spelling,
    tenancy::{Drift, TenantKey, TenantMap},
};
use serde::Serialize;

use super::lease::Lease;
use crate::{
    TenantCatalog,
    audit::Actor,
    db::{Tx, dialect, exec},
    decode::{amount, to_json},
    error::{Error, Result},
    tenant::{FoundDrift, Inferred, RunOutput, store_inferred},
};

/// What a backup holds of one tenant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewPart {
    /// Whose.
    pub key: TenantKey,
    /// Rows.
    pub rows: u64,
    /// Their plain bytes.
    pub plain_bytes: u64,
    /// What they take in the vault.
    pub stored_bytes: u64,
}

/// How a backup is split by tenant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewSplit {
    /// The map that it followed.
    pub map: TenantMap,
    /// What did not fit.
    pub drift: Vec<Drift>,
    /// Rows that belong to nobody.
    pub shared_rows: u64,
    /// Every tenant with rows in it.
    pub tenants: Vec<NewPart>,
    /// How its tenants are spelled; not known of backups from before there was one spelling.
    pub spelling: Option<Spelling>,
    /// How the readers came to one snapshot and what was not ideal, in words.
    pub remarks: Vec<String>,
}

/// Tenants that are stored with one statement.
const AT_ONCE: usize = 1000;

#[derive(Serialize)]
struct Row<'a> {
    key: &'a str,
    rows: i64,
    plain: i64,
    stored: i64,
}

/// Remembers whose rows a backup holds.
pub(super) async fn store_parts(
    tx: &mut Tx,
    tenant: TenantId,
    source: SourceId,
    backup: BackupId,
    (snapshot_at, now): (Timestamp, Timestamp),
    parts: &[NewPart],
) -> Result<()> {
    for parts in parts.chunks(AT_ONCE) {
        let rows: Vec<_> = parts
            .iter()
            .map(|part| Row {
                key: part.key.as_str(),
                rows: amount(part.rows),
                plain: amount(part.plain_bytes),
                stored: amount(part.stored_bytes),
            })
            .collect();
        let rows = to_json("backup_tenants", &rows)?;
        exec!(
            tx,
            dialect!(
                tx,
                sqlite: "insert into source_tenants (tenant_id, source_id, tenant_key, first_seen_at, last_seen_at) \
                         select $1, $2, value ->> 'key', $3, $3 from json_each($4) where true \
                         on conflict (tenant_id, source_id, tenant_key) do update set last_seen_at = excluded.last_seen_at",
                postgres: "insert into source_tenants (tenant_id, source_id, tenant_key, first_seen_at, last_seen_at) \
                           select $1, $2, r.key, cast($3 as bigint), cast($3 as bigint) \
                           from json_to_recordset(cast($4 as json)) as r(key text) \
                           on conflict (tenant_id, source_id, tenant_key) do update set last_seen_at = excluded.last_seen_at"
            ),
            tenant.to_string(),
            source.to_string(),
            now.0,
            rows.as_str(),
        )?;
        exec!(
            tx,
            dialect!(
                tx,
                sqlite: "insert into backup_tenants (tenant_id, backup_id, tenant_key, source_id, snapshot_at, row_count, \
                         plain_bytes, stored_bytes) select $1, $2, value ->> 'key', $3, $4, value ->> 'rows', \
                         value ->> 'plain', value ->> 'stored' from json_each($5)",
                postgres: "insert into backup_tenants (tenant_id, backup_id, tenant_key, source_id, snapshot_at, row_count, \
                           plain_bytes, stored_bytes) select $1, $2, r.key, $3, cast($4 as bigint), r.rows, r.plain, \
                           r.stored from json_to_recordset(cast($5 as json)) \
                           as r(key text, rows bigint, plain bigint, stored bigint)"
            ),
            tenant.to_string(),
            backup.to_string(),
            source.to_string(),
            snapshot_at.0,
            rows,
        )?;
    }
    Ok(())
}

impl Lease<'_> {
    fn source_id(&self) -> Result<SourceId> {
        self.run().source_id.ok_or(Error::NotFound { what: "source of this run" })
    }

    fn inferred(&self, source: SourceId, found: &Inferred) -> Deed {
        Deed::done(Act::TenantMapInferred, source)
            .after(Field::Run, self.run().id)
            .after(Field::Tables, found.map.tables.len() as u64)
            .after(Field::Count, found.drift.len() as u64)
    }

    /// Makes a draft of a first look at a schema, before the first backup; the run goes on.
    pub async fn store_draft(&self, found: &Inferred) -> Result<()> {
        let (run, clock) = (self.run(), &*self.catalog().clock);
        let source = self.source_id()?;
        let mut tx = self.begin().await?;
        store_inferred(&mut tx, clock, run.tenant_id, source, found).await?;
        self.audit(&mut tx, self.inferred(source, found)).await?;
        tx.commit().await
    }

    /// A look at a schema is done: its draft, what does not fit, and the run's end, at once.
    pub async fn complete_infer(&self, found: &Inferred) -> Result<()> {
        let (run, clock) = (self.run(), &*self.catalog().clock);
        let source = self.source_id()?;
        let mut tx = self.begin().await?;
        store_inferred(&mut tx, clock, run.tenant_id, source, found).await?;
        let drift = FoundDrift {
            tenant: run.tenant_id,
            source,
            database: &run.subject,
            run: run.id,
            drift: &found.drift,
        };
        drift.store(&mut tx, clock).await?;
        let message = format!("{} tables, {} of which do not fit", found.map.tables.len(), found.drift.len());
        self.finish(&mut tx, RunState::Completed, None, None, &message).await?;
        self.audit(&mut tx, self.inferred(source, found)).await?;
        tx.commit().await
    }

    /// The draft of `version` fits the schema: backups follow it from now on, for whoever asked for the run.
    pub async fn complete_confirm(&self, version: i64) -> Result<()> {
        let (run, source) = (self.run(), self.source_id()?);
        let rows = TenantCatalog::new(self.catalog(), run.tenant_id, None, Actor::system("run"));
        let mut tx = self.begin().await?;
        let (_, deed) = rows.confirm_draft(&mut tx, source, version, &run.requested_by).await?;
        let message = "The map is confirmed. The next backup follows it.";
        self.finish(&mut tx, RunState::Completed, None, None, message).await?;
        self.audit(&mut tx, deed.after(Field::Run, run.id)).await?;
        tx.commit().await
    }

    /// An export is written and checked; `summary` becomes the last line of its log.
    pub async fn complete_export(&self, output: &RunOutput, summary: &str) -> Result<()> {
        let run = self.run();
        let mut tx = self.begin().await?;
        exec!(
            &mut tx,
            "update runs set output = $3 where tenant_id = $1 and id = $2",
            self.tenant(),
            run.id.to_string(),
            to_json("runs", output)?,
        )?;
        self.finish(&mut tx, RunState::Completed, None, None, summary).await?;
        let deed = Deed::done(Act::ExportComplete, self.backup_id()?)
            .after(Field::Run, run.id)
            .maybe(Field::Tenant, run.tenant.as_ref())
            .after(Field::Bytes, output.size)
            .maybe(Field::Digest, output.sha256.parse::<Hash>().ok());
        self.audit(&mut tx, deed).await?;
        tx.commit().await
    }
}
