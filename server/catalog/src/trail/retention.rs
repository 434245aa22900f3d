//! Letting old entries go, in two steps: first it is written down, and when that is under a signed head, it is done.
//!
//! Whole heads at a time and in all chains at once: a head's root is over the marks of every chain, so that one chain's
//! alone would take the proof from the others. The heads themselves stay for ever.

use domain::audit::{Chain, Mark, retention::Removed, tree};

use super::{append, hash, heads};
use crate::{
    SystemCatalog, SystemTask,
    audit::Actor,
    db::{Reader, all, exec, first},
    decode::{amount, corrupt, number},
    error::Result,
};

/// The table of what went, for messages.
const TABLE: &str = "audit_removed";
/// Heads that go at once, at most: a day's, if one is made every hour.
const AT_ONCE: i64 = 24;

#[derive(sqlx::FromRow)]
struct Row {
    tenant_id: String,
    head: i64,
    first_entry: i64,
    last_entry: i64,
    previous: Vec<u8>,
    hash: Vec<u8>,
    entries: Vec<u8>,
    place: i64,
    path: Vec<u8>,
    entry: i64,
}

impl TryFrom<Row> for Removed {
    type Error = crate::Error;
    fn try_from(row: Row) -> Result<Self> {
        let (hashes, rest) = row.path.as_chunks::<32>();
        if !rest.is_empty() {
            return Err(corrupt(TABLE, "a way is no list of hashes"));
        }
        Ok(Self {
            mark: Mark {
                chain: heads::chain(TABLE, &row.tenant_id)?,
                first: number(TABLE, row.first_entry)?,
                last: number(TABLE, row.last_entry)?,
                previous: hash(TABLE, &row.previous)?,
                hash: hash(TABLE, &row.hash)?,
                entries: hash(TABLE, &row.entries)?,
            },
            head: number(TABLE, row.head)?,
            index: number(TABLE, row.place)?,
            path: hashes.iter().copied().map(domain::audit::Hash).collect(),
            entry: number(TABLE, row.entry)?,
        })
    }
}

/// What was removed of a chain up to an entry.
pub(super) async fn removed_up_to(reader: &mut Reader, chain: Chain, last: u64) -> Result<Option<Removed>> {
    let row = first!(
        reader,
        Row,
        "select tenant_id, head, first_entry, last_entry, previous, hash, entries, place, path, entry \
         from audit_removed where tenant_id = $1 and last_entry = $2",
        chain.key(),
        amount(last),
    )?;
    row.map(TryInto::try_into).transpose()
}

/// The first entry of a chain that is still there.
pub(super) async fn first_entry(reader: &mut Reader, chain: Chain) -> Result<Option<u64>> {
    let row = first!(
        reader,
        (Option<i64>,),
        "select min(sequence) from audit_entries where tenant_id = $1",
        chain.key(),
    )?;
    row.and_then(|(first,)| first).map(|first| number(super::ENTRIES, first)).transpose()
}

/// Everything under heads up to this one was announced to go and has not gone yet.
async fn announced(reader: &mut Reader) -> Result<Option<i64>> {
    let row = first!(
        reader,
        (String, i64),
        "select r.tenant_id, r.round from audit_removed r where exists (select 1 from audit_marks m \
         where m.tenant_id = r.tenant_id and m.last_entry <= r.last_entry) order by r.round desc limit 1",
    )?;
    Ok(row.map(|(_, round)| round))
}

