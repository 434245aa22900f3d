//! Which of the backups is meant.

use anyhow::{Result, bail};
use domain::BackupId;
use engine::{
    format::keys::Place,
    pipeline::{self, Description, Vault},
};

use crate::{args::Choice, screen};

/// Every backup that `choice` does not exclude, oldest first. An id narrows to one, `--latest` to the newest.
pub async fn all(vault: &Vault, choice: &Choice) -> Result<Vec<Place>> {
    let mut places = pipeline::list(vault).await?;
    if places.is_empty() {
        bail!("the vault at {} holds no backup", vault.storage().describe());
    }
    if let Some(id) = &choice.backup {
        let Ok(id) = id.parse::<BackupId>() else {
            bail!("{id:?} is not the id of a backup\n  What to do: copy one from the output of `list`");
        };
        places.retain(|place| place.backup == id);
        if places.is_empty() {
            bail!("the vault holds no backup {id}\n  What to do: `list` shows what it holds");
        }
    }
    if let Some(wanted) = &choice.source {
        let mut matching = Vec::new();
        for place in places {
            if place.source.to_string() == *wanted || is_of(vault, &place, wanted).await {
                matching.push(place);
            }
        }
        places = matching;
        if places.is_empty() {
            bail!(
                "the vault holds no backup of {wanted}\n  What to do: `list` shows the names of the databases"
            );
        }
    }
    if choice.latest {
        places.drain(..places.len().saturating_sub(1));
    }
    Ok(places)
}

async fn is_of(vault: &Vault, place: &Place, database: &str) -> bool {
    match pipeline::describe(vault, place).await {
        Ok(description) => description.database.as_str() == database,
        Err(error) => {
            screen::warn(&format!("backup {} cannot be looked at and is left out: {error}", place.backup));
            false
        }
    }
}

/// Exactly one, with what its index says.
pub async fn one(vault: &Vault, choice: &Choice) -> Result<(Place, Description)> {
    let places = all(vault, choice).await?;
    let [place] = places.as_slice() else {
        bail!(
            "there are {} backups to choose from\n  What to do: say --backup ID, or --latest",
            places.len()
        );
    };
    let description = pipeline::describe(vault, place).await?;
    Ok((place.clone(), description))
}
