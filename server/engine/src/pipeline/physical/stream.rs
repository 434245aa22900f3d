//! The stored stream as it is: what `mbstream` or `xbstream` unpacks.

use domain::backups::Progress;
use tokio::io::{AsyncReadExt, AsyncWrite, AsyncWriteExt};

use super::content::PhysicalContent;
use crate::{
    Error, Kind, Result,
    format::keys::Place,
    pipeline::{Control, Vault, archive::ArchiveOf, reader},
    storage,
};

/// Writes the stream of one backup, without its parents, and gives its bytes. On an error the output must be thrown
/// away: only the end proves the beginning.
pub async fn stream(
    vault: &Vault,
    place: &Place,
    out: &mut (dyn AsyncWrite + Send + Unpin),
    control: &Control,
) -> Result<u64> {
    let archive = ArchiveOf::<PhysicalContent>::open(vault, place).await?;
    let expected = archive.manifest.plain_bytes;
    let mut plain = reader::one_segment(vault, place, archive)?;
    let failed = |error: std::io::Error| {
        Error::new(Kind::Space, "write the stream", "the output took no more").caused_by(error).hint(
            "Check the room at the place where it is written; a reader that was stopped ends like this too.",
        )
    };
    let (mut buffer, mut bytes) = (vec![0; 1 << 20], 0u64);
    loop {
        control.stop_if_cancelled("write the stream")?;
        let length = plain
            .read(&mut buffer)
            .await
            .map_err(|error| storage::while_reading("write the stream", error))?;
        if length == 0 {
            break;
        }
        out.write_all(&buffer[..length]).await.map_err(failed)?;
        bytes += length as u64;
        (control.progress)(Progress {
            phase: "decrypt".into(),
            bytes,
            bytes_expected: Some(expected),
            ..Progress::default()
        });
    }
    out.flush().await.map_err(failed)?;
    Ok(bytes)
}
