//! Tenants of protected databases, and the backups that hold them.

use domain::{
    BackupId, ByteSize, Cursor, Page, RestoreId, SourceId, Timestamp, backups::Verification,
    restores::RequestState, tenancy::TenantKey,
};

use crate::{
    TenantCatalog,
    db::{all, first},
    decode::{After, contains, cursor, id, number, page, page_size, tenant_key, word},
    error::{Error, Result},
};

/// Which tenants to list, by source and key; every field narrows.
#[derive(Debug, Clone, Default)]
pub struct TenantQuery {
    /// Of one source.
    pub source: Option<SourceId>,
    /// With this very key.
    pub key: Option<TenantKey>,
    /// Key or name contains this; upper and lower case do not matter.
    pub search: Option<String>,
    /// Where to go on.
    pub after: Option<Cursor>,
    /// Rows at most; 0 means 50, and never more than [`PAGE_MAX`].
    pub limit: u32,
}

/// A tenant, with what lists and rules need to know of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TenantRow {
    /// Of which source.
    pub source_id: SourceId,
    /// The source's database.
    pub database: String,
    /// Its key there.
    pub key: TenantKey,
    /// What people call it, if that is known.
    pub name: Option<String>,
    /// When a backup first held it.
    pub first_seen_at: Timestamp,
    /// When a backup last held it.
    pub last_seen_at: Timestamp,
    /// The newest kept backup that holds it.
    pub newest: Option<TenantPart>,
    /// The instant of the newest kept one that is proven and complete.
    pub proven_at: Option<Timestamp>,
    /// Its newest restore, how it stands and since when.
    pub last_restore: Option<(RestoreId, RequestState, Timestamp)>,
    /// Where the catalog puts its key among others, before their letters.
    rank: i64,
}

/// What a backup holds of a tenant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TenantPart {
    /// The backup.
    pub backup_id: BackupId,
    /// The instant it holds.
    pub snapshot_at: Timestamp,
    /// A person's label.
    pub label: Option<String>,
    /// What is known about it.
    pub verification: Verification,
    /// When that was found.
    pub verified_at: Option<Timestamp>,
    /// Whether it was taken for this tenant alone.
    pub is_own: bool,
    /// Whether every table had a confirmed route that could be followed.
    pub is_complete: bool,
    /// Rows of the tenant.
    pub rows: u64,
    /// Their plain bytes.
    pub plain: ByteSize,
    /// What they take in the vault.
    pub stored: ByteSize,
}

#[derive(sqlx::FromRow)]
struct PartColumns {
    backup_id: String,
    snapshot_at: i64,
    label: Option<String>,
    verification: String,
    verified_at: Option<i64>,
    is_own: i64,
    is_complete: i64,
    row_count: i64,
    plain_bytes: i64,
    stored_bytes: i64,
}

const TABLE: &str = "backup_tenants";

impl TryFrom<PartColumns> for TenantPart {
    type Error = Error;
    fn try_from(row: PartColumns) -> Result<Self> {
        Ok(Self {
            backup_id: id(TABLE, &row.backup_id)?,
            snapshot_at: Timestamp(row.snapshot_at),
            label: row.label,
            verification: word(TABLE, &row.verification, Verification::find)?,
            verified_at: row.verified_at.map(Timestamp),
            is_own: row.is_own == 1,
            is_complete: row.is_complete == 1,
            rows: number(TABLE, row.row_count)?,
            plain: ByteSize(number(TABLE, row.plain_bytes)?),
            stored: ByteSize(number(TABLE, row.stored_bytes)?),
        })
    }
}

/// What is known of the newest part, beside a tenant's row: there is none, or all of it.
#[derive(sqlx::FromRow)]
struct NewestColumns {
    backup_id: Option<String>,
    snapshot_at: Option<i64>,
    label: Option<String>,
    verification: Option<String>,
    verified_at: Option<i64>,
    is_own: i64,
    is_complete: Option<i64>,
    row_count: Option<i64>,
    plain_bytes: Option<i64>,
    stored_bytes: Option<i64>,
}

impl NewestColumns {
    fn part(self) -> Result<Option<TenantPart>> {
        let Some(backup_id) = self.backup_id else { return Ok(None) };
        let columns = PartColumns {
            backup_id,
            snapshot_at: self.snapshot_at.unwrap_or_default(),
            label: self.label,
            verification: self.verification.unwrap_or_default(),
            verified_at: self.verified_at,
            is_own: self.is_own,
            is_complete: self.is_complete.unwrap_or_default(),
            row_count: self.row_count.unwrap_or_default(),
            plain_bytes: self.plain_bytes.unwrap_or_default(),
            stored_bytes: self.stored_bytes.unwrap_or_default(),
        };
        TenantPart::try_from(columns).map(Some)
    }
}

