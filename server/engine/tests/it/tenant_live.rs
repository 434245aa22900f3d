//! A database of a test's own, its backup, and restores of one of its tenants.

use anyhow::{Context, Result, ensure};
use domain::{
    restores::{Difference, Selection},
    tenancy::TenantKey,
};
use engine::{
    format::keys::Place,
    pipeline::{
        Receipt, Vault, native,
        tenant_restore::{Applied, RestorePlace},
    },
    source::mysql::connect::Endpoint,
};
use mysql_async::{Row, prelude::Queryable};
use tempfile::TempDir;

use crate::{
    mysql_server::Server,
    native::request,
    pipeline_support::{control, create, local},
    tenant_calls::{Rows, anew},
};

pub fn key(text: &str) -> TenantKey {
    TenantKey::new(text).unwrap()
}

/// A server with a database `d`, and its backup.
pub struct Live {
    pub server: Server,
    pub vault: Vault,
    pub backup: Place,
    pub receipt: Receipt,
    /// The account that restores.
    pub endpoint: Endpoint,
    _directory: TempDir,
}

/// A restore that was planned.
pub struct Planned {
    pub at: RestorePlace,
    pub tenant: TenantKey,
    pub difference: Difference,
}

impl Live {
    /// Carries out statements and takes a backup.
    pub async fn on(server: Server, statements: &[&str]) -> Result<Self> {
        server.run(["CREATE DATABASE d"]).await?;
        server.run(statements).await?;
        let directory = tempfile::tempdir()?;
        let vault = create(local(directory.path()).await?).await?.vault;
        let request = request(&server, "d");
        let receipt = native::back_up(&vault, &request, &control()).await?;
        let endpoint = server.admin();
        Ok(Self { server, vault, backup: request.place, receipt, endpoint, _directory: directory })
    }

    /// The same on every family.
    pub async fn all(statements: &[&str]) -> Result<Vec<Self>> {
        let mut all = Vec::new();
        for server in Server::all().await? {
            all.push(Self::on(server, statements).await?);
        }
        Ok(all)
    }

    /// The tenants of the backup with their rows.
    pub fn tenants(&self) -> Vec<(&str, u64)> {
        let mut tenants: Vec<_> =
            self.receipt.tenants.iter().map(|tenant| (tenant.key.as_str(), tenant.rows)).collect();
        tenants.sort_unstable();
        tenants
    }

    pub async fn plan(&self, tenant: &str, selection: Selection) -> engine::Result<Planned> {
        let (at, tenant) = (anew(&self.backup), key(tenant));
        let difference = self.of(&tenant).plan(&self.backup, selection, &at, &control()).await?;
        Ok(Planned { at, tenant, difference })
    }
    pub async fn apply(&self, planned: &Planned) -> engine::Result<Applied> {
        self.of(&planned.tenant).apply(&planned.at, &planned.difference.digest, &control()).await
    }
    pub async fn undo(&self, planned: &Planned) -> engine::Result<Applied> {
        self.of(&planned.tenant).undo(&planned.at, &planned.difference.digest, &control()).await
    }
    fn of(&self, tenant: &TenantKey) -> Rows<'_> {
        Rows { vault: &self.vault, live: self.endpoint.clone(), name: "d", tenant: tenant.clone() }
    }

    /// Plans everything of a tenant, applies it and finds `good`; undoes it and finds what was before.
    pub async fn there_and_back(&self, tenant: &str, tables: &[&str], good: &[Vec<String>]) -> Result<()> {
        let bad = self.rows(tables).await?;
        let planned = self.plan(tenant, Selection::Everything).await?;
        ensure!(planned.difference.is_applicable(), "{} {:#?}", self.server.family, planned.difference);
        let done = self.apply(&planned).await?;
        ensure!(!done.already && done.rows > 0, "{done:?}");
        assert_eq!(self.rows(tables).await?, good, "{}", self.server.family);
        ensure!(self.apply(&planned).await?.already);
        self.undo(&planned).await?;
        assert_eq!(self.rows(tables).await?, bad, "{} undone", self.server.family);
        Ok(())
    }

    /// All rows of tables, sorted.
    pub async fn rows(&self, tables: &[&str]) -> Result<Vec<Vec<String>>> {
        let mut conn = self.server.admin().connect().await?;
        let mut all = Vec::new();
        for table in tables {
            let rows: Vec<Row> = conn.query(format!("SELECT * FROM d.{table}")).await?;
            let mut texts: Vec<_> = rows.into_iter().map(|row| format!("{:?}", Row::unwrap(row))).collect();
            texts.sort();
            all.push(texts);
        }
        conn.disconnect().await?;
        Ok(all)
    }

    /// Statements on one connection, so that settings of the session hold.
    pub async fn run(&self, statements: &[&str]) -> Result<()> {
        let mut conn = self.server.admin().connect().await?;
        conn.query_drop("USE d").await?;
        for statement in statements {
            conn.query_drop(*statement).await.with_context(|| (*statement).to_owned())?;
        }
        conn.disconnect().await?;
        Ok(())
    }
}
