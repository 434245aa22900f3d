//! Requests to restore a tenant into the live database, as people read them.

use crate::{
    TenantCatalog,
    db::{all, first},
    decode::{
        After, contains, id, json, maybe_id, maybe_json, number, page, page_size, storable, tenant_key, word,
    },
    error::{Error, Result},
};
use domain::{
    BackupId, Cursor, Page, RestoreId, RunId, SourceId, Timestamp,
    restores::{Figures, RequestState, Selection, SelectionSummary, TableDifference},
    tenancy::TenantKey,
};

/// Which requests to list, newest first; every field narrows.
#[derive(Debug, Clone, Default)]
pub struct RestoreQuery {
    /// Into one source.
    pub source: Option<SourceId>,
    /// Of one tenant.
    pub tenant: Option<TenantKey>,
    /// In one state.
    pub state: Option<RequestState>,
    /// Where to go on.
    pub after: Option<Cursor>,
    /// Rows at most; 0 means 50.
    pub limit: u32,
}

/// A request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Restore {
    /// Which.
    pub id: RestoreId,
    /// Into which source.
    pub source_id: SourceId,
    /// The source's database.
    pub database: String,
    /// From which backup.
    pub backup_id: BackupId,
    /// The instant that it holds.
    pub snapshot_at: Timestamp,
    /// Whose rows.
    pub tenant: TenantKey,
    /// Which of them, in figures; [`TenantCatalog::restore_selection`] has all of it.
    pub selection: SelectionSummary,
    /// How it stands.
    pub state: RequestState,
    /// Grows with every step.
    pub version: i64,
    /// The attempt under which its change set lies in the vault; none while there is none.
    pub attempt: Option<u32>,
    /// The difference in figures, once it is computed.
    pub figures: Option<Figures>,
    /// Who made it: the id of a person, or the account at the command line.
    pub made_by_id: String,
    /// Their name.
    pub made_by: String,
    /// Who asked for approval.
    pub asked_by_id: Option<String>,
    /// Whether nobody knows if the last step changed the live rows.
    pub is_unsure: bool,
    /// Until when it may be applied.
    pub approved_until: Option<Timestamp>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it got into its state.
    pub changed_at: Timestamp,
    /// When it was applied.
    pub applied_at: Option<Timestamp>,
    /// The run that computes the difference.
    pub plan_run: RunId,
    /// The run that applies it.
    pub apply_run: Option<RunId>,
    /// The newest run that undoes it.
    pub undo_run: Option<RunId>,
}

/// One step of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RestoreEvent {
    /// When.
    pub at: Timestamp,
    /// The state it got into.
    pub state: RequestState,
    /// Who did it, by name.
    pub by: String,
    /// What they said to it, or why it failed.
    pub comment: Option<String>,
    /// The run that it was done by.
    pub run_id: Option<RunId>,
}

#[derive(sqlx::FromRow)]
struct Row {
    id: String,
    source_id: String,
    database_name: String,
    backup_id: String,
    snapshot_at: i64,
    tenant_key: String,
    selection_summary: String,
    state: String,
    version: i64,
    attempt: Option<i64>,
    difference: Option<String>,
    made_by_id: String,
    made_by: String,
    asked_by_id: Option<String>,
    is_unsure: i64,
    approved_until: Option<i64>,
    created_at: i64,
    changed_at: i64,
    applied_at: Option<i64>,
    plan_run_id: String,
    apply_run_id: Option<String>,
    undo_run_id: Option<String>,
}

const TABLE: &str = "restore_requests";

impl TryFrom<Row> for Restore {
    type Error = Error;
    fn try_from(row: Row) -> Result<Self> {
        Ok(Self {
            id: id(TABLE, &row.id)?,
            source_id: id(TABLE, &row.source_id)?,
            database: row.database_name,
            backup_id: id(TABLE, &row.backup_id)?,
            snapshot_at: Timestamp(row.snapshot_at),
            tenant: tenant_key(TABLE, row.tenant_key)?,
            selection: json(TABLE, &row.selection_summary)?,
            state: word(TABLE, &row.state, RequestState::find)?,
            version: row.version,
            attempt: row.attempt.map(|attempt| number(TABLE, attempt)).transpose()?,
            figures: maybe_json(TABLE, row.difference.as_deref())?,
            made_by_id: row.made_by_id,
            made_by: row.made_by,
            asked_by_id: row.asked_by_id,
            is_unsure: row.is_unsure == 1,
            approved_until: row.approved_until.map(Timestamp),
            created_at: Timestamp(row.created_at),
            changed_at: Timestamp(row.changed_at),
            applied_at: row.applied_at.map(Timestamp),
            plan_run: id(TABLE, &row.plan_run_id)?,
            apply_run: maybe_id(TABLE, row.apply_run_id.as_deref())?,
            undo_run: maybe_id(TABLE, row.undo_run_id.as_deref())?,
        })
    }
}

macro_rules! select_requests {
    () => {
        "select q.id, q.source_id, s.database_name, q.backup_id, b.snapshot_at, q.tenant_key, q.selection_summary, q.state, \
         q.version, q.attempt, q.difference, q.made_by_id, q.made_by, q.asked_by_id, q.is_unsure, q.approved_until, q.created_at, \
         q.changed_at, q.applied_at, q.plan_run_id, q.apply_run_id, q.undo_run_id from restore_requests q \
         join sources s on s.tenant_id = q.tenant_id and s.id = q.source_id \
         join backups b on b.tenant_id = q.tenant_id and b.id = q.backup_id where q.tenant_id = $1"
    };
}