#[derive(sqlx::FromRow)]
struct Row {
    source_id: String,
    database_name: String,
    tenant_key: String,
    key_rank: i64,
    name: Option<String>,
    first_seen_at: i64,
    last_seen_at: i64,
    proven_at: Option<i64>,
    #[sqlx(flatten)]
    newest: NewestColumns,
    restore_id: Option<String>,
    restore_state: Option<String>,
    restore_at: Option<i64>,
}

impl TryFrom<Row> for TenantRow {
    type Error = Error;
    fn try_from(row: Row) -> Result<Self> {
        let last_restore = match (row.restore_id, row.restore_state, row.restore_at) {
            (Some(restore), Some(state), Some(at)) => Some((
                id("restore_requests", &restore)?,
                word("restore_requests", &state, RequestState::find)?,
                Timestamp(at),
            )),
            _ => None,
        };
        Ok(Self {
            source_id: id("source_tenants", &row.source_id)?,
            database: row.database_name,
            key: tenant_key("source_tenants", row.tenant_key)?,
            name: row.name,
            first_seen_at: Timestamp(row.first_seen_at),
            last_seen_at: Timestamp(row.last_seen_at),
            newest: row.newest.part()?,
            proven_at: row.proven_at.map(Timestamp),
            last_restore,
            rank: row.key_rank,
        })
    }
}

/// Where a page of tenants goes on. How keys are ranked is the catalog's rule, in the one place where it is kept for
/// the order itself; a cursor repeats what it found.
struct Place {
    source: String,
    rank: i64,
    key: String,
}

impl Place {
    fn read(after: After) -> Result<Self> {
        let (rank, key) = after.key.split_once('~').ok_or(Error::NotFound { what: "page" })?;
        let rank = rank.parse().map_err(|_| Error::NotFound { what: "page" })?;
        Ok(Self { source: after.id, rank, key: key.to_owned() })
    }
}

impl TenantRow {
    fn place(&self) -> (String, String) {
        (format!("{}~{}", self.rank, self.key.as_str()), self.source_id.to_string())
    }
    /// Where a page that ends with it goes on.
    pub fn cursor(&self) -> Cursor {
        cursor(self.place())
    }
}

