//! A connection that loads, and the next one when it breaks.

use std::{
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use domain::sources::{DatabaseName, ServerFamily};
use tokio_util::sync::CancellationToken;

use crate::{
    Error, Kind, Result, Retry,
    source::mysql::{
        connect::Endpoint,
        native::schema::PREAMBLE,
        wire::{Stopper, Wire},
    },
};

/// How long a server that went away is waited for.
const PATIENCE: Duration = Duration::from_secs(60);
/// Between two looks.
const PAUSE: Duration = Duration::from_millis(100);

/// Where it is loaded, and by which account.
pub struct Place {
    /// The account that may touch the database and nothing else.
    pub endpoint: Endpoint,
    /// The database.
    pub database: DatabaseName,
    /// Family of the server.
    pub family: ServerFamily,
    /// Stops everything.
    pub stop: CancellationToken,
    /// Open connections: how to end them from here, and their numbers at the server.
    pub open: Mutex<Vec<(Stopper, u64)>>,
    /// When loading began.
    pub began: Instant,
}

impl Place {
    /// Opens a connection with the session that the rows were written for.
    pub fn connect(&self) -> Result<Wire> {
        let attempt = format!("prepare to load {}", self.database);
        let mut wire = Wire::connect(&self.endpoint)?;
        self.open.lock().unwrap_or_else(PoisonError::into_inner).push((wire.stopper(), wire.connection_id()));
        if self.stop.is_cancelled() {
            return Err(Error::cancelled(attempt));
        }
        for statement in PREAMBLE.lines() {
            wire.run(statement.trim_end_matches(';'), &attempt)?;
        }
        if self.family == ServerFamily::Mariadb {
            // A table that the source has must be creatable, even if a stricter server would refuse it today.
            wire.run("SET SESSION innodb_strict_mode=0, max_statement_time=0", &attempt)?;
        }
        wire.run(format!("USE {}", self.database.quoted()), &attempt)?;
        Ok(wire)
    }

    /// Opens another connection in place of a broken one, and waits until the server has let go of that: only then is
    /// what it was doing done or not done.
    pub fn reconnect(&self, broken: &Wire) -> Result<Wire> {
        let attempt = format!("load {} over a new connection", self.database);
        let until = Instant::now() + PATIENCE;
        let mut wire = loop {
            match self.connect() {
                Ok(wire) => break wire,
                Err(error) if error.retry() == Retry::Later && Instant::now() < until => {
                    self.pause(&attempt)?;
                }
                Err(error) => return Err(error),
            }
        };
        let uptime = wire.first("SHOW GLOBAL STATUS LIKE 'Uptime'", &attempt)?.unwrap_or_default();
        let uptime =
            uptime.get(1).and_then(|value| std::str::from_utf8(value.as_deref()?).ok()?.parse::<u64>().ok());
        if uptime.is_some_and(|seconds| seconds + 1 < self.began.elapsed().as_secs()) {
            // Another process: numbers of connections began again.
            return Ok(wire);
        }
        let old = broken.connection_id();
        let look = format!("SELECT ID FROM information_schema.PROCESSLIST WHERE ID={old}");
        let mut asked = false;
        while wire.first(&look, &attempt)?.is_some() {
            if Instant::now() > until {
                let message = "the server does not let go of a broken connection";
                return Err(Error::new(Kind::Source, attempt, message).later());
            }
            if !asked {
                // It may be gone by now.
                let _ = wire.run(format!("KILL {old}"), &attempt);
                asked = true;
            }
            self.pause(&attempt)?;
        }
        Ok(wire)
    }

    fn pause(&self, attempt: &str) -> Result<()> {
        if self.stop.is_cancelled() {
            return Err(Error::cancelled(attempt));
        }
        std::thread::sleep(PAUSE);
        Ok(())
    }

    /// Ends every connection here, and what the server does for it there.
    pub async fn end(&self) {
        let open = std::mem::take(&mut *self.open.lock().unwrap_or_else(PoisonError::into_inner));
        for (stopper, _) in &open {
            stopper.stop();
        }
        // A courtesy: without it the server ends a long statement before it notices.
        if let Ok(mut conn) = self.endpoint.connect().await {
            use mysql_async::prelude::Queryable;
            for (_, id) in &open {
                let _ = conn.query_drop(format!("KILL {id}")).await;
            }
            let _ = conn.disconnect().await;
        }
    }
}
