//! One maker at a time.
//!
//! A transaction that holds the installation's row, so that the database lets go of it by itself when the process
//! dies: a lock in a file or a column would outlive its owner.

use std::time::{Duration, Instant};

use crate::{
    Catalog,
    db::{Tx, exec},
    error::{Error, Result},
};

/// How long another maker is waited for.
const PATIENCE: Duration = Duration::from_secs(60);

/// Nobody else holds the installation. While it is held, this process must not write to the catalog.
#[must_use = "it is held only as long as this lives"]
pub struct Hold(Tx);

impl std::fmt::Debug for Hold {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Hold")
    }
}

impl Hold {
    /// Lets go.
    pub async fn release(self) -> Result<()> {
        self.0.commit().await
    }
}

fn is_busy(error: &Error) -> bool {
    let Error::Database(sqlx::Error::Database(error)) = error else { return false };
    // The lowest byte of SQLite's code says busy; Postgres has letters or longer numbers.
    error.code().and_then(|code| code.parse::<u32>().ok()).is_some_and(|code| code < 4096 && code & 0xff == 5)
}

impl Catalog {
    /// Waits until nobody else holds the installation, and holds it.
    pub async fn hold_installation(&self) -> Result<Hold> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            match self.try_hold().await {
                // SQLite waits five seconds by itself and then says that it is busy.
                Err(error) if is_busy(&error) && Instant::now() < deadline => {}
                result => return result,
            }
        }
    }

    async fn try_hold(&self) -> Result<Hold> {
        let mut tx = self.db.begin().await?;
        exec!(&mut tx, "update installation set id = id where one = 1")?;
        Ok(Hold(tx))
    }
}
