//! Finding entries, newest first.
//!
//! A search that has one condition walks the index of that condition and reads nothing else. With several, the one that
//! leaves the fewest leads, and the others are asked of what it finds; that could be millions of entries without a single
//! match, so a page looks at [`EXAMINED`] of them and goes on from there with the next. Every page takes about the same
//! time, whatever was asked and however old the trail is.

use domain::{
    Cursor, Timestamp,
    audit::{Act, Chain, Event, Hash, Object, Outcome},
};

use super::{ENTRIES, hash};
use crate::{
    Catalog, Principal, TenantCatalog,
    db::{AsConn, Reader, all, first},
    decode::{After, cursor, number, page_size},
    error::{Error, Result},
};

/// Entries that a page looks at, at most.
const EXAMINED: i64 = 5_000;

/// What is searched for.
#[derive(Debug, Clone, Default)]
pub struct TrailQuery {
    /// Not before.
    pub from: Option<Timestamp>,
    /// Before.
    pub until: Option<Timestamp>,
    /// Whose acts: [`domain::audit::Who::key`].
    pub actor: Option<String>,
    /// What.
    pub act: Option<Act>,
    /// On which data.
    pub object: Option<Object>,
    /// How it ended.
    pub outcome: Option<Outcome>,
    /// Where the page begins.
    pub after: Option<Cursor>,
    /// How many; 0 for the usual number.
    pub limit: u32,
}

/// An entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrailEntry {
    /// Its number in its chain.
    pub sequence: u64,
    /// Its hash.
    pub hash: Hash,
    /// What it says. Nothing if a newer version wrote words that this one does not know.
    pub event: Option<Event>,
    /// When.
    pub at: Timestamp,
    /// Kind and id of who.
    pub actor: String,
    /// What.
    pub act: String,
    /// Kind and id of what it was done to.
    pub object: String,
    /// How it ended.
    pub outcome: String,
}

/// Some entries, newest first. There may be none and still a next page: then this part of the trail was looked at.
#[derive(Debug, Clone)]
pub struct TrailPage {
    /// Entries.
    pub rows: Vec<TrailEntry>,
    /// Where the next page begins, if there is more to look at.
    pub next: Option<Cursor>,
}

#[derive(sqlx::FromRow)]
pub(super) struct Row {
    sequence: i64,
    hash: Vec<u8>,
    event: Vec<u8>,
    at: i64,
    actor: String,
    act: String,
    object: String,
    outcome: String,
}

impl TryFrom<Row> for TrailEntry {
    type Error = Error;
    fn try_from(row: Row) -> Result<Self> {
        Ok(Self {
            sequence: number(ENTRIES, row.sequence)?,
            hash: hash(ENTRIES, &row.hash)?,
            event: Event::decode(&row.event).ok(),
            at: Timestamp(row.at),
            actor: row.actor,
            act: row.act,
            object: row.object,
            outcome: row.outcome,
        })
    }
}

/// `$1` chain, `$2` from, `$3`/`$4` before, `$5` the leading value, `$6` how many are looked at, `$7`–`$10` the other
/// conditions, `$11` how many are wanted.
macro_rules! search {
    ($lead:literal) => {
        concat!(
            "select sequence, hash, event, at, actor, act, object, outcome from (select sequence, hash, event, at, \
             actor, act, object, outcome from audit_entries where tenant_id = $1 and at >= $2 \
             and (at, sequence) < ($3, $4) and ",
            $lead,
            " order by at desc, sequence desc limit $6) examined where (cast($7 as text) is null or actor = $7) \
             and (cast($8 as text) is null or act = $8) and (cast($9 as text) is null or object = $9) \
             and (cast($10 as text) is null or outcome = $10) order by at desc, sequence desc limit $11"
        )
    };
}

/// The last of `$6` entries that were looked at, if there are so many.
macro_rules! looked {
    ($lead:literal) => {
        concat!(
            "select at, sequence from audit_entries where tenant_id = $1 and at >= $2 and (at, sequence) < ($3, $4) \
             and ",
            $lead,
            " order by at desc, sequence desc limit 1 offset $6 - 1"
        )
    };
}

/// Which condition leads, from the one that leaves the fewest.
struct Lead {
    value: Option<String>,
    search: &'static str,
    looked: &'static str,
}

macro_rules! lead {
    ($value:expr, $lead:literal) => {
        Lead { value: $value, search: search!($lead), looked: looked!($lead) }
    };
}

