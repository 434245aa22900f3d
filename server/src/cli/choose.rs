//! Who asks, in which organisation, and what a name stands for.

use std::{io::Read as _, path::Path};

use anyhow::{Context as _, Result, bail};
use catalog::{Backup, BackupQuery, Principal, Scope, SourceRow, TenantCatalog};
use domain::{BackupId, SourceId, TenantId, access::may::May, sources::Connection};
use secrecy::SecretString;
use zeroize::Zeroizing;

use super::Organisation;
use crate::services::Services;

/// The person at the machine, and the organisation that is meant.
pub struct Here {
    /// Who asks.
    pub principal: Principal,
    /// Which organisation.
    pub tenant: TenantId,
}

impl Here {
    /// Finds out.
    pub async fn find(services: &Services, wanted: &Organisation) -> Result<Self> {
        let principal = person(services).await?;
        let all = principal.memberships();
        let tenant = match (&wanted.organisation, all) {
            (_, []) => bail!(
                "there is no organisation yet\n  What to do: add the first person: holdfast user add --role \
                 platform-operator --name … --email … --password-file …"
            ),
            (None, [only]) => only.tenant_id,
            (None, several) => {
                let names: Vec<_> = several.iter().map(|member| member.tenant.as_str()).collect();
                bail!(
                    "there are several organisations\n  What to do: --organisation with one of: {}",
                    names.join(", ")
                )
            }
            (Some(name), all) => match all.iter().find(|member| member.tenant == *name) {
                Some(member) => member.tenant_id,
                None => bail!("there is no organisation named {name:?}"),
            },
        };
        Ok(Self { principal, tenant })
    }
    /// The right to do `P` here.
    pub fn may<P: May>(&self) -> Result<Scope<P>> {
        Ok(self.principal.allow::<P>(self.tenant).map_err(catalog::Error::from)?)
    }
}

/// The person at the machine.
pub async fn person(services: &Services) -> Result<Principal> {
    let account = format!("uid {}", rustix::process::getuid().as_raw());
    Ok(services.catalog.command_line(&account).await?)
}

/// A source by its id, its database, the name of its connection, or `connection/database`.
pub async fn source(rows: &TenantCatalog<'_>, wanted: &str) -> Result<SourceRow> {
    let mut all = rows.list_sources().await?;
    if let Ok(id) = wanted.parse::<SourceId>() {
        all.retain(|row| row.source.id == id);
    } else {
        let full = |row: &SourceRow| format!("{}/{}", row.connection, row.source.protects);
        let exact = |row: &&SourceRow| full(row) == wanted;
        let by_database = |row: &&SourceRow| row.source.protects.as_str() == wanted;
        let by_connection = |row: &&SourceRow| row.connection == wanted;
        let found: Vec<_> = [
            all.iter().filter(exact).cloned().collect::<Vec<_>>(),
            all.iter().filter(by_database).cloned().collect(),
            all.iter().filter(by_connection).cloned().collect(),
        ]
        .into_iter()
        .find(|found| !found.is_empty())
        .unwrap_or_default();
        all = found;
    }
    match all.len() {
        1 => Ok(all.remove(0)),
        0 => bail!("there is no source {wanted:?}\n  What to do: `holdfast source list` shows them"),
        n => {
            let names: Vec<_> =
                all.iter().map(|row| format!("{}/{}", row.connection, row.source.protects)).collect();
            bail!("{n} sources are called {wanted:?}\n  What to do: name one of {}", names.join(", "))
        }
    }
}

/// A connection by its name or id.
pub async fn connection(rows: &TenantCatalog<'_>, wanted: &str) -> Result<Connection> {
    let all = rows.list_connections().await?;
    let found = all.into_iter().find(|row| row.name.as_str() == wanted || row.id.to_string() == wanted);
    found.with_context(|| {
        format!("there is no connection {wanted:?}; `holdfast source list` shows their names")
    })
}

/// A backup by its id, or the newest of a source as `latest:SOURCE`.
pub async fn backup(rows: &TenantCatalog<'_>, wanted: &str) -> Result<Backup> {
    if let Some(name) = wanted.strip_prefix("latest:") {
        let source = source(rows, name).await?.source.id;
        let query = BackupQuery { source: Some(source), limit: 1, ..BackupQuery::default() };
        let newest = rows.list_backups(&query).await?.rows.into_iter().next();
        return newest.with_context(|| format!("there is no backup of {name} yet"));
    }
    let Ok(id) = wanted.parse::<BackupId>() else {
        bail!(
            "{wanted:?} is not the id of a backup\n  What to do: copy one from `holdfast backup list`, or say latest:SOURCE"
        )
    };
    Ok(rows.get_backup(id).await?)
}

/// The secret in a file, without the line break at its end; `-` is standard input.
pub fn secret(path: &Path) -> Result<SecretString> {
    let mut text = Zeroizing::new(String::new());
    if path == Path::new("-") {
        std::io::stdin().read_to_string(&mut text).context("read standard input")?;
    } else {
        *text = std::fs::read_to_string(path).with_context(|| format!("read {}", path.display()))?;
    }
    let secret = text.trim_end_matches(['\n', '\r']);
    if secret.is_empty() {
        bail!("{} is empty", path.display());
    }
    Ok(SecretString::from(secret))
}
