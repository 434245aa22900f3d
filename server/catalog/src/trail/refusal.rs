//! Writing refusals down, before the answer leaves.
//!
//! What a member was refused is the organisation's to know. What somebody was refused who does not belong to it stands in
//! the installation's chain: that organisation may not exist at all, and if it does, nobody there should learn from its
//! trail who else is a customer.

use domain::audit::{Act, Chain, Deed, Field, Object, Origin};

use crate::{Catalog, Refused, access::Denied, error::Result};

impl Catalog {
    /// Writes down that somebody was refused. Returns when it lasts; refusals that come together are committed together.
    pub async fn record_refusal(&self, denied: &Denied, origin: &Origin) -> Result<()> {
        let (on, chain) = match (denied.tenant, denied.reason) {
            (Some(tenant), Refused::Forbidden) => (Object::from(tenant), Chain::Tenant(tenant)),
            (Some(tenant), Refused::NotFound) => (Object::from(tenant), Chain::Platform),
            (None, _) => (Object::from(self.installation().await?.id), Chain::Platform),
        };
        let reason = match denied.reason {
            Refused::Forbidden => "role",
            Refused::NotFound => "no_member",
        };
        let deed = Deed::refused(Act::Allow, on, reason).after(Field::Permission, denied.permission);
        self.recorder.record(self.event(chain, &denied.actor, origin, deed)).await.map(drop)
    }
}
