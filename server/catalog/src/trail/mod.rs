//! The audit trail that nobody can rewrite, as it is stored. What an entry says and how it is proven is in
//! [`domain::audit`].
//!
//! # How a use case writes it down
//!
//! It says what it did with a [`Deed`]; who, from where and when the catalog adds by itself.
//!
//! *An act that changes the catalog* writes its entry inside its own transaction, as the last statement before the
//! commit, so that there is neither one without the other, and no commit more:
//!
//! ```text
//! let mut tx = self.begin().await?;
//! …                                                     // the act
//! let deed = Deed::done(Act::BackupStart, run).after(Field::Source, source);
//! self.audit(&mut tx, deed).await?;                     // if it fails, so does the act
//! tx.commit().await
//! ```
//!
//! Last, because the chain's row is locked from there to the commit: whoever holds it and waits for something else
//! could wait for somebody who waits for it. A transaction that writes into several chains does so in their order.
//!
//! *A refusal, a read of contents, or what happens outside the catalog* has no transaction of its own. It goes through
//! [`TenantCatalog::record_deed`](crate::TenantCatalog::record_deed), and the answer waits for it:
//!
//! ```text
//! rows.record_deed(Deed::done(Act::RestoreRows, restore)).await?;   // before the rows are shown
//! ```
//!
//! What comes at the same time is committed together ([`Recorder`]): a thousand refusals cost a few commits.
//!
//! # What guards it
//!
//! The database refuses to change or remove an entry, and to add one that does not continue its chain: two writers with
//! different ideas of the last entry cannot both be right (`migrations`, *audit_chains*). Whoever can take those triggers
//! away is found by the hashes, and whoever makes up the hashes by the signed heads ([`heads`]).

mod check;
mod export;
mod group;
mod heads;
mod place;
mod refusal;
mod retention;
mod search;

use domain::{
    TenantId,
    audit::{Chain, Deed, Event, Hash, Link, Origin, Risk},
};

use crate::{
    Catalog, TenantCatalog,
    audit::Actor,
    db::{Tx, dialect, exec, first},
    decode::{corrupt, number},
    error::{Error, Result},
};

pub use check::Checked;
pub(crate) use group::Recorder;
pub use heads::{Anchor, NewHead, StoredHead, Unanchored};
pub use place::{HeadOver, TrailPlace};
pub(crate) use search::following;
pub use search::{TrailEntry, TrailPage, TrailQuery};

/// The table of entries, for messages.
const ENTRIES: &str = "audit_entries";
/// The table of chains, for messages.
const CHAINS: &str = "audit_chains";

pub(crate) fn hash(table: &'static str, bytes: &[u8]) -> Result<Hash> {
    Hash::from_slice(bytes).ok_or_else(|| corrupt(table, "a hash is not 32 bytes"))
}

/// Appends an entry to its chain, whose row is locked from here to the end of the transaction.
pub(crate) async fn append(tx: &mut Tx, event: &Event) -> Result<Link> {
    let key = event.chain.key();
    let found = first!(
        tx,
        (i64, Vec<u8>),
        dialect!(
            tx,
            sqlite: "select sequence, hash from audit_chains where tenant_id = $1",
            postgres: "select sequence, hash from audit_chains where tenant_id = $1 for no key update"
        ),
        key.as_str(),
    )?;
    let row = match found {
        Some(row) => Some(row),
        // The first entry. Somebody else may write it at the same moment: then their row is waited for.
        None => first!(
            tx,
            (i64, Vec<u8>),
            "insert into audit_chains (tenant_id, sequence, hash, urgent) values ($1, 0, $2, 0) \
             on conflict (tenant_id) do update set tenant_id = excluded.tenant_id returning sequence, hash",
            key.as_str(),
            Link::start(event.chain).hash.0.to_vec(),
        )?,
    };
    let (sequence, stored) = row.ok_or(Error::Unaudited)?;
    let before = Link { sequence: number(CHAINS, sequence)?, hash: hash(CHAINS, &stored)? };
    let bytes = event.encode();
    let link = before.next(&bytes);
    exec!(
        tx,
        "insert into audit_entries (tenant_id, sequence, previous, hash, event, at, actor, act, object, outcome, \
         urgent) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
        key,
        sequence.saturating_add(1),
        before.hash.0.to_vec(),
        link.hash.0.to_vec(),
        bytes,
        event.at.0,
        event.who.key(),
        event.act.key(),
        event.on.key(),
        event.outcome.key(),
        i64::from(event.act.risk() == Risk::High),
    )?;
    Ok(link)
}

impl Catalog {
    fn event(&self, chain: Chain, actor: &Actor, origin: &Origin, deed: Deed) -> Event {
        deed.event(self.clock.uuid(), chain, self.clock.now(), actor.who().clone(), origin.clone())
    }

    /// Writes into the installation's chain what an actor did, in the act's own transaction.
    pub(crate) async fn audit(&self, tx: &mut Tx, actor: &Actor, origin: &Origin, deed: Deed) -> Result<()> {
        append(tx, &self.event(Chain::Platform, actor, origin, deed)).await.map(drop)
    }

    /// Writes into an organisation's chain what Holdfast did by itself, in the act's own transaction.
    pub(crate) async fn audit_in(
        &self,
        tx: &mut Tx,
        tenant: TenantId,
        actor: &Actor,
        deed: Deed,
    ) -> Result<()> {
        append(tx, &self.event(Chain::Tenant(tenant), actor, &Origin::here(), deed)).await.map(drop)
    }

    /// Writes into an organisation's chain what an actor did there, in the act's own transaction: for what people do to
    /// their own account, where there is no scope.
    pub(crate) async fn audit_from(
        &self,
        tx: &mut Tx,
        tenant: TenantId,
        (actor, origin): (&Actor, &Origin),
        deed: Deed,
    ) -> Result<()> {
        append(tx, &self.event(Chain::Tenant(tenant), actor, origin, deed)).await.map(drop)
    }

    /// Writes into an organisation's chain what has no transaction of its own. Returns when it lasts.
    pub(crate) async fn record_in(
        &self,
        tenant: TenantId,
        (actor, origin): (&Actor, &Origin),
        deed: Deed,
    ) -> Result<()> {
        self.recorder.record(self.event(Chain::Tenant(tenant), actor, origin, deed)).await.map(drop)
    }

    /// Writes into the installation's chain what has no transaction of its own. Returns when it lasts.
    pub(crate) async fn record(&self, actor: &Actor, origin: &Origin, deed: Deed) -> Result<()> {
        self.recorder.record(self.event(Chain::Platform, actor, origin, deed)).await.map(drop)
    }
}

impl TenantCatalog<'_> {
    /// The same rows, asked for from somewhere: what is done with them is written down with that.
    #[must_use]
    pub fn seen_from(mut self, origin: Origin) -> Self {
        self.origin = origin;
        self
    }

    fn deed(&self, deed: Deed) -> Event {
        self.catalog.event(Chain::Tenant(self.tenant), &self.actor, &self.origin, deed)
    }

    /// Writes into the organisation's chain what was done, in the act's own transaction and as its last statement.
    pub(crate) async fn audit(&self, tx: &mut Tx, deed: Deed) -> Result<()> {
        append(tx, &self.deed(deed)).await.map(drop)
    }

    /// Writes down a refusal, a read of contents, or what happened outside the catalog. Returns when it lasts; if it
    /// fails, what was to be written down must not happen.
    pub async fn record_deed(&self, deed: Deed) -> Result<()> {
        self.catalog.recorder.record(self.deed(deed)).await.map(drop)
    }
}
