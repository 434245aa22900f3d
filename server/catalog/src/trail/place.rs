//! One entry and its place: what stands before it, and the signed head that covers it.

use domain::{
    Timestamp,
    audit::{Chain, Hash},
};

use super::{
    CHAINS, ENTRIES, hash, heads, retention,
    search::{Row, TrailEntry},
};
use crate::{
    Catalog, Principal, TenantCatalog,
    db::{Reader, all, first},
    decode::{amount, corrupt, number},
    error::{Error, Result},
};

/// The signed head over an entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeadOver {
    /// Its number.
    pub number: u64,
    /// When it was made.
    pub at: Timestamp,
    /// The first entry of this chain that is new in it.
    pub first: u64,
    /// The last one.
    pub last: u64,
    /// In which vaults it was seen, by name, and since when.
    pub vaults: Vec<(String, Timestamp)>,
}

/// An entry with its place in the chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrailPlace {
    /// The entry.
    pub entry: TrailEntry,
    /// Hash of the one before it.
    pub previous: Hash,
    /// The first entry of the chain that is kept.
    pub first: u64,
    /// The last entry of the chain.
    pub last: u64,
    /// The head that covers it, if one was made already.
    pub head: Option<HeadOver>,
}

async fn place(reader: &mut Reader, chain: Chain, wanted: u64) -> Result<TrailPlace> {
    let missing = || Error::NotFound { what: "entry of the audit trail" };
    let row = first!(
        reader,
        Row,
        "select sequence, hash, event, at, actor, act, object, outcome from audit_entries \
         where tenant_id = $1 and sequence = $2",
        chain.key(),
        amount(wanted),
    )?;
    let entry: TrailEntry = row.ok_or_else(missing)?.try_into()?;
    let previous = first!(
        reader,
        (Vec<u8>, i64),
        "select e.previous, c.sequence from audit_entries e join audit_chains c on c.tenant_id = e.tenant_id \
         where e.tenant_id = $1 and e.sequence = $2",
        chain.key(),
        amount(wanted),
    )?;
    let (previous, last) = previous.ok_or_else(missing)?;
    let (previous, last) = (hash(ENTRIES, &previous)?, number(CHAINS, last)?);
    let first = retention::first_entry(reader, chain).await?.unwrap_or(wanted);
    let Some((head, mark)) = heads::mark_after(reader, chain, wanted.saturating_sub(1)).await? else {
        return Ok(TrailPlace { entry, previous, first, last, head: None });
    };
    let stored = heads::head(reader, head)
        .await?
        .ok_or_else(|| corrupt("audit_marks", format!("head {head} is missing")))?;
    let vaults = all!(
        reader,
        (String, i64),
        "select v.name, a.at from audit_anchors a join vaults v on v.id = a.vault_id where a.head = $1 order by v.name",
        amount(head),
    )?;
    let vaults = vaults.into_iter().map(|(name, at)| (name, Timestamp(at))).collect();
    let head = HeadOver { number: head, at: stored.head.at, first: mark.first, last: mark.last, vaults };
    Ok(TrailPlace { entry, previous, first, last, head: Some(head) })
}

impl TenantCatalog<'_> {
    /// An entry of this organisation's chain, with its place.
    pub async fn trail_entry(&self, wanted: u64) -> Result<TrailPlace> {
        place(&mut self.read().await?, Chain::Tenant(self.tenant), wanted).await
    }
}

impl Catalog {
    /// An entry of the installation's chain, with its place. Only for who runs the installation.
    pub async fn platform_trail_entry(&self, operator: &Principal, wanted: u64) -> Result<TrailPlace> {
        operator.require_platform(domain::access::Permission::ReadAudit)?;
        place(&mut self.db.read().await?, Chain::Platform, wanted).await
    }

    /// Writes down that somebody who runs the installation reads its chain, before it is shown.
    pub async fn record_platform_read(
        &self,
        operator: &Principal,
        origin: &domain::audit::Origin,
        deed: domain::audit::Deed,
    ) -> Result<()> {
        operator.require_platform(domain::access::Permission::ReadAudit)?;
        self.record(operator.actor(), origin, deed).await
    }
}