impl TenantCatalog<'_> {
    /// Requests, newest first.
    pub async fn list_restores(&self, query: &RestoreQuery) -> Result<Page<Restore>> {
        let limit = page_size(query.limit);
        let after = After::read(query.after.as_ref())?;
        let after_at = after.as_ref().map(After::at).transpose()?;
        let mut reader = self.read().await?;
        let rows = all!(
            &mut reader,
            Row,
            concat!(
                select_requests!(),
                " and (cast($2 as text) is null or q.source_id = $2) \
                 and (cast($3 as text) is null or q.tenant_key = $3) \
                 and (cast($4 as text) is null or q.state = $4) \
                 and (cast($5 as bigint) is null or q.created_at < $5 or (q.created_at = $5 and q.id < $6)) \
                 order by q.created_at desc, q.id desc limit $7"
            ),
            self.key(),
            query.source.map(|id| id.to_string()),
            query.tenant.as_ref().map(|key| key.as_str().to_owned()),
            query.state.map(RequestState::key),
            after_at.map(|at| at.0),
            after.map(|after| after.id),
            i64::from(limit) + 1,
        )?;
        let restores = rows.into_iter().map(Restore::try_from).collect::<Result<Vec<_>>>()?;
        Ok(page(restores, limit, |restore| (restore.created_at.0.to_string(), restore.id.to_string())))
    }

    /// One request.
    pub async fn get_restore(&self, id: RestoreId) -> Result<Restore> {
        let mut reader = self.read().await?;
        let row = first!(
            &mut reader,
            Row,
            concat!(select_requests!(), " and q.id = $2"),
            self.key(),
            id.to_string(),
        )?;
        row.ok_or(Error::NotFound { what: "restore" })?.try_into()
    }

    /// Which rows a request asks for, by name: the keys are contents of the tenant's tables.
    pub async fn restore_selection(&self, restore: RestoreId) -> Result<Selection> {
        let mut reader = self.read().await?;
        let row = first!(
            &mut reader,
            (String,),
            "select selection from restore_requests where tenant_id = $1 and id = $2",
            self.key(),
            restore.to_string(),
        )?;
        json(TABLE, &row.ok_or(Error::NotFound { what: "restore" })?.0)
    }

    /// What happened to a request, oldest first.
    pub async fn restore_events(&self, restore: RestoreId) -> Result<Vec<RestoreEvent>> {
        let mut reader = self.read().await?;
        let rows = all!(
            &mut reader,
            (i64, String, String, Option<String>, Option<String>),
            "select at, state, actor, comment, run_id from restore_events where tenant_id = $1 and restore_id = $2 \
             order by seq limit 200",
            self.key(),
            restore.to_string(),
        )?;
        let read = |(at, state, by, comment, run): (i64, String, String, Option<String>, Option<String>)| {
            Ok(RestoreEvent {
                at: Timestamp(at),
                state: word("restore_events", &state, RequestState::find)?,
                by,
                comment,
                run_id: maybe_id("restore_events", run.as_deref())?,
            })
        };
        rows.into_iter().map(read).collect()
    }

    /// Tables of a difference: those with a change first, then by name.
    pub async fn list_restore_tables(
        &self,
        restore: RestoreId,
        changed: bool,
        search: Option<&str>,
        after: Option<&Cursor>,
        limit: u32,
    ) -> Result<Page<TableDifference>> {
        let limit = page_size(limit);
        let after = After::read(after)?;
        // The cursor's id says whether the table changes, its key is the name.
        let unchanged = after.as_ref().map(|after| i64::from(after.id == "1"));
        let search = search.map(str::trim).filter(|search| !search.is_empty());
        let mut reader = self.read().await?;
        let rows = all!(
            &mut reader,
            (String, i64, i64, i64, i64),
            "select table_name, inserts, updates, deletes, unchanged from restore_tables where tenant_id = $1 \
             and restore_id = $2 and ($3 = 0 or is_unchanged = 0) \
             and (cast($4 as text) is null or lower(table_name) like $4 escape '\\') \
             and (cast($5 as bigint) is null or is_unchanged > $5 or (is_unchanged = $5 and table_name > $6)) \
             order by is_unchanged, table_name limit $7",
            self.key(),
            restore.to_string(),
            i64::from(changed),
            search.map(contains),
            unchanged,
            after.map(|after| after.key),
            i64::from(limit) + 1,
        )?;
        let tables = rows.into_iter().map(read_table).collect::<Result<Vec<_>>>()?;
        Ok(page(tables, limit, |table| (table.table.clone(), u8::from(table.changes() == 0).to_string())))
    }

    /// One table of a difference.
    pub async fn get_restore_table(&self, restore: RestoreId, table: &str) -> Result<TableDifference> {
        let mut reader = self.read().await?;
        let row = first!(
            &mut reader,
            (String, i64, i64, i64, i64),
            "select table_name, inserts, updates, deletes, unchanged from restore_tables where tenant_id = $1 \
             and restore_id = $2 and table_name = $3",
            self.key(),
            restore.to_string(),
            storable(table),
        )?;
        read_table(row.ok_or(Error::NotFound { what: "table" })?)
    }
}

fn read_table(row: (String, i64, i64, i64, i64)) -> Result<TableDifference> {
    let (table, inserts, updates, deletes, unchanged) = row;
    let count = |value| number("restore_tables", value);
    Ok(TableDifference {
        table,
        inserts: count(inserts)?,
        updates: count(updates)?,
        deletes: count(deletes)?,
        unchanged: count(unchanged)?,
    })
}
