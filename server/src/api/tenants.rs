//! Tenants of shared databases, as programs see them.

use app::tenancy::api::{TenantFilter, TenantRow, TenantTable, TenantTableFilter, TenantsPort};
use axum::{Extension, extract::Path, response::Response};
use domain::{Cursor, Fault, SourceId, access::Permission as P, health::TenantStanding, tenancy::TenantKey};
use http::HeaderMap;

use super::{
    Operation, Problem, Route,
    describe::{When, answers, requests},
    extract::{self, Asked},
    reply,
    shapes::pages,
};
use crate::caller::Caller;

answers! {
    /// A tenant of a shared database.
    TenantSeen {
        /// In which source.
        source_id: SourceId,
        /// That source's database.
        database: String,
        /// The value by which its rows are told from others'.
        tenant: TenantKey,
        /// What people call it, if the database says so.
        name: Option<String>,
        /// Its rows in the newest backup.
        tenant_rows: u64,
        /// Bytes of them in the vault.
        stored_bytes: u64,
        /// `restorable`, `late`, `incomplete`, `new` or `not_restorable`.
        standing: String,
        /// The instant that the newest proven backup of it holds.
        restorable_to: Option<When>,
    }
    /// Some tenants.
    Tenants {
        /// Those that cannot be restored first.
        rows: Vec<TenantSeen>,
        /// Send this as `after` to get those that follow; null on the last page.
        next: Option<String>,
        /// How many there are in all.
        total: u64,
    }
    /// A tenant with why it stands so.
    TenantWhole {
        /// The tenant.
        tenant: TenantSeen,
        /// One sentence that explains the standing.
        because: String,
    }
    /// A table with rows of a tenant.
    TableOfTenant {
        /// Its name.
        table: String,
        /// Rows of the tenant in it.
        table_rows: u64,
    }
    /// Some tables with rows of a tenant.
    TablesOfTenant {
        /// By name.
        rows: Vec<TableOfTenant>,
        /// Send this as `after` to get those that follow; null on the last page.
        next: Option<String>,
    }
}

requests! {
    /// Which tenants; every field narrows.
    TenantsAsked {
        /// Of one source.
        source_id: Option<SourceId>,
        /// Key or name contains this.
        search: Option<String>,
        /// `restorable`, `late`, `incomplete`, `new` or `not_restorable`.
        standing: Option<String>,
        /// `next` of the page before.
        after: Option<String>,
    }
    /// Which tenant.
    TenantAsked {
        /// Its key.
        tenant: TenantKey,
    }
    /// Which tables.
    TablesAsked {
        /// Of which tenant.
        tenant: TenantKey,
        /// The name contains this.
        search: Option<String>,
        /// `next` of the page before.
        after: Option<String>,
    }
}

impl From<TenantRow> for TenantSeen {
    fn from(row: TenantRow) -> Self {
        Self {
            source_id: row.source_id,
            database: row.database,
            tenant: row.key,
            name: row.name,
            tenant_rows: row.rows,
            stored_bytes: row.stored.0,
            standing: row.standing.key().into(),
            restorable_to: row.restorable_to.map(When::from),
        }
    }
}

impl From<TenantTable> for TableOfTenant {
    fn from(row: TenantTable) -> Self {
        Self { table: row.table, table_rows: row.rows }
    }
}

pages! { TablesOfTenant of TableOfTenant from TenantTable; }

pub(super) fn routes() -> Vec<Route> {
    const READ: &[P] = &[P::ReadBackups];
    let listed = Operation::answering::<Tenants>("listTenants", "Tenants of shared databases", READ)
        .asked::<TenantsAsked>();
    let one = Operation::answering::<TenantWhole>("getTenant", "One tenant of a source", READ)
        .asked::<TenantAsked>()
        .marked();
    let tables = Operation::answering::<TablesOfTenant>(
        "listTablesOfTenant",
        "Tables of a backup with rows of a tenant",
        READ,
    )
    .asked::<TablesAsked>();
    vec![
        Route::get("/api/v1/tenants", listed, list),
        Route::get("/api/v1/sources/{id}/tenant", one, get),
        Route::get("/api/v1/backups/{id}/tables", tables, list_tables),
    ]
}

fn standing(text: &str) -> Result<TenantStanding, Problem> {
    TenantStanding::find(text).ok_or_else(|| {
        let words = "one of restorable, late, incomplete, new, not_restorable";
        Fault::invalid("standing", words).into()
    })
}

async fn list(
    Extension(caller): Extension<Caller>,
    Asked(asked): Asked<TenantsAsked>,
) -> Result<Response, Problem> {
    let filter = TenantFilter {
        source: asked.source_id,
        search: asked.search,
        standing: asked.standing.as_deref().map(standing).transpose()?,
        after: asked.after.map(Cursor),
    };
    let found = caller.list_tenants(filter).await?;
    reply::found(&Tenants {
        rows: found.page.rows.into_iter().map(TenantSeen::from).collect(),
        next: found.page.next.map(|next| next.0),
        total: found.total,
    })
}

async fn get(
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
    Asked(asked): Asked<TenantAsked>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let detail = caller.get_tenant(extract::id(&id)?, asked.tenant).await?;
    reply::one(&headers, &TenantWhole { tenant: detail.row.into(), because: detail.because })
}

async fn list_tables(
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
    Asked(asked): Asked<TablesAsked>,
) -> Result<Response, Problem> {
    let filter = TenantTableFilter {
        backup_id: extract::id(&id)?,
        tenant: asked.tenant,
        search: asked.search,
        after: asked.after.map(Cursor),
    };
    reply::found(&TablesOfTenant::from(caller.list_tenant_tables(filter).await?))
}