impl SystemCatalog<'_> {
    /// Writes into every chain what will go of it because its time is over. Returns of how many chains; none if there is
    /// nothing, or if what was announced has not gone yet.
    pub async fn announce_trail_removal(&self) -> Result<u64> {
        let now = self.catalog.clock.now();
        let mut reader = self.catalog.db.read().await?;
        if announced(&mut reader).await?.is_some() {
            return Ok(0);
        }
        let before = first!(
            &mut reader,
            (String, i64),
            "select tenant_id, round from audit_removed order by round desc limit 1",
        )?;
        let old = all!(
            &mut reader,
            (i64,),
            "select number from audit_heads where at <= $1 and number > $2 order by number limit $3",
            now.plus_ms(-domain::audit::retention::KEPT_MS).0,
            before.map_or(0, |(_, round)| round),
            AT_ONCE,
        )?;
        let Some((round,)) = old.last().copied() else { return Ok(0) };
        let rows = all!(
            &mut reader,
            (String, i64),
            "select tenant_id, max(last_entry) from audit_marks where head <= $1 group by tenant_id",
            round,
        )?;
        let mut leaving = Vec::with_capacity(rows.len());
        for (key, last) in rows {
            let chain = heads::chain("audit_marks", &key)?;
            let last: u64 = number("audit_marks", last)?;
            let found = heads::mark_after(&mut reader, chain, last.saturating_sub(1)).await?;
            let (head, mark) =
                found.ok_or_else(|| corrupt("audit_marks", format!("the mark of {last} is gone")))?;
            let marks = heads::marks_under(&mut reader, head).await?;
            let leaves: Vec<_> = marks.iter().map(Mark::leaf).collect();
            let place = marks.iter().position(|other| *other == mark);
            let way = place.and_then(|index| Some((index as u64, tree::path(&leaves, index)?)));
            let (index, path) =
                way.ok_or_else(|| corrupt("audit_marks", format!("head {head} is not over it")))?;
            leaving.push((head, mark, index, path));
        }
        drop(reader);
        // Several chains, in their order.
        leaving.sort_by_key(|(_, mark, ..)| mark.chain);
        let (actor, here) = (Actor::system(SystemTask::Audit.key()), domain::audit::Origin::here());
        let mut tx = self.catalog.db.begin().await?;
        for (head, mark, index, path) in &leaving {
            let deed = Removed::deed(mark, *head);
            let link = append(&mut tx, &self.catalog.event(mark.chain, &actor, &here, deed)).await?;
            exec!(
                &mut tx,
                "insert into audit_removed (tenant_id, round, head, first_entry, last_entry, previous, hash, entries, \
                 place, path, entry) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
                mark.chain.key(),
                round,
                amount(*head),
                amount(mark.first),
                amount(mark.last),
                mark.previous.0.to_vec(),
                mark.hash.0.to_vec(),
                mark.entries.0.to_vec(),
                amount(*index),
                path.iter().flat_map(|hash| hash.0).collect::<Vec<u8>>(),
                amount(link.sequence),
            )?;
        }
        tx.commit().await?;
        Ok(leaving.len() as u64)
    }

    /// Removes what was announced, if the entries that say so are all under a signed head. Returns how many entries went.
    pub async fn remove_announced_trail(&self) -> Result<u64> {
        let mut reader = self.catalog.db.read().await?;
        let Some(round) = announced(&mut reader).await? else { return Ok(0) };
        let open = first!(
            &mut reader,
            (i64,),
            "select cast(count(*) as bigint) from audit_removed r where r.round = $1 and not exists (select 1 \
             from audit_marks m where m.tenant_id = r.tenant_id and m.first_entry <= r.entry and m.last_entry >= r.entry)",
            round,
        )?;
        if open.is_none_or(|(count,)| count > 0) {
            return Ok(0);
        }
        drop(reader);
        let mut tx = self.catalog.db.begin().await?;
        let leaving = all!(
            &mut tx,
            (String, i64),
            "select tenant_id, last_entry from audit_removed where round = $1 order by tenant_id",
            round,
        )?;
        let mut gone = 0;
        for (chain, last) in leaving {
            gone += exec!(
                &mut tx,
                "delete from audit_entries where tenant_id = $1 and sequence <= $2",
                chain.as_str(),
                last,
            )?;
            exec!(&mut tx, "delete from audit_marks where tenant_id = $1 and last_entry <= $2", chain, last)?;
        }
        tx.commit().await?;
        Ok(gone)
    }
}
