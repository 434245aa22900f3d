//! Putting what is new in all chains under a signed root. The catalog says what is new and keeps the heads; signing and
//! the vault are others' work.
//!
//! A head is stored here first and laid into the vault then. Whoever dies in between has lost nothing: the next one finds
//! a head that no vault has yet. Two that make one at once make the same number; the second is told so and makes none.

use domain::{
    Timestamp, VaultId,
    audit::{Chain, Hash, Link, Mark, TreeHead},
};

use super::{CHAINS, hash};
use crate::{
    SystemCatalog,
    db::{AsConn, Reader, all, exec, first},
    decode::{amount, corrupt, id, number},
    error::Result,
};

/// The table of heads, for messages.
const HEADS: &str = "audit_heads";
/// The table of marks, for messages.
const MARKS: &str = "audit_marks";
/// New entries of one chain in one head, at most: what is more comes with the next.
const NEW: u64 = 100_000;
/// Heads that are looked up at once.
const BATCH: i64 = 100;

/// A head as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredHead {
    /// The head.
    pub head: TreeHead,
    /// Its signature.
    pub signature: [u8; 64],
}

/// Whether a head is due.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Anchor {
    /// When the newest head was made.
    pub newest: Option<Timestamp>,
    /// Entries under no head.
    pub entries: u64,
    /// Whether one of them has to be anchored at once.
    pub is_urgent: bool,
}

/// What the next head covers.
#[derive(Debug, Clone)]
pub struct Unanchored {
    /// The head before it.
    pub before: Option<TreeHead>,
    /// A mark for every chain that has something new.
    pub marks: Vec<Mark>,
}

/// A head to be stored.
#[derive(Debug, Clone)]
pub struct NewHead {
    /// The head.
    pub head: TreeHead,
    /// Its signature.
    pub signature: [u8; 64],
    /// The marks under it.
    pub marks: Vec<Mark>,
}

#[derive(sqlx::FromRow)]
struct HeadRow {
    number: i64,
    installation: String,
    at: i64,
    leaves: i64,
    root: Vec<u8>,
    previous: Vec<u8>,
    signature: Vec<u8>,
}

impl TryFrom<HeadRow> for StoredHead {
    type Error = crate::Error;
    fn try_from(row: HeadRow) -> Result<Self> {
        Ok(Self {
            head: TreeHead {
                installation: id::<domain::id::kind::Installation>(HEADS, &row.installation)?,
                number: number(HEADS, row.number)?,
                at: Timestamp(row.at),
                leaves: number(HEADS, row.leaves)?,
                root: hash(HEADS, &row.root)?,
                previous: hash(HEADS, &row.previous)?,
            },
            signature: row.signature.try_into().map_err(|_| corrupt(HEADS, "a signature is not 64 bytes"))?,
        })
    }
}

#[derive(sqlx::FromRow)]
struct MarkRow {
    tenant_id: String,
    head: i64,
    first_entry: i64,
    last_entry: i64,
    previous: Vec<u8>,
    hash: Vec<u8>,
    entries: Vec<u8>,
}

pub(super) fn chain(table: &'static str, key: &str) -> Result<Chain> {
    Chain::find(key).ok_or_else(|| corrupt(table, format!("{key:?} is no chain")))
}

impl MarkRow {
    fn read(self) -> Result<(u64, Mark)> {
        let mark = Mark {
            chain: chain(MARKS, &self.tenant_id)?,
            first: number(MARKS, self.first_entry)?,
            last: number(MARKS, self.last_entry)?,
            previous: hash(MARKS, &self.previous)?,
            hash: hash(MARKS, &self.hash)?,
            entries: hash(MARKS, &self.entries)?,
        };
        Ok((number(MARKS, self.head)?, mark))
    }
}

/// A head by its number.
pub(super) async fn head(on: &mut impl AsConn, wanted: u64) -> Result<Option<StoredHead>> {
    let row = first!(
        on,
        HeadRow,
        "select number, installation, at, leaves, root, previous, signature from audit_heads where number = $1",
        amount(wanted),
    )?;
    row.map(TryInto::try_into).transpose()
}

