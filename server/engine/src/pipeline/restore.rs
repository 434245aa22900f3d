//! Restores a backup into a database that does not exist yet.

use domain::{backups::Evidence, definers::Definers, restores::Part};

use super::{
    Control, Target, Vault,
    archive::Archive,
    failpoint,
    loading::{self, Into},
    native::restore::{guard, part},
    phases::Phases,
};
use crate::{
    Result,
    format::keys::Place,
    source::mysql::{create::Events, new_database::NewDatabase, owners::Owners, scratch::OneShot},
};

/// What is restored, and for whom.
#[derive(Debug, Clone, Copy)]
pub struct Wish<'a> {
    /// What of the backup.
    pub only: &'a Part,
    /// To whom its views, triggers, routines and events belong.
    pub definers: &'a Definers,
}

impl<'a> From<&'a Part> for Wish<'a> {
    /// Everything belongs to the account that restores.
    fn from(only: &'a Part) -> Self {
        Self { only, definers: &Definers::Strip }
    }
}

/// Restores a backup, or a part of it, into a new database and compares it with the source's checksums. The rows
/// are loaded by an account made for this; views, triggers, routines and events belong to the target's account, unless
/// something else is wished. If anything fails, the new database is removed again: there is no half-restored one. If nothing does, it still carries its maker's
/// mark, so that the caller can remember it as whole first and call [`NewDatabase::finish`] then.
pub async fn restore<'w>(
    vault: &Vault,
    place: &Place,
    target: &Target,
    new: NewDatabase<'_>,
    wish: impl std::convert::Into<Wish<'w>>,
    control: &Control,
) -> Result<Evidence> {
    let Wish { only, definers } = wish.into();
    let mut phases = Phases::new(control.clock.clone());
    phases.begin("open");
    let archive = Archive::open(vault, place).await?;
    let family = loading::family(&archive.index.content, target).await?;
    let unseen = match &archive.index.content.split {
        Some(_) => guard::check(&archive.index.content, target).await?,
        None => None,
    };
    let owners = Owners::settle(&target.endpoint, &archive.index.content.objects, definers).await?;
    let inventory = &archive.index.content.inventory;
    new.create(&inventory.charset, &inventory.collation).await?;
    failpoint("restore.created");
    let result = fill(vault, place, archive, target, new, family, only, &owners, &mut phases, control).await;
    failpoint("restore.loaded");
    match result {
        Ok(outcome) => {
            let mut evidence = loading::evidence(&outcome, phases);
            part::reduce(&mut evidence, only);
            evidence.remarks.extend(unseen);
            Ok(evidence)
        }
        Err(error) => {
            // The first error is the one to report.
            let _removed = new.remove().await;
            Err(error)
        }
    }
}

#[expect(
    clippy::too_many_arguments,
    reason = "one step of restore, cut out so that its errors meet in one place"
)]
async fn fill(
    vault: &Vault,
    place: &Place,
    archive: Archive,
    target: &Target,
    new: NewDatabase<'_>,
    family: domain::sources::ServerFamily,
    only: &Part,
    owners: &Owners,
    phases: &mut Phases,
    control: &Control,
) -> Result<loading::Outcome> {
    let loader = OneShot::create(new.endpoint, new.database, &*control.clock).await?;
    let into = Into {
        database: new.database,
        family,
        clients: &target.clients,
        loader: &loader.endpoint,
        owner: new.endpoint,
        owners,
        events: Events::AsAtSource,
        only,
    };
    let result = loading::load_and_compare(vault, place, archive, into, phases, control).await;
    let removed = loader.remove().await;
    let loaded = result?;
    removed?;
    Ok(loaded)
}
