//! The second wall between organisations, on Postgres.
//!
//! The first is the program: whoever holds a [`TenantCatalog`](crate::TenantCatalog) writes statements that name its
//! organisation. Should one ever forget to, the database knows the scope of the transaction too, and its row security
//! shows and takes nothing of any other organisation (`migrations/postgres`, *row_security*).
//!
//! A scope is set with the transaction's first words and ends with it, so that a connection never carries one to its
//! next user. The scope of the system is set as expressly as that of an organisation. Without a scope a connection is
//! as free as before there were scopes: servers of the previous release set none. Row security does not bind
//! superusers, so the catalog's account should not be one.

use domain::TenantId;
use sqlx::AssertSqlSafe;

use super::{Db, first};
use crate::error::Result;

/// Whose rows a transaction is about.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Scope {
    /// Those of everybody: background work, signing in, the command line.
    System,
    /// Those of one organisation.
    Tenant(TenantId),
}

impl Db {
    /// Whether the account is neither a superuser nor otherwise above row security.
    pub async fn is_bound_by_row_security(&self) -> Result<bool> {
        if let Self::Sqlite { .. } = self {
            return Ok(true);
        }
        let mut reader = self.read().await?;
        let row = first!(
            &mut reader,
            (bool,),
            "select rolsuper or rolbypassrls from pg_catalog.pg_roles where rolname = current_user"
        )?;
        Ok(row.is_some_and(|(is_above,)| !is_above))
    }
}

impl Scope {
    /// The words that begin a transaction in this scope, in one message.
    pub(super) fn begin(self, begin: &'static str) -> AssertSqlSafe<String> {
        let scope = match self {
            Self::System => "*".to_owned(),
            // An id is digits, letters and hyphens.
            Self::Tenant(tenant) => tenant.to_string(),
        };
        AssertSqlSafe(format!("{begin}; SET LOCAL holdfast.scope = '{scope}'"))
    }
}
