//! Whose rows are whose in a source: the draft that people change, and the versions that they confirmed.
//!
//! The draft lies table by table, so that one choice among thousands changes one row; a confirmed version is one
//! value that is never changed again. Every change names the draft's version that was looked at.

use std::collections::BTreeMap;

use domain::{
    BackupId, SourceId, Timestamp,
    audit::{Act, Deed, Field, Hash},
    sources::EngineKind,
    tenancy::{Drift, Mapping, Route, RouteKind, TenantMap},
};
use sha2::{Digest, Sha256};

use crate::{
    Conflict, TenantCatalog,
    db::{AsConn, Tx, all, exec, first},
    decode::{id, json, number, storable, to_json, word},
    error::{Error, Result},
};

/// A source's map in a few words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MapHead {
    /// Of which source.
    pub source_id: SourceId,
    /// The source's database.
    pub database: String,
    /// What reads the source.
    pub engine: EngineKind,
    /// The column that is looked for.
    pub tenant_column: String,
    /// The draft's version; 0 while nothing was inferred.
    pub version: i64,
    /// When the schema was read that it was inferred from.
    pub inferred_at: Option<Timestamp>,
    /// The version that backups follow, by whom and when it was confirmed.
    pub confirmed: Option<(i64, String, Timestamp)>,
    /// Tables of the draft by route; a kind that leads no table is left out.
    pub counts: Vec<(RouteKind, u64)>,
    /// Tables whose route or shape is not that of the confirmed version.
    pub changed: u64,
    /// What the newest look at the schema found not to fit; what breaks coverage first.
    pub drift: Vec<Drift>,
}

/// A version that was confirmed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MapVersion {
    /// Which.
    pub version: i64,
    /// By whom.
    pub confirmed_by: String,
    /// When.
    pub confirmed_at: Timestamp,
}

/// Digest of the routes alone, in hex: two maps of one digest send every row the same way.
pub(crate) fn digest_of(map: &TenantMap) -> Result<String> {
    let routes: BTreeMap<&str, &Route> =
        map.tables.iter().map(|(table, mapping)| (table.as_str(), &mapping.route)).collect();
    let digest = Sha256::digest(to_json("map_versions", &routes)?);
    Ok(digest.iter().map(|byte| format!("{byte:02x}")).collect())
}

#[derive(sqlx::FromRow)]
struct Head {
    id: String,
    database_name: String,
    engine: String,
    tenant_column: String,
    version: i64,
    inferred_at: Option<i64>,
    confirmed_version: Option<i64>,
    confirmed_by: Option<String>,
    confirmed_at: Option<i64>,
    changed: i64,
}

