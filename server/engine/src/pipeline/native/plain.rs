//! A split backup as one stream of SQL: the definitions, the shared rows, then tenant after tenant.

use std::sync::Arc;

use bytes::Bytes;
use tokio::sync::mpsc;

use super::blocks::Blocks;
use crate::Result;

/// Blocks that are fetched together.
const TOGETHER: usize = 16;

/// Sends the plain bytes of all open segments, in their order.
pub async fn plain(blocks: Arc<Blocks>, sender: &mpsc::Sender<std::io::Result<Bytes>>) -> Result<()> {
    let segments: Vec<usize> = blocks.parts().iter().flat_map(|part| part.segments.iter().copied()).collect();
    for segment in segments {
        for some in blocks.as_sql(segment)?.chunks(TOGETHER) {
            for plain in blocks.fetch(some).await? {
                if sender.send(Ok(plain.into())).await.is_err() {
                    // A reader that is gone needs no more.
                    return Ok(());
                }
            }
        }
    }
    Ok(())
}
