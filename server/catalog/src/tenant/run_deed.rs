//! What the audit trail says of a run that somebody asked for: on what, and how it was asked for.

use domain::{
    RunId,
    audit::{Act, Deed, Field, Object},
    sources::{ColumnName, Label},
};

use super::{new_run::NewRun, start_run::RunRequest};

impl RunRequest {
    /// The deed of asking for `run`. Work on a backup is written down under the backup, where whoever asks what happened
    /// with it will look.
    pub(super) fn deed(&self, run: RunId, new: &NewRun<'_>) -> Deed {
        match self {
            Self::Backup { source_id, label } | Self::TenantBackup { source_id, label, .. } => {
                Deed::done(Act::BackupStart, run)
                    .after(Field::Source, *source_id)
                    .maybe(Field::Label, label.as_deref().and_then(|label| Label::new(label).ok()).as_ref())
                    .maybe(Field::Tenant, new.tenant_key)
            }
            Self::Files { source_id, label, .. } => Deed::done(Act::BackupStart, run)
                .after(Field::Source, *source_id)
                .after(Field::Kind, if new.backup.is_some() { "incremental" } else { "full" })
                .maybe(Field::Label, label.as_deref().and_then(|label| Label::new(label).ok()).as_ref())
                .maybe(Field::Backup, new.backup),
            Self::Verify { backup_id } => on_backup(Act::VerificationStart, *backup_id, run, new),
            Self::Restore(restore) => {
                let part = &restore.only;
                let mut deed = on_backup(Act::RestoreStart, restore.backup_id, run, new)
                    .after(Field::Connection, restore.connection_id)
                    .after(Field::Database, &restore.database)
                    .after(Field::Kind, if part.is_everything() { "everything" } else { "part" });
                if !part.tables.is_empty() {
                    deed = deed.after(Field::Tables, part.tables.len() as u64);
                }
                match &*part.tenants {
                    [] => deed,
                    [only] => deed.after(Field::Tenant, only),
                    several => deed.after(Field::Count, several.len() as u64),
                }
            }
            Self::Export { backup_id, tenant, format } => on_backup(Act::ExportStart, *backup_id, run, new)
                .after(Field::Tenant, tenant)
                .after(Field::Format, format.key()),
            Self::InferMap { source_id, tenant_column } => Deed::done(Act::TenantMapInfer, *source_id)
                .after(Field::Run, run)
                .maybe(Field::Column, ColumnName::new(tenant_column.as_str()).ok().as_ref()),
            Self::ConfirmMap { source_id, version } => Deed::done(Act::TenantMapConfirmStart, *source_id)
                .after(Field::Run, run)
                .after(Field::Version, *version),
            Self::Probe { connection_id } => {
                Deed::done(Act::ProbeStart, *connection_id).after(Field::Run, run)
            }
        }
    }
}

fn on_backup(act: Act, backup: impl Into<Object>, run: RunId, new: &NewRun<'_>) -> Deed {
    Deed::done(act, backup).after(Field::Run, run).maybe(Field::Source, new.source)
}
