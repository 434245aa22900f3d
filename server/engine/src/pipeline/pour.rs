//! Moves a dump into a segment: block by block, compressed beside each other, stored in order.

use futures::{StreamExt, stream::FuturesOrdered};
use tokio::{
    io::{AsyncRead, AsyncReadExt},
    task::JoinHandle,
};

use super::{Control, meter::Meter, task_failed, writer::SegmentWriter};
use crate::{
    Error, Kind, Result,
    format::{
        Codec,
        block::{self, BLOCK},
    },
};

/// Blocks that are compressed at the same time: one per core of a small machine, and the memory of that many.
const AT_ONCE: usize = 2;

type Compressed = JoinHandle<Result<(Vec<u8>, Vec<u8>)>>;

/// Moves the dump into the segment; blocks are compressed beside each other and stored in order.
pub(super) async fn pour(
    dump: &mut (dyn AsyncRead + Send + Unpin),
    writer: &mut SegmentWriter<'_>,
    codec: Codec,
    control: &Control,
    progress: &Meter,
) -> Result<()> {
    let mut at_work: FuturesOrdered<Compressed> = FuturesOrdered::new();
    loop {
        control.stop_if_cancelled("back up")?;
        let plain = fill(dump).await?;
        if plain.is_empty() {
            break;
        }
        at_work.push_back(tokio::task::spawn_blocking(move || {
            let packed = block::compress(codec, &plain)?;
            Ok((plain, packed))
        }));
        if at_work.len() >= AT_ONCE {
            store_next(&mut at_work, writer, progress).await?;
        }
    }
    while !at_work.is_empty() {
        store_next(&mut at_work, writer, progress).await?;
    }
    Ok(())
}

async fn store_next(
    at_work: &mut FuturesOrdered<Compressed>,
    writer: &mut SegmentWriter<'_>,
    progress: &Meter,
) -> Result<()> {
    let Some(done) = at_work.next().await else { return Ok(()) };
    let (plain, packed) = done.map_err(|error| task_failed("compress a block", error))??;
    writer.block(&plain, &packed).await?;
    progress.stored(writer.stored());
    Ok(())
}

/// Reads a whole block, less only at the end.
async fn fill(dump: &mut (dyn AsyncRead + Send + Unpin)) -> Result<Vec<u8>> {
    let mut plain = Vec::with_capacity(BLOCK);
    while plain.len() < BLOCK {
        let room = (BLOCK - plain.len()) as u64;
        let read = (&mut *dump).take(room).read_buf(&mut plain).await.map_err(|error| {
            match error.downcast::<Error>() {
                Ok(error) => error,
                Err(error) => {
                    Error::new(Kind::Source, "read the dump", "the stream broke off").later().caused_by(error)
                }
            }
        })?;
        if read == 0 {
            break;
        }
    }
    Ok(plain)
}
