//! Entries that have no transaction of their own, committed together.
//!
//! One task takes what is waiting, up to [`GROUP`] entries, and commits it as one. Nobody waits for more to come: while a
//! commit is at work the next group gathers by itself. So one entry alone costs one commit and no delay, and a flood of
//! them costs a commit for every [`GROUP`]. The queue is bounded; whoever finds it full waits, which slows down a flood.

use domain::audit::{Event, Link};
use tokio::sync::{mpsc, oneshot};

use super::append;
use crate::{
    db::Db,
    error::{Error, Result},
};

/// Entries of one commit at most: few enough that it ends within milliseconds.
const GROUP: usize = 256;
/// Entries that wait at most.
const WAITING: usize = 4 * GROUP;

struct Waiting {
    event: Event,
    done: oneshot::Sender<Link>,
}

/// Takes entries.
#[derive(Clone)]
pub(crate) struct Recorder(mpsc::Sender<Waiting>);

impl Recorder {
    /// Starts the task. It ends when the last catalog that could give it something is gone.
    pub fn start(db: Db) -> Self {
        let (sender, mut receiver) = mpsc::channel(WAITING);
        tokio::spawn(async move {
            let mut group = Vec::with_capacity(GROUP);
            while receiver.recv_many(&mut group, GROUP).await > 0 {
                // A group that could not be written is dropped, which tells everybody in it.
                match write(&db, &mut group).await {
                    Ok(links) => {
                        for (waiting, link) in group.drain(..).zip(links) {
                            // Who does not wait any more has given up the request; the entry stays.
                            let _ = waiting.done.send(link);
                        }
                    }
                    Err(error) => {
                        let cause: &(dyn std::error::Error + 'static) = &error;
                        tracing::error!(entries = group.len(), cause, "the audit trail could not be written");
                        group.clear();
                    }
                }
            }
        });
        Self(sender)
    }

    /// Writes an entry down; returns when it lasts. [`Error::Unaudited`] if it could not be.
    pub async fn record(&self, event: Event) -> Result<Link> {
        let (done, written) = oneshot::channel();
        self.0.send(Waiting { event, done }).await.map_err(|_| Error::Unaudited)?;
        written.await.map_err(|_| Error::Unaudited)
    }
}

/// Appends all of them in one transaction, chain by chain in one order, so that no two groups wait for each other.
async fn write(db: &Db, group: &mut [Waiting]) -> Result<Vec<Link>> {
    // Stable: entries of a chain stay in the order in which they came.
    group.sort_by_key(|waiting| waiting.event.chain);
    let mut tx = db.begin().await?;
    let mut links = Vec::with_capacity(group.len());
    for waiting in group.iter() {
        links.push(append(&mut tx, &waiting.event).await?);
    }
    tx.commit().await?;
    Ok(links)
}
