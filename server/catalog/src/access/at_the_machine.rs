//! The recovery key for the person at this machine's own command line, who holds the root key anyway.

use domain::audit::{Act, Deed, Origin};

use super::{principal::Principal, setup::SetupState};
use crate::{
    Catalog, Conflict, Sealed,
    db::{exec, first},
    error::{Error, Result},
};

impl Catalog {
    /// The sealed recovery key while it is unconfirmed. Only for the command line.
    pub async fn pending_recovery_key(&self, operator: &Principal) -> Result<Sealed> {
        let nothing = || Error::NotFound { what: "recovery key that waits to be confirmed" };
        if operator.user_id().is_some() {
            return Err(nothing());
        }
        let mut reader = self.db.read().await?;
        let row = first!(
            &mut reader,
            (Vec<u8>,),
            "select recovery_pending from installation where setup = 'recovery_unconfirmed' \
             and recovery_pending is not null"
        )?;
        row.map(|(bytes,)| Sealed(bytes)).ok_or_else(nothing)
    }

    /// The recovery key was typed back at the command line: forgets it here; set-up is done.
    pub async fn confirm_pending_recovery_key(&self, operator: &Principal) -> Result<()> {
        let present = self.installation().await?;
        if operator.user_id().is_some() || present.setup == SetupState::Needed {
            return Err(Error::NotFound { what: "recovery key that waits to be confirmed" });
        }
        let mut tx = self.db.begin().await?;
        let changed = exec!(
            &mut tx,
            "update installation set setup = 'done', recovery_pending = null, recovery_pending_for = null \
             where setup = 'recovery_unconfirmed'"
        )?;
        if changed == 0 {
            return Err(Conflict::AlreadySetUp.into());
        }
        let deed = Deed::done(Act::RecoveryKeyConfirm, present.id);
        self.audit(&mut tx, operator.actor(), &Origin::here(), deed).await?;
        tx.commit().await
    }
}
