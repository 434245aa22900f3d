//! The second wall between organisations, on Postgres.
//!
//! The first is the program: whoever holds a [`TenantCatalog`](crate::TenantCatalog) writes statements that name its
//! organisation. Should one ever forget to, the database knows the scope of the transaction too, and its row security
//! shows and takes nothing of any other organisation (`migrations/postgres`, *row_security* and *scope_required*).
//!
//! A scope is set with the transaction's first words and ends with it, so that a connection never carries one to its
//! next user. The scope of the system is set as expressly as that of an organisation: a statement in no scope sees
//! nothing and writes nothing. Row security does not bind superusers, so the catalog's account should not be one.

use domain::TenantId;
use sqlx::{AssertSqlSafe, PgPool};

use super::Db;
use crate::error::Result;

/// Whose rows a transaction is about.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Scope {
    /// Those of everybody: background work, signing in, the command line.
    System,
    /// Those of one organisation.
    Tenant(TenantId),
}

/// How far the database keeps organisations apart by itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RowSecurity {
    /// Every table shows and takes only what is of the scope, and nothing where there is none. With SQLite, which has
    /// no row security, there is nobody else.
    Holds,
    /// The account is a superuser or otherwise above row security.
    AboveIt,
    /// These tables are open to statements in no scope, by name: somebody has changed their row security, or gave the
    /// account a scope for all its sessions.
    Open(Vec<String>),
}

impl Db {
    /// How far the database keeps organisations apart by itself.
    pub async fn row_security(&self) -> Result<RowSecurity> {
        match self {
            Self::Sqlite { .. } => Ok(RowSecurity::Holds),
            Self::Pg(pool) => row_security(pool).await,
        }
    }
}

/// What is declared is looked at, because an empty table shows nothing to anybody; and every table is asked in no
/// scope, because what is declared is not all: an account can have a scope by default.
async fn row_security(pool: &PgPool) -> Result<RowSecurity> {
    // The one transaction in no scope.
    let mut tx = pool.begin_with("BEGIN READ ONLY").await?;
    let (is_above,): (bool,) = sqlx::query_as(
        "select rolsuper or rolbypassrls from pg_catalog.pg_roles where rolname = current_user",
    )
    .fetch_one(&mut *tx)
    .await?;
    if is_above {
        return Ok(RowSecurity::AboveIt);
    }
    let tables: Vec<(String, bool, String)> = sqlx::query_as(
        "select c.relname::text, c.relrowsecurity and c.relforcerowsecurity and 1 = (select count(*) \
         from pg_catalog.pg_policy p where p.polrelid = c.oid), \
         pg_catalog.format('select exists (select 1 from %I)', c.relname) \
         from pg_catalog.pg_class c where c.relkind in ('r', 'p') and c.relnamespace = current_schema()::regnamespace \
         and (c.relname in ('installation', 'users', 'sessions', 'password_links', 'vaults', 'audit_heads', \
         'audit_anchors', 'totp_secrets', 'recovery_codes', 'passkeys') or exists (select 1 \
         from pg_catalog.pg_attribute a where a.attrelid = c.oid and a.attname = 'tenant_id' and not a.attisdropped)) \
         order by c.relname",
    )
    .fetch_all(&mut *tx)
    .await?;
    let mut open = Vec::new();
    for (table, is_walled, question) in tables {
        // The name was quoted by the database.
        let (shows,): (bool,) = sqlx::query_as(AssertSqlSafe(question)).fetch_one(&mut *tx).await?;
        if shows || !is_walled {
            open.push(table);
        }
    }
    tx.rollback().await?;
    Ok(if open.is_empty() { RowSecurity::Holds } else { RowSecurity::Open(open) })
}

impl Scope {
    fn setting(self) -> String {
        match self {
            Self::System => "*".to_owned(),
            // An id is digits, letters and hyphens.
            Self::Tenant(tenant) => tenant.to_string(),
        }
    }

    /// The words that begin a transaction in this scope, in one message.
    pub(super) fn begin(self, begin: &'static str) -> AssertSqlSafe<String> {
        AssertSqlSafe(format!("{begin}; SET LOCAL holdfast.scope = '{}'", self.setting()))
    }

    /// The words that put a whole session into this scope, for a connection that nobody else is given.
    pub(super) fn for_the_session(self) -> AssertSqlSafe<String> {
        AssertSqlSafe(format!("SET holdfast.scope = '{}'", self.setting()))
    }
}
