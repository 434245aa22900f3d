//! The tables of a tenant map's draft: looked through page by page, chosen one by one.

use domain::{
    Cursor, Page, SourceId,
    audit::{Act, Deed, Field, Hash},
    sources::TableName,
    tenancy::{Drift, Path, Route, RouteKind},
};
use serde::{Deserialize, Serialize};

use crate::{
    TenantCatalog,
    db::{all, exec, first},
    decode::{After, contains, maybe_json, number, page, page_size, storable, to_json},
    error::{Error, Result},
};

/// A column of a table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TableColumn {
    /// Its name.
    pub column: String,
    /// Its type as the server writes it.
    pub data_type: String,
    /// Whether it may be NULL.
    pub is_nullable: bool,
}

/// What can be chosen for a table.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TableChoices {
    /// Its columns, in its order.
    pub columns: Vec<TableColumn>,
    /// Ways over foreign keys to a tenant, shortest first.
    pub paths: Vec<Path>,
}

/// Which tables of a map to list, by name; every field narrows.
#[derive(Debug, Clone)]
pub struct MapQuery {
    /// Of which source.
    pub source: SourceId,
    /// Led so.
    pub kind: Option<RouteKind>,
    /// Only those with drift or a note.
    pub attention: bool,
    /// The name contains this; upper and lower case do not matter.
    pub search: Option<String>,
    /// Where to go on.
    pub after: Option<Cursor>,
    /// Rows at most; 0 means 50.
    pub limit: u32,
}

/// A table of a map.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MapTable {
    /// Its name.
    pub table: String,
    /// How its rows are led; none for a table that the draft does not have.
    pub route: Option<Route>,
    /// Whether a person chose the route; if not, it was inferred.
    pub is_chosen: bool,
    /// The route that backups follow now.
    pub confirmed: Option<Route>,
    /// What a person should know of it.
    pub note: Option<String>,
    /// What does not fit.
    pub drift: Option<Drift>,
}

#[derive(sqlx::FromRow)]
struct Row {
    table_name: String,
    route: Option<String>,
    is_chosen: i64,
    confirmed_route: Option<String>,
    note: Option<String>,
    drift: Option<String>,
}

const TABLE: &str = "map_tables";

macro_rules! map_columns {
    () => {
        "table_name, route, is_chosen, confirmed_route, note, drift"
    };
}

impl TryFrom<Row> for MapTable {
    type Error = Error;
    fn try_from(row: Row) -> Result<Self> {
        Ok(Self {
            table: row.table_name,
            route: maybe_json(TABLE, row.route.as_deref())?,
            is_chosen: row.is_chosen == 1,
            confirmed: maybe_json(TABLE, row.confirmed_route.as_deref())?,
            note: row.note,
            drift: maybe_json(TABLE, row.drift.as_deref())?,
        })
    }
}

