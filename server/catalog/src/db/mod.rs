//! Two databases behind one type.
use crate::error::Result;
#[derive(Clone)]
pub(crate) enum Db {}
pub(crate) struct Tx;
impl Db {
    pub async fn open(url: &str) -> Result<Self> { todo!() }
    pub async fn migrate(&self) -> Result<()> { todo!() }
    pub async fn pending_migrations(&self) -> Result<Vec<String>> { todo!() }
    pub const fn name(&self) -> &'static str { "SQLite" }
    pub async fn ping(&self) -> Result<()> { todo!() }
    pub async fn close(&self) { todo!() }
}
