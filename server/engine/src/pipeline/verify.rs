//! Proves that a backup can be restored, by restoring it.
//!
//! Into a scratch schema, on a server that is not the source, by an account that was made for this and can touch
//! nothing else. The schema goes away, whatever happens; the evidence stays.

use domain::{backups::Evidence, restores::Part};

use super::{
    Control, Target, Vault,
    archive::Archive,
    failpoint,
    loading::{self, Into},
    native::restore::guard,
    phases::Phases,
};
use crate::{
    Result,
    format::keys::Place,
    source::mysql::{create::Events, owners::Owners, scratch::Scratch},
};

/// Restores a backup into a scratch schema, compares and removes the schema. A difference is evidence, not an
/// error; an error means that nothing was proven either way.
pub async fn verify(vault: &Vault, place: &Place, admin: &Target, control: &Control) -> Result<Evidence> {
    let mut phases = Phases::new(control.clock.clone());
    phases.begin("open");
    let archive = Archive::open(vault, place).await?;
    let family = loading::family(&archive.index.content, admin).await?;
    if archive.index.content.split.is_some() {
        let _unseen = guard::check(&archive.index.content, admin).await?;
    }
    let inventory = &archive.index.content.inventory;
    let scratch =
        Scratch::create(&admin.endpoint, &inventory.charset, &inventory.collation, &*control.clock).await?;
    failpoint("verify.scratch");
    let into = Into {
        database: &scratch.database,
        family,
        clients: &admin.clients,
        loader: scratch.endpoint(),
        owner: scratch.endpoint(),
        // Whoever the source names may not even exist here, and nothing runs.
        owners: &Owners::default(),
        events: Events::Disabled,
        only: &Part::default(),
    };
    let result = loading::load_and_compare(vault, place, archive, into, &mut phases, control).await;
    failpoint("verify.compared");
    phases.begin("clean up");
    let removed = scratch.remove().await;
    let outcome = result?;
    let mut evidence = loading::evidence(&outcome, phases);
    if let Err(error) = removed {
        evidence.remarks.push(format!("the scratch schema was left behind and will be swept: {error}"));
    }
    Ok(evidence)
}
