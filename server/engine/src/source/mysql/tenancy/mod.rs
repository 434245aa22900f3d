//! Whose rows are whose: from the schema of a database to the SQL that leads every row to its tenant.
//!
//! In the order of a run: [`keys`] reads foreign keys and unique keys, [`outside`] those of other databases; [`infer`](infer::infer) proposes a
//! [`TenantMap`](domain::tenancy::TenantMap) that a person confirms; [`drift`] says what no longer fits and
//! which routes the run uses; [`spelling`] brings all spellings of a tenant to one; [`validate`] judges an edited map; [`select`] makes the joins of one table;
//! [`tenant_key`] says how the text of a tenant's key comes about; [`list`] finds the tenants that there are.
//! All but [`keys`], [`outside`] and [`list`] are pure, because a map is also judged when no server is at hand.

pub mod drift;
pub mod infer;
#[cfg(test)]
mod infer_tests;
pub mod keys;
mod links;
pub mod list;
pub mod outside;
mod schema;
pub mod select;
mod shape;
pub mod spelling;
pub mod tenant_key;
mod tenant_lists;
#[cfg(test)]
pub(crate) mod testing;
pub mod validate;
mod ways;

pub use shape::shape;
