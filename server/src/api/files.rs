//! What leaves a backup: into a new database, or as a file.

use app::{
    restores::api::{DefinerChoice, RestoresPort, StartRestore},
    tenancy::api::{ExportTenant, TenantsPort},
};
use axum::{Extension, extract::Path, response::Response};
use domain::{
    BackupId, ConnectionId, Lines,
    access::Permission as P,
    tenancy::{ExportFormat, TenantKey},
};

use super::{
    Operation, Problem, Route,
    describe::requests,
    extract::{self, Body},
    reply,
    shapes::Begun,
};
use crate::caller::Caller;

requests! {
    /// A restore into a database that does not exist yet.
    RestoreIntoNew {
        /// On which server.
        connection_id: ConnectionId,
        /// The name of the new database.
        database: String,
        /// Tables whose rows are loaded; all if left out. Every table is made either way.
        tables: Option<Vec<String>>,
        /// Tenants whose rows are loaded, with the shared ones; all if left out.
        tenants: Option<Vec<TenantKey>>,
        /// Definitions only, no rows.
        schema_only: Option<bool>,
        /// To whom views, triggers, routines and events belong: `strip` (the account that restores, the default),
        /// `keep`, or `map`.
        definers: Option<DefinerChoice>,
        /// For `map`: accounts in place of others, as `old@host=new@host`.
        replacements: Option<Vec<String>>,
    }
    /// A tenant's rows as a file.
    ExportAsked {
        /// From which backup.
        backup_id: BackupId,
        /// Whose rows.
        tenant: TenantKey,
        /// In which form.
        format: ExportFormat,
    }
}

pub(super) fn routes() -> Vec<Route> {
    let restored = Operation::answering::<Begun>(
        "restoreIntoNewDatabase",
        "Restore into a new database",
        &[P::RequestRestore],
    )
    .about("No database that exists is touched. Only from a proven backup.")
    .body::<RestoreIntoNew>()
    .begins();
    let exported = Operation::answering::<Begun>("exportTenant", "Write a tenant's rows as a file", &[P::ExportBackup])
        .about("The file is checked after writing: it holds no key of another tenant. It is taken from the run, at `/runs/{id}/file` of the pages.")
        .body::<ExportAsked>()
        .begins();
    vec![
        Route::post("/api/v1/backups/{id}/restore", restored, restore),
        Route::post("/api/v1/exports", exported, export),
    ]
}

async fn restore(
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
    Body(request): Body<RestoreIntoNew>,
) -> Result<Response, Problem> {
    let tenants = request.tenants.unwrap_or_default();
    let wish = StartRestore {
        backup_id: extract::id(&id)?,
        connection_id: request.connection_id,
        // A program means what it writes; that it is typed twice is for people.
        confirm: request.database.clone(),
        database: request.database,
        tables: Lines::of_names(request.tables.unwrap_or_default()),
        tenants: Lines::of_names(tenants.iter().map(ToString::to_string)),
        schema_only: request.schema_only.unwrap_or_default(),
        definers: request.definers.unwrap_or_default(),
        replacements: Lines::of_names(request.replacements.unwrap_or_default()),
    };
    reply::begun(&Begun { run_id: caller.start_restore(wish).await? })
}

async fn export(
    Extension(caller): Extension<Caller>,
    Body(request): Body<ExportAsked>,
) -> Result<Response, Problem> {
    let ExportAsked { backup_id, tenant, format } = request;
    let run_id = caller.export_tenant(ExportTenant { tenant, backup_id, format }).await?;
    reply::begun(&Begun { run_id })
}