/// The heads after a number, in order.
pub(super) async fn heads_after(on: &mut impl AsConn, after: u64) -> Result<Vec<StoredHead>> {
    let rows = all!(
        on,
        HeadRow,
        "select number, installation, at, leaves, root, previous, signature from audit_heads where number > $1 \
         order by number limit $2",
        amount(after),
        BATCH,
    )?;
    rows.into_iter().map(TryInto::try_into).collect()
}

/// All marks under a head, in the order of their chains. Only the system sees those of every organisation.
pub(super) async fn marks_under(on: &mut Reader, head: u64) -> Result<Vec<Mark>> {
    let rows = all!(
        on,
        MarkRow,
        "select tenant_id, head, first_entry, last_entry, previous, hash, entries from audit_marks where head = $1",
        amount(head),
    )?;
    let mut marks: Vec<_> =
        rows.into_iter().map(|row| row.read().map(|(_, mark)| mark)).collect::<Result<_>>()?;
    marks.sort_by_key(|mark| mark.chain);
    Ok(marks)
}

/// The first mark of a chain that covers an entry after `after`, with its head's number.
pub(super) async fn mark_after(
    on: &mut impl AsConn,
    chain: Chain,
    after: u64,
) -> Result<Option<(u64, Mark)>> {
    let row = first!(
        on,
        MarkRow,
        "select tenant_id, head, first_entry, last_entry, previous, hash, entries from audit_marks \
         where tenant_id = $1 and last_entry > $2 order by last_entry limit 1",
        chain.key(),
        amount(after),
    )?;
    row.map(MarkRow::read).transpose()
}

/// Where a chain stood when it was marked last.
async fn marked(on: &mut Reader, chain: Chain) -> Result<Link> {
    let row = first!(
        on,
        (i64, Vec<u8>),
        "select last_entry, hash from audit_marks where tenant_id = $1 order by last_entry desc limit 1",
        chain.key(),
    )?;
    let Some((last, stored)) = row else { return Ok(Link::start(chain)) };
    Ok(Link { sequence: number(MARKS, last)?, hash: hash(MARKS, &stored)? })
}

/// Hashes of a chain's entries after one number up to another.
pub(super) async fn hashes(on: &mut impl AsConn, chain: Chain, after: u64, until: u64) -> Result<Vec<Hash>> {
    let rows = all!(
        on,
        (Vec<u8>,),
        "select hash from audit_entries where tenant_id = $1 and sequence > $2 and sequence <= $3 order by sequence",
        chain.key(),
        amount(after),
        amount(until),
    )?;
    rows.into_iter().map(|(stored,)| hash(super::ENTRIES, &stored)).collect()
}

async fn newest(on: &mut Reader) -> Result<Option<TreeHead>> {
    let row = first!(
        on,
        HeadRow,
        "select number, installation, at, leaves, root, previous, signature from audit_heads \
         order by number desc limit 1"
    )?;
    row.map(|row| StoredHead::try_from(row).map(|stored| stored.head)).transpose()
}

/// Chains with something new: which, where it stands, its last urgent entry, and what is under a head.
async fn behind(on: &mut Reader) -> Result<Vec<(Chain, u64, u64, u64)>> {
    let rows = all!(
        on,
        (String, i64, i64, i64),
        "select tenant_id, sequence, urgent, anchored from (select c.tenant_id, c.sequence, c.urgent, \
         coalesce((select max(m.last_entry) from audit_marks m where m.tenant_id = c.tenant_id), 0) as anchored \
         from audit_chains c) behind where sequence > anchored"
    )?;
    let read = |(key, sequence, urgent, anchored): (String, i64, i64, i64)| {
        Ok((
            chain(CHAINS, &key)?,
            number(CHAINS, sequence)?,
            number(CHAINS, urgent)?,
            number(MARKS, anchored)?,
        ))
    };
    rows.into_iter().map(read).collect()
}

