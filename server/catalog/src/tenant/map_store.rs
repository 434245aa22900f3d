//! Storing what a look at a schema found: a draft, and what does not fit the map that was confirmed.
//!
//! Thousands of tables are a few statements: each takes its rows as one JSON value.

use std::collections::BTreeMap;

use domain::{
    Clock, RunId, SourceId, TenantId,
    alerts::NoticeKind,
    spelling::Spelling,
    tenancy::{Drift, TenantMap},
};
use serde::Serialize;
use sha2::{Digest, Sha256};

use super::{alerts::Notice, map_tables::TableChoices, spelling::store_spelling};
use crate::{
    db::{Tx, dialect, exec, first},
    decode::{storable, to_json},
    error::Result,
};

/// What a look at a schema found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Inferred {
    /// The map that the schema suggests.
    pub map: TenantMap,
    /// What can be chosen for each table.
    pub choices: BTreeMap<String, TableChoices>,
    /// What does not fit the map that was confirmed, or nothing if none was.
    pub drift: Vec<Drift>,
    /// How its tenants are spelled.
    pub spelling: Option<Spelling>,
}

/// Tables that are stored with one statement.
const AT_ONCE: usize = 500;
/// Tables that a notice names.
const NAMED: usize = 10;
const TABLE: &str = "map_tables";

#[derive(Serialize)]
struct Row {
    table: String,
    kind: &'static str,
    route: String,
    shape: String,
    note: Option<String>,
    choices: Option<String>,
}

#[derive(Serialize)]
struct DriftRow {
    table: String,
    drift: String,
}

/// Makes the draft what was inferred, but for routes that a person chose: those stay.
pub(crate) async fn store_inferred(
    tx: &mut Tx,
    clock: &dyn Clock,
    tenant: TenantId,
    source: SourceId,
    found: &Inferred,
) -> Result<()> {
    let (tenant, source) = (tenant.to_string(), source.to_string());
    exec!(
        tx,
        "insert into tenant_maps (tenant_id, source_id, version, inferred_at) values ($1, $2, 1, $3) \
         on conflict (tenant_id, source_id) do update set version = tenant_maps.version + 1, \
         inferred_at = excluded.inferred_at",
        tenant.as_str(),
        source.as_str(),
        clock.now().0,
    )?;
    let names: Vec<String> = found.map.tables.keys().map(|table| storable(table)).collect();
    let names = to_json(TABLE, &names)?;
    // Tables that are gone: the ones that backups follow stay to be looked at until that is confirmed.
    exec!(
        tx,
        dialect!(
            tx,
            sqlite: "delete from map_tables where tenant_id = $1 and source_id = $2 and confirmed_route is null \
                     and table_name not in (select value from json_each($3))",
            postgres: "delete from map_tables where tenant_id = $1 and source_id = $2 and confirmed_route is null \
                       and table_name not in (select json_array_elements_text(cast($3 as json)))"
        ),
        tenant.as_str(),
        source.as_str(),
        names.as_str(),
    )?;
    exec!(
        tx,
        dialect!(
            tx,
            sqlite: "update map_tables set route = null, route_kind = null, shape = null, note = null, choices = null, \
                     is_chosen = 0 where tenant_id = $1 and source_id = $2 \
                     and table_name not in (select value from json_each($3))",
            postgres: "update map_tables set route = null, route_kind = null, shape = null, note = null, choices = null, \
                       is_chosen = 0 where tenant_id = $1 and source_id = $2 \
                       and table_name not in (select json_array_elements_text(cast($3 as json)))"
        ),
        tenant.as_str(),
        source.as_str(),
        names.as_str(),
    )?;
    let mut rows = Vec::with_capacity(AT_ONCE);
    for (table, mapping) in &found.map.tables {
        let choices = found.choices.get(table).map(|choices| to_json(TABLE, choices)).transpose()?;
        rows.push(Row {
            table: storable(table),
            kind: mapping.route.kind().key(),
            route: to_json(TABLE, &mapping.route)?,
            shape: mapping.shape.clone(),
            note: mapping.note.as_deref().map(storable),
            choices,
        });
        if rows.len() == AT_ONCE {
            store_rows(tx, &tenant, &source, &rows).await?;
            rows.clear();
        }
    }
    store_rows(tx, &tenant, &source, &rows).await?;
    store_spelling(tx, (tenant.as_str(), source.as_str()), found.spelling).await
}