impl TenantCatalog<'_> {
    /// Tenants, by source and key. One statement, however many they are.
    pub async fn list_tenants(&self, query: &TenantQuery) -> Result<Page<TenantRow>> {
        let limit = page_size(query.limit);
        let after = After::read(query.after.as_ref())?;
        let after = after.map(Place::read).transpose()?;
        let search = query.search.as_deref().map(str::trim).filter(|search| !search.is_empty());
        let mut reader = self.read().await?;
        let rows = all!(
            &mut reader,
            Row,
            "select t.source_id, s.database_name, t.tenant_key, t.key_rank, t.name, t.first_seen_at, t.last_seen_at, \
             (select max(b.snapshot_at) from backup_tenants p join backups b on b.tenant_id = p.tenant_id \
             and b.id = p.backup_id where p.tenant_id = t.tenant_id and p.source_id = t.source_id \
             and p.tenant_key = t.tenant_key and b.retention = 'active' and b.verification = 'restore_ok' \
             and b.is_complete = 1) as proven_at, \
             n.backup_id, n.snapshot_at, c.label, c.verification, c.verified_at, \
             cast(case when c.tenant_key is null then 0 else 1 end as bigint) as is_own, c.is_complete, n.row_count, \
             n.plain_bytes, n.stored_bytes, \
             r.id as restore_id, r.state as restore_state, r.changed_at as restore_at \
             from source_tenants t join sources s on s.tenant_id = t.tenant_id and s.id = t.source_id \
             left join backup_tenants n on n.tenant_id = t.tenant_id and n.tenant_key = t.tenant_key and n.backup_id = \
             (select p.backup_id from backup_tenants p join backups b on b.tenant_id = p.tenant_id and b.id = p.backup_id \
             where p.tenant_id = t.tenant_id and p.source_id = t.source_id and p.tenant_key = t.tenant_key \
             and b.retention = 'active' order by p.snapshot_at desc, p.backup_id desc limit 1) \
             left join backups c on c.tenant_id = n.tenant_id and c.id = n.backup_id \
             left join restore_requests r on r.tenant_id = t.tenant_id and r.id = (select q.id from restore_requests q \
             where q.tenant_id = t.tenant_id and q.source_id = t.source_id and q.tenant_key = t.tenant_key \
             order by q.created_at desc, q.id desc limit 1) \
             where t.tenant_id = $1 and (cast($2 as text) is null or t.source_id = $2) \
             and (cast($3 as text) is null or t.tenant_key = $3) \
             and (cast($4 as text) is null or lower(t.tenant_key) like $4 escape '\\' or lower(t.name) like $4 escape '\\') \
             and (cast($5 as text) is null or t.source_id > $5 or (t.source_id = $5 and (t.key_rank, t.tenant_key) > \
             (cast($6 as bigint), cast($7 as text)))) order by t.source_id, t.key_rank, t.tenant_key limit $8",
            self.key(),
            query.source.map(|id| id.to_string()),
            query.key.as_ref().map(|key| key.as_str().to_owned()),
            search.map(contains),
            after.as_ref().map(|after| after.source.as_str()),
            after.as_ref().map(|after| after.rank),
            after.as_ref().map(|after| after.key.as_str()),
            i64::from(limit) + 1,
        )?;
        let tenants = rows.into_iter().map(TenantRow::try_from).collect::<Result<Vec<_>>>()?;
        Ok(page(tenants, limit, TenantRow::place))
    }

    async fn part(&self, backup: &str, key: &str) -> Result<Option<TenantPart>> {
        let mut reader = self.read().await?;
        let row = first!(
            &mut reader,
            PartColumns,
            "select p.backup_id, p.snapshot_at, b.label, b.verification, b.verified_at, \
             cast(case when b.tenant_key is null then 0 else 1 end as bigint) as is_own, b.is_complete, p.row_count, \
             p.plain_bytes, p.stored_bytes from backup_tenants p join backups b on b.tenant_id = p.tenant_id \
             and b.id = p.backup_id where p.tenant_id = $1 and p.backup_id = $2 and p.tenant_key = $3 \
             and b.retention = 'active'",
            self.key(),
            backup,
            key,
        )?;
        row.map(TenantPart::try_from).transpose()
    }

    /// One tenant. [`Error::NotFound`] if no backup ever held it.
    pub async fn get_tenant(&self, source: SourceId, key: &TenantKey) -> Result<TenantRow> {
        let query =
            TenantQuery { source: Some(source), key: Some(key.clone()), limit: 1, ..TenantQuery::default() };
        self.list_tenants(&query).await?.rows.pop().ok_or(Error::NotFound { what: "tenant" })
    }

    /// How many tenants there are, of one source or of all.
    pub async fn count_tenants(&self, source: Option<SourceId>) -> Result<u64> {
        let mut reader = self.read().await?;
        let row = first!(
            &mut reader,
            (i64,),
            "select cast(count(*) as bigint) from source_tenants where tenant_id = $1 \
             and (cast($2 as text) is null or source_id = $2)",
            self.key(),
            source.map(|id| id.to_string()),
        )?;
        number("source_tenants", row.map_or(0, |row| row.0))
    }

    /// What a kept backup holds of a tenant; none if it holds nothing of it.
    pub async fn tenant_part(&self, backup: BackupId, key: &TenantKey) -> Result<Option<TenantPart>> {
        self.part(&backup.to_string(), key.as_str()).await
    }

    /// How many tenants a backup holds.
    pub async fn count_backup_tenants(&self, backup: BackupId) -> Result<u64> {
        let mut reader = self.read().await?;
        let row = first!(
            &mut reader,
            (i64,),
            "select cast(count(*) as bigint) from backup_tenants where tenant_id = $1 and backup_id = $2",
            self.key(),
            backup.to_string(),
        )?;
        number(TABLE, row.map_or(0, |row| row.0))
    }

    /// Kept backups that hold a tenant, newest first by the instant they hold.
    pub async fn list_points(
        &self,
        source: SourceId,
        key: &TenantKey,
        after: Option<&Cursor>,
        limit: u32,
    ) -> Result<Page<TenantPart>> {
        let limit = page_size(limit);
        let after = After::read(after)?;
        let after_at = after.as_ref().map(After::at).transpose()?;
        let mut reader = self.read().await?;
        let rows = all!(
            &mut reader,
            PartColumns,
            "select p.backup_id, p.snapshot_at, b.label, b.verification, b.verified_at, \
             cast(case when b.tenant_key is null then 0 else 1 end as bigint) as is_own, b.is_complete, p.row_count, \
             p.plain_bytes, p.stored_bytes from backup_tenants p join backups b on b.tenant_id = p.tenant_id \
             and b.id = p.backup_id where p.tenant_id = $1 and p.source_id = $2 and p.tenant_key = $3 \
             and b.retention = 'active' and (cast($4 as bigint) is null or p.snapshot_at < $4 \
             or (p.snapshot_at = $4 and p.backup_id < $5)) order by p.snapshot_at desc, p.backup_id desc limit $6",
            self.key(),
            source.to_string(),
            key.as_str(),
            after_at.map(|at| at.0),
            after.map(|after| after.id),
            i64::from(limit) + 1,
        )?;
        let parts = rows.into_iter().map(TenantPart::try_from).collect::<Result<Vec<_>>>()?;
        Ok(page(parts, limit, |part| (part.snapshot_at.0.to_string(), part.backup_id.to_string())))
    }
}