impl TenantCatalog<'_> {
    /// Tables of a map, by name.
    pub async fn list_map_tables(&self, query: &MapQuery) -> Result<Page<MapTable>> {
        let limit = page_size(query.limit);
        let after = After::read(query.after.as_ref())?;
        let search = query.search.as_deref().map(str::trim).filter(|search| !search.is_empty());
        let mut reader = self.read().await?;
        let rows = all!(
            &mut reader,
            Row,
            concat!(
                "select ",
                map_columns!(),
                " from map_tables where tenant_id = $1 and source_id = $2 \
                 and (cast($3 as text) is null or route_kind = $3) \
                 and ($4 = 0 or drift is not null or note is not null) \
                 and (cast($5 as text) is null or lower(table_name) like $5 escape '\\') \
                 and (cast($6 as text) is null or table_name > $6) order by table_name limit $7"
            ),
            self.key(),
            query.source.to_string(),
            query.kind.map(RouteKind::key),
            i64::from(query.attention),
            search.map(contains),
            after.map(|after| after.key),
            i64::from(limit) + 1,
        )?;
        let tables = rows.into_iter().map(MapTable::try_from).collect::<Result<Vec<_>>>()?;
        Ok(page(tables, limit, |table| (table.table.clone(), String::new())))
    }

    /// One table of a map with what can be chosen for it.
    pub async fn get_map_table(&self, source: SourceId, table: &str) -> Result<(MapTable, TableChoices)> {
        let mut reader = self.read().await?;
        let row = first!(
            &mut reader,
            Row,
            concat!(
                "select ",
                map_columns!(),
                " from map_tables where tenant_id = $1 and source_id = $2 and table_name = $3"
            ),
            self.key(),
            source.to_string(),
            storable(table),
        )?;
        let choices = first!(
            &mut reader,
            (Option<String>,),
            "select choices from map_tables where tenant_id = $1 and source_id = $2 and table_name = $3",
            self.key(),
            source.to_string(),
            storable(table),
        )?;
        let found = row.ok_or(Error::NotFound { what: "table" })?.try_into()?;
        let choices = choices.and_then(|row| row.0);
        Ok((found, maybe_json(TABLE, choices.as_deref())?.unwrap_or_default()))
    }

    /// Tables whose route is not the one that backups follow, by name: how many, and the first `limit` of them.
    pub async fn map_changes(&self, source: SourceId, limit: u32) -> Result<(u64, Vec<MapTable>)> {
        let mut reader = self.read().await?;
        let total = first!(
            &mut reader,
            (i64,),
            "select cast(count(*) as bigint) from map_tables where tenant_id = $1 and source_id = $2 \
             and route is distinct from confirmed_route",
            self.key(),
            source.to_string(),
        )?;
        let rows = all!(
            &mut reader,
            Row,
            concat!(
                "select ",
                map_columns!(),
                " from map_tables where tenant_id = $1 and source_id = $2 \
                 and route is distinct from confirmed_route order by table_name limit $3"
            ),
            self.key(),
            source.to_string(),
            i64::from(page_size(limit)),
        )?;
        let changes = rows.into_iter().map(MapTable::try_from).collect::<Result<_>>()?;
        Ok((number(TABLE, total.map_or(0, |row| row.0))?, changes))
    }

    /// Chooses the route of a table that the schema has. [`crate::Conflict::Stale`] if the draft is not at
    /// `version` any more. Returns its new version.
    pub async fn set_route(
        &self,
        source: SourceId,
        version: i64,
        table: &str,
        route: &Route,
        note: Option<&str>,
    ) -> Result<i64> {
        let mut tx = self.begin().await?;
        let moved = self.touch_draft(&mut tx, source, version).await?;
        let before = first!(
            &mut tx,
            (Option<String>,),
            "select route from map_tables where tenant_id = $1 and source_id = $2 and table_name = $3",
            self.key(),
            source.to_string(),
            storable(table),
        )?;
        let before: Option<Route> = maybe_json(TABLE, before.and_then(|(route,)| route).as_deref())?;
        let changed = exec!(
            &mut tx,
            "update map_tables set route = $4, route_kind = $5, note = $6, is_chosen = 1 \
             where tenant_id = $1 and source_id = $2 and table_name = $3 and shape is not null",
            self.key(),
            source.to_string(),
            storable(table),
            to_json(TABLE, route)?,
            route.kind().key(),
            note.map(storable),
        )?;
        if changed == 0 {
            return Err(Error::NotFound { what: "table" });
        }
        let mut deed = Deed::done(Act::TenantMapSetRoute, source)
            .maybe(Field::Table, TableName::new(table).ok().as_ref())
            .after(Field::Kind, route.kind().key())
            .after(Field::Digest, Hash::over(to_json(TABLE, route)?.as_bytes()))
            .after(Field::Version, moved);
        if let Some(before) = before {
            deed = deed
                .before(Field::Kind, before.kind().key())
                .before(Field::Digest, Hash::over(to_json(TABLE, &before)?.as_bytes()));
        }
        self.audit(&mut tx, deed).await?;
        tx.commit().await?;
        Ok(moved)
    }
}
