//! Whether the trail in the database is the one that was written: every hash again, from the first entry on.

use domain::audit::{
    Chain, Event, Hash, Link, Mark, Unreadable, encoding::chain_of, retention::Removed, tree, verify::Damage,
};

use super::{CHAINS, ENTRIES, hash, heads, retention};
use crate::{
    SystemCatalog,
    db::{Reader, all, first},
    decode::{amount, number},
    error::Result,
};

/// Entries that are read at once.
const PAGE: i64 = 1000;

/// What was looked at, and the first thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checked {
    /// Entries that are right.
    pub entries: u64,
    /// Heads that are right.
    pub heads: u64,
    /// The first that is not.
    pub damage: Option<Damage>,
}

/// Checks a signature of the installation.
type Signed<'a> = &'a (dyn Fn(&[u8], &[u8; 64]) -> bool + Sync);

#[derive(sqlx::FromRow)]
struct Row {
    sequence: i64,
    previous: Vec<u8>,
    hash: Vec<u8>,
    event: Vec<u8>,
    at: i64,
    actor: String,
    act: String,
    object: String,
    outcome: String,
}

impl Row {
    /// The chain with this entry, or what is wrong with it.
    fn follow(&self, chain: Chain, before: Link) -> Result<Link, Damage> {
        let next = before.next(&self.event);
        let found = u64::try_from(self.sequence).unwrap_or(0);
        if found != next.sequence {
            return Err(Damage::Sequence { after: before.sequence, found });
        }
        if self.hash != next.hash.0 || self.previous != before.hash.0 {
            return Err(Damage::Altered(found));
        }
        if chain_of(&self.event).is_ok_and(|other| other != chain) {
            return Err(Damage::Foreign(found));
        }
        match Event::decode(&self.event) {
            Ok(event) if self.says(&event) => Ok(next),
            // Its words are unknown here, so that what it is searched by cannot be compared.
            Err(Unreadable::Newer) => Ok(next),
            Ok(_) => Err(Damage::Words(found)),
            Err(Unreadable::Malformed) => Err(Damage::Altered(found)),
        }
    }

    /// Whether it is searched by what it says.
    fn says(&self, event: &Event) -> bool {
        self.at == event.at.0
            && self.actor == event.who.key()
            && self.act == event.act.key()
            && self.object == event.on.key()
            && self.outcome == event.outcome.key()
    }
}

/// Walks along a chain.
struct Walk<'a> {
    chain: Chain,
    signed: Signed<'a>,
    at: Link,
    /// Where it stood at the last mark.
    marked: Link,
    /// Hashes since then.
    new: Vec<Hash>,
    next: Option<(u64, Mark)>,
    heads: u64,
    /// What was removed before the first entry, until the entry that says so has proven it.
    removed: Option<Removed>,
}

impl Walk<'_> {
    async fn entry(&mut self, reader: &mut Reader, row: &Row) -> Result<Option<Damage>> {
        match row.follow(self.chain, self.at) {
            Ok(next) => self.at = next,
            Err(damage) => return Ok(Some(damage)),
        }
        if let Some(removed) = self.removed.take_if(|removed| removed.entry == self.at.sequence)
            && !self.could_go(reader, &removed, row).await?
        {
            return Ok(Some(Damage::Removed(removed.mark.last + 1)));
        }
        self.new.push(self.at.hash);
        let Some((head, mark)) = self.next.take_if(|(_, mark)| mark.last == self.at.sequence) else {
            return Ok(None);
        };
        if Mark::over(self.chain, self.marked, &self.new).as_ref() != Some(&mark) {
            return Ok(Some(Damage::Uncovered(head)));
        }
        if let Some(damage) = self.head(reader, head).await? {
            return Ok(Some(damage));
        }
        (self.marked, self.heads) = (self.at, self.heads + 1);
        self.new.clear();
        self.next = heads::mark_after(reader, self.chain, self.at.sequence).await?;
        Ok(None)
    }

    /// Whether what is missing at the beginning could go, by the entry that says so and the head that covered it.
    async fn could_go(&self, reader: &mut Reader, removed: &Removed, row: &Row) -> Result<bool> {
        let Ok(says) = Event::decode(&row.event) else { return Ok(false) };
        let Some(stored) = heads::head(reader, removed.head).await? else { return Ok(false) };
        let is_signed = (self.signed)(&stored.head.bytes(), &stored.signature);
        Ok(is_signed && removed.is_proven(&says, &stored.head))
    }

    /// Whether a head is signed, and over the marks that are stored for it.
    async fn head(&self, reader: &mut Reader, wanted: u64) -> Result<Option<Damage>> {
        let Some(stored) = heads::head(reader, wanted).await? else {
            return Ok(Some(Damage::Heads(wanted)));
        };
        let leaves: Vec<_> = heads::marks_under(reader, wanted).await?.iter().map(Mark::leaf).collect();
        let head = &stored.head;
        if !(self.signed)(&head.bytes(), &stored.signature) {
            return Ok(Some(Damage::Signature(wanted)));
        }
        let is_over = head.leaves == leaves.len() as u64 && head.root == tree::root(&leaves);
        Ok((!is_over).then_some(Damage::Uncovered(wanted)))
    }
}