async fn store_rows(tx: &mut Tx, tenant: &str, source: &str, rows: &[Row]) -> Result<()> {
    exec!(
        tx,
        dialect!(
            tx,
            sqlite: "insert into map_tables (tenant_id, source_id, table_name, route_kind, route, shape, note, choices, \
                     is_chosen) select $1, $2, value ->> 'table', value ->> 'kind', value ->> 'route', value ->> 'shape', \
                     value ->> 'note', value ->> 'choices', 0 from json_each($3) where true \
                     on conflict (tenant_id, source_id, table_name) do update set shape = excluded.shape, \
                     choices = excluded.choices, \
                     route_kind = case when map_tables.is_chosen = 1 then map_tables.route_kind else excluded.route_kind end, \
                     route = case when map_tables.is_chosen = 1 then map_tables.route else excluded.route end, \
                     note = case when map_tables.is_chosen = 1 then map_tables.note else excluded.note end",
            postgres: "insert into map_tables (tenant_id, source_id, table_name, route_kind, route, shape, note, choices, \
                       is_chosen) select $1, $2, r.\"table\", r.kind, r.route, r.shape, r.note, r.choices, 0 \
                       from json_to_recordset(cast($3 as json)) as r(\"table\" text, kind text, route text, shape text, \
                       note text, choices text) \
                       on conflict (tenant_id, source_id, table_name) do update set shape = excluded.shape, \
                       choices = excluded.choices, \
                       route_kind = case when map_tables.is_chosen = 1 then map_tables.route_kind else excluded.route_kind end, \
                       route = case when map_tables.is_chosen = 1 then map_tables.route else excluded.route end, \
                       note = case when map_tables.is_chosen = 1 then map_tables.note else excluded.note end"
        ),
        tenant,
        source,
        to_json(TABLE, &rows)?,
    )
    .map(drop)
}

/// What a run found not to fit.
pub(crate) struct FoundDrift<'a> {
    pub tenant: TenantId,
    pub source: SourceId,
    pub database: &'a str,
    pub run: RunId,
    pub drift: &'a [Drift],
}

impl FoundDrift<'_> {
    /// Replaces what the run before found. When what breaks coverage is not what it was, people are told, once.
    /// Nothing happens for a source without a map.
    pub async fn store(&self, tx: &mut Tx, clock: &dyn Clock) -> Result<()> {
        let (tenant, source) = (self.tenant.to_string(), self.source.to_string());
        let breaking: Vec<&Drift> = self.drift.iter().filter(|drift| drift.breaks_coverage()).collect();
        let digest: String =
            Sha256::digest(to_json(TABLE, &breaking)?).iter().map(|byte| format!("{byte:02x}")).collect();
        let digest = (!breaking.is_empty()).then_some(digest);
        let before = first!(
            tx,
            (Option<String>,),
            "select drift_digest from tenant_maps where tenant_id = $1 and source_id = $2",
            tenant.as_str(),
            source.as_str(),
        )?;
        let Some((before,)) = before else { return Ok(()) };
        exec!(
            tx,
            "update tenant_maps set drift_digest = cast($3 as text) where tenant_id = $1 and source_id = $2",
            tenant.as_str(),
            source.as_str(),
            digest.as_deref(),
        )?;
        // Rows that only said that their table has no mapping go with that.
        exec!(
            tx,
            "delete from map_tables where tenant_id = $1 and source_id = $2 and route is null and confirmed_route is null",
            tenant.as_str(),
            source.as_str(),
        )?;
        exec!(
            tx,
            "update map_tables set drift = null where tenant_id = $1 and source_id = $2 and drift is not null",
            tenant.as_str(),
            source.as_str(),
        )?;
        for drift in self.drift.chunks(AT_ONCE) {
            let rows = drift
                .iter()
                .map(|drift| Ok(DriftRow { table: storable(drift.table()), drift: to_json(TABLE, drift)? }))
                .collect::<Result<Vec<_>>>()?;
            store_drift(tx, &tenant, &source, &rows).await?;
        }
        if digest.is_some() && digest != before {
            self.tell(tx, clock, &breaking).await?;
        }
        Ok(())
    }

    async fn tell(&self, tx: &mut Tx, clock: &dyn Clock, breaking: &[&Drift]) -> Result<()> {
        let mut body =
            "Until somebody decides, their rows are kept as shared: no tenant's backup is complete.\n"
                .to_owned();
        for drift in breaking.iter().take(NAMED) {
            body.push_str(&format!("{drift}\n"));
        }
        if breaking.len() > NAMED {
            body.push_str(&format!("and {} more\n", breaking.len() - NAMED));
        }
        let notice = Notice {
            tenant: self.tenant,
            kind: NoticeKind::CoverageBroken,
            dedupe_key: format!("coverage:{}", self.run),
            subject: format!("{} of {}'s tables have no usable route", breaking.len(), self.database),
            body: &body,
            path: format!("/sources/{}/map", self.source),
        };
        notice.queue(tx, clock).await.map(drop)
    }
}

async fn store_drift(tx: &mut Tx, tenant: &str, source: &str, rows: &[DriftRow]) -> Result<()> {
    exec!(
        tx,
        dialect!(
            tx,
            sqlite: "insert into map_tables (tenant_id, source_id, table_name, is_chosen, drift) \
                     select $1, $2, value ->> 'table', 0, value ->> 'drift' from json_each($3) where true \
                     on conflict (tenant_id, source_id, table_name) do update set drift = excluded.drift",
            postgres: "insert into map_tables (tenant_id, source_id, table_name, is_chosen, drift) \
                       select $1, $2, r.\"table\", 0, r.drift from json_to_recordset(cast($3 as json)) \
                       as r(\"table\" text, drift text) \
                       on conflict (tenant_id, source_id, table_name) do update set drift = excluded.drift"
        ),
        tenant,
        source,
        to_json(TABLE, &rows)?,
    )
    .map(drop)
}