impl SystemCatalog<'_> {
    /// Every chain that has an entry.
    pub async fn trail_chains(&self) -> Result<Vec<Chain>> {
        let mut reader = self.catalog.db.read().await?;
        let rows = all!(&mut reader, (String,), "select tenant_id from audit_chains order by tenant_id")?;
        rows.iter().map(|(key,)| chain(CHAINS, key)).collect()
    }

    /// Whether there is something that no head covers yet.
    pub async fn anchor(&self) -> Result<Anchor> {
        let mut reader = self.catalog.db.read().await?;
        let behind = behind(&mut reader).await?;
        let entries = behind.iter().map(|(_, sequence, _, anchored)| sequence - anchored).sum();
        let is_urgent = behind.iter().any(|(_, _, urgent, anchored)| urgent > anchored);
        Ok(Anchor { newest: newest(&mut reader).await?.map(|head| head.at), entries, is_urgent })
    }

    /// What the next head covers.
    pub async fn unanchored(&self) -> Result<Unanchored> {
        let mut reader = self.catalog.db.read().await?;
        // The head first: what is marked meanwhile makes the number of the new one taken.
        let before = newest(&mut reader).await?;
        let mut marks = Vec::new();
        for (chain, sequence, ..) in behind(&mut reader).await? {
            let at = marked(&mut reader, chain).await?;
            let until = sequence.min(at.sequence.saturating_add(NEW));
            let new = hashes(&mut reader, chain, at.sequence, until).await?;
            marks.extend(Mark::over(chain, at, &new));
        }
        Ok(Unanchored { before, marks })
    }

    /// Stores a head with its marks. False if somebody else has made one meanwhile.
    pub async fn store_head(&self, new: &NewHead) -> Result<bool> {
        let (head, mut tx) = (&new.head, self.catalog.db.begin().await?);
        let stored = exec!(
            &mut tx,
            "insert into audit_heads (number, installation, at, leaves, root, previous, signature) \
             values ($1, $2, $3, $4, $5, $6, $7) on conflict do nothing",
            amount(head.number),
            head.installation.to_string(),
            head.at.0,
            amount(head.leaves),
            head.root.0.to_vec(),
            head.previous.0.to_vec(),
            new.signature.to_vec(),
        )?;
        if stored == 0 {
            return Ok(false);
        }
        for mark in &new.marks {
            exec!(
                &mut tx,
                "insert into audit_marks (tenant_id, head, first_entry, last_entry, previous, hash, entries) \
                 values ($1, $2, $3, $4, $5, $6, $7)",
                mark.chain.key(),
                amount(head.number),
                amount(mark.first),
                amount(mark.last),
                mark.previous.0.to_vec(),
                mark.hash.0.to_vec(),
                mark.entries.0.to_vec(),
            )?;
        }
        tx.commit().await?;
        Ok(true)
    }

    /// Heads that were not seen in a vault yet, oldest first.
    pub async fn heads_to_lay(&self, vault: VaultId) -> Result<Vec<StoredHead>> {
        let mut reader = self.catalog.db.read().await?;
        let rows = all!(
            &mut reader,
            HeadRow,
            "select number, installation, at, leaves, root, previous, signature from audit_heads h where number > \
             coalesce((select max(a.head) from audit_anchors a where a.vault_id = $1), 0) order by number limit $2",
            vault.to_string(),
            BATCH,
        )?;
        rows.into_iter().map(TryInto::try_into).collect()
    }

    /// Writes down that a head lies in a vault. They are laid in order.
    pub async fn head_laid(&self, head: u64, vault: VaultId) -> Result<()> {
        let mut tx = self.catalog.db.begin().await?;
        exec!(
            &mut tx,
            "insert into audit_anchors (head, vault_id, at) values ($1, $2, $3) on conflict do nothing",
            amount(head),
            vault.to_string(),
            self.catalog.clock.now().0,
        )?;
        tx.commit().await
    }
}
