//! Stores the pieces of a backup in their order.
//!
//! Threads hand pieces over as they finish them. A piece that comes early waits; since a thread has one piece at a
//! time in its hands, never more wait than there are threads.

use std::collections::BTreeMap;

use bytes::Bytes;
use tokio::sync::mpsc;

use super::layout::Piece;
use crate::{
    Error, Kind, Result,
    format::{keys::Place, manifest::ObjectRef},
    pipeline::{failpoint, meter::Meter},
    storage::{Storage, Upload},
};

/// Pieces on their way to the store, of up to a mebibyte each but for giant rows.
pub const ON_THE_WAY: usize = 8;

struct Open {
    number: u32,
    upload: Box<dyn Upload>,
}

/// Stores everything that comes until nobody can send any more; gives the packs. After an error the upload at work
/// is aborted, and senders find nobody to send to.
pub async fn store(
    storage: &dyn Storage,
    place: &Place,
    pieces: mpsc::Receiver<Piece>,
    progress: &Meter,
) -> Result<Vec<ObjectRef>> {
    let mut open = None;
    match run(storage, place, pieces, progress, &mut open).await {
        Ok(packs) if open.is_none() => Ok(packs),
        Ok(_) => {
            abort(open).await;
            Err(Error::new(Kind::Format, "store the backup", "its last pack has no end"))
        }
        Err(error) => {
            abort(open).await;
            Err(error)
        }
    }
}

async fn abort(open: Option<Open>) {
    if let Some(open) = open {
        // What led here matters more; what stays is swept later.
        let _ = open.upload.abort().await;
    }
}

async fn run(
    storage: &dyn Storage,
    place: &Place,
    mut pieces: mpsc::Receiver<Piece>,
    progress: &Meter,
    open: &mut Option<Open>,
) -> Result<Vec<ObjectRef>> {
    let (mut packs, mut waiting, mut next, mut stored) = (Vec::new(), BTreeMap::new(), 0u64, 0u64);
    while let Some(piece) = pieces.recv().await {
        waiting.insert(piece.ticket, piece);
        while let Some(piece) = waiting.remove(&next) {
            next += 1;
            if let Some(end) = piece.closes {
                stored += end.len() as u64;
                if let Some(mut closing) = open.take() {
                    if let Err(error) = closing.upload.write(Bytes::from(end)).await {
                        *open = Some(closing);
                        return Err(error);
                    }
                    packs.push(close(place, closing).await?);
                }
            }
            if let Some(number) = piece.begins {
                *open = Some(Open { number, upload: storage.begin(&place.pack(number)?).await? });
            }
            if piece.bytes.is_empty() {
                continue;
            }
            stored += piece.bytes.len() as u64;
            let target = open.as_mut().ok_or_else(|| {
                Error::new(Kind::Format, "store the backup", "a piece lies outside every pack")
            })?;
            target.upload.write(Bytes::from(piece.bytes)).await?;
            progress.stored(stored);
            if next == 2 {
                failpoint("pack.middle");
            }
        }
    }
    if waiting.is_empty() {
        Ok(packs)
    } else {
        Err(Error::new(Kind::Format, "store the backup", "a piece was lost on the way").later())
    }
}

async fn close(place: &Place, open: Open) -> Result<ObjectRef> {
    failpoint("pack.last_frame");
    let stored = open.upload.finish().await?;
    failpoint("pack.stored");
    Ok(ObjectRef {
        key: place.pack(open.number)?.to_string(),
        size: stored.size,
        sha256: hex::encode(stored.sha256),
        version: stored.version,
    })
}