impl SystemCatalog<'_> {
    /// Checks a chain from its first entry to its last, with the heads over it. `signed` tells whether a signature is the
    /// installation's.
    pub async fn check_trail(&self, chain: Chain, signed: Signed<'_>) -> Result<Checked> {
        let mut reader = self.catalog.db.read().await?;
        let row = first!(
            &mut reader,
            (i64, Vec<u8>),
            "select sequence, hash from audit_chains where tenant_id = $1",
            chain.key(),
        )?;
        // Read first: what is written meanwhile is not looked at.
        let end = match row {
            Some((sequence, stored)) => {
                Link { sequence: number(CHAINS, sequence)?, hash: hash(CHAINS, &stored)? }
            }
            None => Link::start(chain),
        };
        let removed = match retention::first_entry(&mut reader, chain).await? {
            Some(first) if first > 1 => retention::removed_up_to(&mut reader, chain, first - 1).await?,
            _ => None,
        };
        let start = removed.as_ref().map_or_else(|| Link::start(chain), Removed::begins);
        let next = heads::mark_after(&mut reader, chain, start.sequence).await?;
        let (new, heads, before) = (Vec::new(), 0, start.sequence);
        let mut walk = Walk { chain, signed, at: start, marked: start, new, next, heads, removed };
        let damage = loop {
            let rows = all!(
                &mut reader,
                Row,
                "select sequence, previous, hash, event, at, actor, act, object, outcome from audit_entries \
                 where tenant_id = $1 and sequence > $2 and sequence <= $3 order by sequence limit $4",
                chain.key(),
                amount(walk.at.sequence),
                amount(end.sequence),
                PAGE,
            )?;
            let mut damage = None;
            for row in &rows {
                damage = walk.entry(&mut reader, row).await?;
                if damage.is_some() {
                    break;
                }
            }
            if damage.is_some() {
                break damage;
            }
            if rows.is_empty() {
                break ends(&mut reader, &walk, end).await?;
            }
        };
        // Nothing goes before a head covers the entry that says so.
        let unproven = walk.removed.as_ref().map(|removed| Damage::Removed(removed.mark.last + 1));
        Ok(Checked { entries: walk.at.sequence - before, heads: walk.heads, damage: damage.or(unproven) })
    }

    /// Checks that the heads follow one another from the first, and that all are signed.
    pub async fn check_heads(&self, signed: Signed<'_>) -> Result<Checked> {
        let mut reader = self.catalog.db.read().await?;
        let (mut before, mut previous) = (0, Hash::ZERO);
        loop {
            let batch = heads::heads_after(&mut reader, before).await?;
            if batch.is_empty() {
                return Ok(Checked { entries: 0, heads: before, damage: None });
            }
            for stored in batch {
                let (head, heads) = (&stored.head, before);
                let damage = if head.number != before + 1 || head.previous != previous {
                    Some(Damage::Heads(before + 1))
                } else if signed(&head.bytes(), &stored.signature) {
                    None
                } else {
                    Some(Damage::Signature(head.number))
                };
                if damage.is_some() {
                    return Ok(Checked { entries: 0, heads, damage });
                }
                (before, previous) = (head.number, head.hash());
            }
        }
    }
}

/// Whether a chain ends where it should: no entry was cut off, nor more added behind its back.
async fn ends(reader: &mut Reader, walk: &Walk<'_>, end: Link) -> Result<Option<Damage>> {
    // A mark beyond the chain may be of entries that were written while this looked.
    let is_cut = walk.at != end || walk.next.as_ref().is_some_and(|(_, mark)| mark.first <= end.sequence);
    if is_cut {
        return Ok(Some(Damage::CutOff(walk.at.sequence)));
    }
    let now = first!(
        reader,
        (i64, Option<i64>),
        "select c.sequence, (select max(e.sequence) from audit_entries e where e.tenant_id = $1) \
         from audit_chains c where c.tenant_id = $1",
        walk.chain.key(),
    )?;
    let is_whole = match now {
        Some((sequence, last)) => {
            number::<u64>(CHAINS, sequence)? >= end.sequence
                && number::<u64>(ENTRIES, last.unwrap_or(0))? >= end.sequence
                && walk.next.as_ref().is_none_or(|(_, mark)| amount(mark.last) <= sequence)
        }
        None => end.sequence == 0 && walk.next.is_none(),
    };
    Ok((!is_whole).then_some(Damage::CutOff(walk.at.sequence)))
}