impl TenantCatalog<'_> {
    /// The maps of every source, or of one, by name of the database.
    async fn maps(&self, only: Option<SourceId>) -> Result<Vec<MapHead>> {
        let (tenant, only) = (self.key(), only.map(|id| id.to_string()));
        let mut reader = self.read().await?;
        let heads = all!(
            &mut reader,
            Head,
            "select s.id, s.database_name, s.engine, s.tenant_column, coalesce(m.version, 0) as version, m.inferred_at, \
             m.confirmed_version, v.confirmed_by, v.confirmed_at, (select cast(count(*) as bigint) from map_tables t \
             where t.tenant_id = s.tenant_id and t.source_id = s.id and (t.route is distinct from t.confirmed_route \
             or t.shape is distinct from t.confirmed_shape)) as changed from sources s \
             left join tenant_maps m on m.tenant_id = s.tenant_id and m.source_id = s.id \
             left join map_versions v on v.tenant_id = m.tenant_id and v.source_id = m.source_id \
             and v.version = m.confirmed_version \
             where s.tenant_id = $1 and s.protects = 'database' and (cast($2 as text) is null or s.id = $2) order by s.database_name, s.id",
            tenant.as_str(),
            only.as_deref(),
        )?;
        let counts = all!(
            &mut reader,
            (String, String, i64),
            "select source_id, route_kind, cast(count(*) as bigint) from map_tables where tenant_id = $1 \
             and route_kind is not null and (cast($2 as text) is null or source_id = $2) group by source_id, route_kind",
            tenant.as_str(),
            only.as_deref(),
        )?;
        let drift = all!(
            &mut reader,
            (String, String),
            "select source_id, drift from map_tables where tenant_id = $1 and drift is not null \
             and (cast($2 as text) is null or source_id = $2) order by source_id, table_name",
            tenant.as_str(),
            only.as_deref(),
        )?;
        let build = |head: Head| {
            let of_this = counts.iter().filter(|row| row.0 == head.id);
            let counts = of_this
                .map(|(_, kind, count)| {
                    Ok((word("map_tables", kind, RouteKind::find)?, number("map_tables", *count)?))
                })
                .collect::<Result<_>>()?;
            let found = drift.iter().filter(|row| row.0 == head.id).map(|row| json("map_tables", &row.1));
            let mut found = found.collect::<Result<Vec<Drift>>>()?;
            found.sort_by_key(|drift| !drift.breaks_coverage());
            let confirmed = head.confirmed_version.zip(head.confirmed_by.zip(head.confirmed_at));
            Ok(MapHead {
                source_id: id("sources", &head.id)?,
                database: head.database_name,
                engine: word("sources", &head.engine, EngineKind::find)?,
                tenant_column: head.tenant_column,
                version: head.version,
                inferred_at: head.inferred_at.map(Timestamp),
                confirmed: confirmed.map(|(version, (by, at))| (version, by, Timestamp(at))),
                counts,
                changed: number("map_tables", head.changed)?,
                drift: found,
            })
        };
        heads.into_iter().map(build).collect()
    }

    /// The map of every source in a few words.
    pub async fn list_maps(&self) -> Result<Vec<MapHead>> {
        self.maps(None).await
    }

    /// The map of one source in a few words.
    pub async fn get_map(&self, source: SourceId) -> Result<MapHead> {
        self.maps(Some(source)).await?.pop().ok_or(Error::NotFound { what: "source" })
    }

    /// The version that backups follow, with the draft's version that it was.
    pub async fn confirmed_map(&self, source: SourceId) -> Result<Option<(i64, TenantMap)>> {
        let mut reader = self.read().await?;
        let row = first!(
            &mut reader,
            (i64, String),
            "select v.version, v.map from map_versions v join tenant_maps m on m.tenant_id = v.tenant_id \
             and m.source_id = v.source_id and m.confirmed_version = v.version \
             where v.tenant_id = $1 and v.source_id = $2",
            self.key(),
            source.to_string(),
        )?;
        row.map(|(version, map)| Ok((version, json("map_versions", &map)?))).transpose()
    }

    /// Whether a backup led every row the way that is confirmed now.
    pub async fn follows_confirmed_map(&self, backup: BackupId) -> Result<bool> {
        let mut reader = self.read().await?;
        let row = first!(
            &mut reader,
            (String,),
            "select b.id from backups b join tenant_maps m on m.tenant_id = b.tenant_id and m.source_id = b.source_id \
             join map_versions v on v.tenant_id = m.tenant_id and v.source_id = m.source_id \
             and v.version = m.confirmed_version and v.digest = b.map_digest where b.tenant_id = $1 and b.id = $2",
            self.key(),
            backup.to_string(),
        )?;
        Ok(row.is_some())
    }

    /// The draft with its version, whoever confirmed it; none while nothing was inferred.
    pub async fn draft_map(&self, source: SourceId) -> Result<Option<(i64, TenantMap)>> {
        let mut reader = self.read().await?;
        self.draft(&mut reader, source).await
    }

    async fn draft(&self, on: &mut impl AsConn, source: SourceId) -> Result<Option<(i64, TenantMap)>> {
        let head = first!(
            on,
            (i64, String),
            "select m.version, s.tenant_column from tenant_maps m join sources s on s.tenant_id = m.tenant_id \
             and s.id = m.source_id where m.tenant_id = $1 and m.source_id = $2 and m.inferred_at is not null",
            self.key(),
            source.to_string(),
        )?;
        let Some((version, tenant_column)) = head else { return Ok(None) };
        let rows = all!(
            on,
            (String, String, String, Option<String>),
            "select table_name, route, shape, note from map_tables where tenant_id = $1 and source_id = $2 \
             and route is not null and shape is not null order by table_name",
            self.key(),
            source.to_string(),
        )?;
        let read = |(table, route, shape, note): (String, String, String, Option<String>)| {
            Ok((table, Mapping { route: json("map_tables", &route)?, note, shape }))
        };
        let tables = rows.into_iter().map(read).collect::<Result<_>>()?;
        Ok(Some((version, TenantMap { tenant_column, tables })))
    }

    /// Every version that was confirmed, newest first, 100 at most.
    pub async fn list_map_versions(&self, source: SourceId) -> Result<Vec<MapVersion>> {
        let mut reader = self.read().await?;
        let rows = all!(
            &mut reader,
            (i64, String, i64),
            "select version, confirmed_by, confirmed_at from map_versions where tenant_id = $1 and source_id = $2 \
             order by version desc limit 100",
            self.key(),
            source.to_string(),
        )?;
        let read = |(version, confirmed_by, at): (i64, String, i64)| MapVersion {
            version,
            confirmed_by,
            confirmed_at: Timestamp(at),
        };
        Ok(rows.into_iter().map(read).collect())
    }

    /// [`Conflict::Stale`] if the draft has another version than `version`.
    pub(super) async fn check_draft(&self, tx: &mut Tx, source: SourceId, version: i64) -> Result<()> {
        match self.draft(tx, source).await? {
            None => Err(Error::NotFound { what: "tenant map" }),
            Some((found, _)) if found != version => Err(Conflict::Stale.into()),
            Some(_) => Ok(()),
        }
    }

    /// Moves the draft from `version` to the next one, or says [`Conflict::Stale`].
    pub(crate) async fn touch_draft(&self, tx: &mut Tx, source: SourceId, version: i64) -> Result<i64> {
        let moved = exec!(
            tx,
            "update tenant_maps set version = version + 1 where tenant_id = $1 and source_id = $2 and version = $3",
            self.key(),
            source.to_string(),
            version,
        )?;
        if moved == 1 {
            return Ok(version + 1);
        }
        let exists = first!(
            tx,
            (String,),
            "select source_id from tenant_maps where tenant_id = $1 and source_id = $2",
            self.key(),
            source.to_string(),
        )?;
        Err(exists.map_or(Error::NotFound { what: "tenant map" }, |_| Conflict::Stale.into()))
    }

    /// Lets backups follow the draft of `version`, for a caller who has judged it by the schema; everybody else asks
    /// for a run that does ([`crate::RunRequest::ConfirmMap`]).
    pub async fn confirm_map(&self, source: SourceId, version: i64) -> Result<i64> {
        let mut tx = self.begin().await?;
        let (confirmed, deed) = self.confirm_draft(&mut tx, source, version, self.actor.name()).await?;
        self.audit(&mut tx, deed).await?;
        tx.commit().await?;
        Ok(confirmed)
    }

    /// Lets backups follow the draft of `version`; what it is stays forever. [`Conflict::Stale`] if the draft has
    /// another version. Backups that followed the same routes before they were confirmed become complete. Returns the
    /// version that is confirmed and the deed, which the caller writes down last.
    pub(crate) async fn confirm_draft(
        &self,
        tx: &mut Tx,
        source: SourceId,
        version: i64,
        who: &str,
    ) -> Result<(i64, Deed)> {
        let confirmed = self.touch_draft(tx, source, version).await?;
        let draft = self.draft(tx, source).await?;
        let (_, map) = draft.ok_or(Error::NotFound { what: "tenant map" })?;
        let digest = digest_of(&map)?;
        exec!(
            tx,
            "insert into map_versions (tenant_id, source_id, version, map, digest, confirmed_by, confirmed_at) \
             values ($1, $2, $3, $4, $5, $6, $7)",
            self.key(),
            source.to_string(),
            confirmed,
            to_json("map_versions", &map)?,
            digest.as_str(),
            storable(who),
            self.now(),
        )?;
        exec!(
            tx,
            "update tenant_maps set confirmed_version = $3, drift_digest = null where tenant_id = $1 and source_id = $2",
            self.key(),
            source.to_string(),
            confirmed,
        )?;
        // Tables that the draft has taken out have nothing more to be asked about.
        exec!(
            tx,
            "delete from map_tables where tenant_id = $1 and source_id = $2 and route is null \
             and confirmed_route is not null",
            self.key(),
            source.to_string(),
        )?;
        // What did not fit the version before fits this one, or the next run says so again.
        exec!(
            tx,
            "update map_tables set confirmed_route = route, confirmed_shape = shape, \
             drift = case when route is null then drift end where tenant_id = $1 and source_id = $2",
            self.key(),
            source.to_string(),
        )?;
        exec!(
            tx,
            "update backups set is_complete = 1 where tenant_id = $1 and source_id = $2 and map_digest = $3 \
             and is_covered = 1",
            self.key(),
            source.to_string(),
            digest.as_str(),
        )?;
        let deed = Deed::done(Act::TenantMapConfirm, source)
            .after(Field::Version, confirmed)
            .after(Field::Tables, map.tables.len() as u64)
            .maybe(Field::Digest, digest.parse::<Hash>().ok());
        Ok((confirmed, deed))
    }

    /// Chooses what reads a database. [`Conflict::OtherEngine`] for an engine that reads no single database, and for a
    /// source that is none.
    pub async fn set_engine(&self, source: SourceId, engine: EngineKind) -> Result<()> {
        let before = self.get_source(source).await?;
        let is_database = before.source.protects.database().is_some();
        if !is_database || !EngineKind::OF_A_DATABASE.contains(&engine) {
            return Err(Conflict::OtherEngine.into());
        }
        let mut tx = self.begin().await?;
        let changed = exec!(
            &mut tx,
            "update sources set engine = $3 where tenant_id = $1 and id = $2 and protects = 'database'",
            self.key(),
            source.to_string(),
            engine.key(),
        )?;
        if changed == 0 {
            return Err(Error::NotFound { what: "source" });
        }
        let deed = Deed::done(Act::SourceEngine, source)
            .before(Field::Engine, before.engine.key())
            .after(Field::Engine, engine.key());
        self.audit(&mut tx, deed).await?;
        tx.commit().await
    }
}
