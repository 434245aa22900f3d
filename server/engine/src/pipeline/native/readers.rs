//! Runs the readers of a backup beside each other.

use std::sync::Arc;

use tokio::{sync::mpsc, task::JoinSet};

use super::{
    buffers::Buffers,
    layout::{Layout, Piece},
    owners::{self, Known},
    worker::{self, Work},
};
use crate::{Error, Kind, Result, format::Codec, pipeline::task_failed, source::mysql::wire::Wire};

/// Runs the readers to their end, then writes the end of every segment. Gives back the connections, still at the
/// snapshot.
pub async fn read(
    work: &Arc<Work>,
    wires: Vec<Wire>,
    layout: &Arc<Layout>,
    known: Known,
    first: Vec<Piece>,
    pieces: mpsc::Sender<Piece>,
    codec: Codec,
) -> Result<Vec<Wire>> {
    let gone = || Error::cancelled("store rows");
    for piece in first {
        pieces.send(piece).await.map_err(|_| gone())?;
    }
    let stoppers: Vec<_> = wires.iter().map(Wire::stopper).collect();
    let mut readers = JoinSet::new();
    for wire in wires {
        let buffers = Buffers::new(Arc::clone(layout), known.clone(), pieces.clone(), codec)?;
        let (work, known) = (Arc::clone(work), known.clone());
        readers.spawn_blocking(move || {
            let result = worker::read(&work, wire, known, buffers);
            if result.is_err() {
                work.stop.cancel();
            }
            result
        });
    }
    drop(known);
    let (mut failure, mut done) = (None::<Error>, Vec::new());
    loop {
        let joined = tokio::select! {
            joined = readers.join_next() => joined,
            () = work.stop.cancelled() => {
                for stopper in &stoppers {
                    stopper.stop();
                }
                readers.join_next().await
            }
        };
        let Some(joined) = joined else { break };
        let result = joined.map_err(|error| task_failed("read the tables", error)).and_then(|result| result);
        let error = match result {
            Ok(wire) => {
                done.push(wire);
                continue;
            }
            Err(error) => error,
        };
        work.stop.cancel();
        // What a stopped reader says is a consequence.
        if failure.as_ref().is_none_or(|first| first.kind() == Kind::Cancelled) {
            failure = Some(error);
        }
    }
    if let Some(error) = failure {
        return Err(error);
    }
    for at in layout.unfinished() {
        let piece = owners::text(layout, at, codec, b"-- End of this segment\n", true)?;
        pieces.send(piece).await.map_err(|_| gone())?;
    }
    if let Some(end) = layout.end() {
        pieces.send(end).await.map_err(|_| gone())?;
    }
    Ok(done)
}