impl TrailQuery {
    fn lead(&self) -> Lead {
        if let Some(object) = &self.object {
            return lead!(Some(object.key()), "object = $5");
        }
        match (&self.actor, self.outcome, self.act) {
            (_, Some(outcome @ (Outcome::Refused | Outcome::Failed)), _) => {
                lead!(Some(outcome.key().to_owned()), "outcome = $5 and outcome <> 'done'")
            }
            (Some(actor), ..) => lead!(Some(actor.clone()), "actor = $5"),
            (None, _, Some(act)) => lead!(Some(act.key().to_owned()), "act = $5"),
            (None, ..) => lead!(None, "cast($5 as text) is null"),
        }
    }

    /// Conditions that one index does not answer.
    fn conditions(&self) -> usize {
        let set = [self.object.is_some(), self.actor.is_some(), self.act.is_some(), self.outcome.is_some()];
        set.into_iter().filter(|is_set| *is_set).count()
    }
}

async fn search(reader: &mut Reader, chain: Chain, query: &TrailQuery) -> Result<TrailPage> {
    let limit = page_size(query.limit);
    let lead = query.lead();
    let is_exact =
        query.conditions() == 0 || (query.conditions() == 1 && query.outcome != Some(Outcome::Done));
    let examined = if is_exact { i64::from(limit) + 1 } else { EXAMINED };
    let after = After::read(query.after.as_ref())?;
    let until = (query.until.map_or(i64::MAX, |until| until.0), 0);
    let before = match after {
        Some(after) => {
            let sequence = after.id.parse().map_err(|_| Error::NotFound { what: "page" })?;
            until.min((after.at()?.0, sequence))
        }
        None => until,
    };
    let (chain, from) = (chain.key(), query.from.map_or(i64::MIN, |from| from.0));
    let rows = all!(
        reader,
        Row,
        lead.search,
        chain.as_str(),
        from,
        before.0,
        before.1,
        lead.value.as_deref(),
        examined,
        query.actor.as_deref(),
        query.act.map(Act::key),
        query.object.as_ref().map(Object::key),
        query.outcome.map(Outcome::key),
        i64::from(limit) + 1,
    )?;
    let mut rows: Vec<TrailEntry> = rows.into_iter().map(TryInto::try_into).collect::<Result<_>>()?;
    let wanted = usize::try_from(limit).unwrap_or(usize::MAX);
    let place = |at: i64, sequence: u64| cursor((at.to_string(), sequence.to_string()));
    if rows.len() > wanted {
        rows.truncate(wanted);
        let next = rows.last().map(|last| place(last.at.0, last.sequence));
        return Ok(TrailPage { rows, next });
    }
    if is_exact {
        return Ok(TrailPage { rows, next: None });
    }
    let last = first!(
        reader,
        (i64, i64),
        lead.looked,
        chain.as_str(),
        from,
        before.0,
        before.1,
        lead.value.as_deref(),
        examined,
    )?;
    let next =
        last.map(|(at, sequence)| Ok::<_, Error>(place(at, number(ENTRIES, sequence)?))).transpose()?;
    Ok(TrailPage { rows, next })
}

/// Entries after one of them, in their order.
pub(crate) async fn following(
    on: &mut impl AsConn,
    chain: Chain,
    after: u64,
    limit: u32,
) -> Result<Vec<TrailEntry>> {
    let rows = all!(
        on,
        Row,
        "select sequence, hash, event, at, actor, act, object, outcome from audit_entries \
         where tenant_id = $1 and sequence > $2 order by sequence limit $3",
        chain.key(),
        i64::try_from(after).unwrap_or(i64::MAX),
        i64::from(limit),
    )?;
    rows.into_iter().map(TryInto::try_into).collect()
}

impl TenantCatalog<'_> {
    /// Entries of this organisation's chain, newest first.
    pub async fn search_trail(&self, query: &TrailQuery) -> Result<TrailPage> {
        search(&mut self.read().await?, Chain::Tenant(self.tenant), query).await
    }
}

impl Catalog {
    /// Entries of the installation's chain, newest first. Only for who runs the installation.
    pub async fn search_platform_trail(&self, operator: &Principal, query: &TrailQuery) -> Result<TrailPage> {
        operator.require_platform(domain::access::Permission::ReadAudit)?;
        search(&mut self.db.read().await?, Chain::Platform, query).await
    }
}
