//! Reads a segment back as plain data.
//!
//! Each frame is authenticated before a byte of it goes on; at the end the SHA-256 of every pack, the last frame,
//! the length and the SHA-256 of the plain data must all agree, or the stream ends with an error. What came
//! before is provisional: it may be loaded into a scratch schema, and must not take effect.

use std::{
    pin::Pin,
    sync::{Arc, Mutex},
    task::{Context as Task, Poll},
};

use bytes::Bytes;
use futures::StreamExt;
use sha2::{Digest, Sha256};
use tokio::io::{AsyncRead, ReadBuf};
use tokio_util::io::StreamReader;

use super::{
    Vault,
    archive::{Archive, ArchiveOf},
    native::{self, blocks::Blocks, whose::Whose},
    task_failed,
};
use crate::{
    Error, Kind, Result,
    format::{
        Context, PackReader,
        block::Decompressor,
        header::{self, Segment},
        keys::Place,
        manifest::{Manifest, ObjectRef},
        pack::{Segments, Unlock},
    },
    seal::Secret,
    storage::{BoxReader, ObjectKey, Storage},
};

struct Ours<'a> {
    context: &'a Context,
    data_key: &'a Secret,
}

impl Unlock for Ours<'_> {
    fn unlock(&mut self, segment: u32, bytes: &[u8]) -> Result<Option<Segment>> {
        if segment == self.context.segment {
            header::open(bytes, self.context, self.data_key).map(Some)
        } else {
            Ok(None)
        }
    }
}

/// What is needed to read a segment apart from the vault's borrow, so that a task of its own can.
struct Job {
    storage: Arc<dyn Storage>,
    manifest: Manifest,
    place: Place,
    context: Context,
    data_key: Secret,
    plain_bytes: u64,
    plain_sha256: String,
}

/// The plain data of an archive, as one stream. Consumes the archive's data key.
pub(super) async fn plain(
    vault: &Vault,
    place: &Place,
    archive: Archive,
) -> Result<Box<dyn AsyncRead + Send + Unpin>> {
    if archive.index.content.split.is_some() {
        let blocks = Arc::new(Blocks::open(vault, place, &archive, &Whose::All).await?);
        return Ok(stream_of(move |sender| async move { native::plain(blocks, &sender).await }));
    }
    one_segment(vault, place, archive)
}

/// The plain data of an archive that is not split, whatever it holds. Consumes the archive's data key.
pub(super) fn one_segment<C>(
    vault: &Vault,
    place: &Place,
    archive: ArchiveOf<C>,
) -> Result<Box<dyn AsyncRead + Send + Unpin>> {
    let index = archive
        .index
        .segments
        .into_iter()
        .next()
        .ok_or_else(|| Error::new(Kind::Integrity, "read the backup", "its index names no segment"))?;
    let context = super::archive::context(
        vault,
        place,
        crate::format::context::SegmentKind::Data,
        archive.manifest.codec,
    );
    let job = Job {
        storage: Arc::clone(vault.storage()),
        manifest: archive.manifest,
        place: place.clone(),
        context,
        data_key: archive.data_key,
        plain_bytes: index.plain_bytes,
        plain_sha256: index.plain_sha256,
    };
    Ok(stream_of(move |sender| async move { run(job, &sender).await }))
}

/// A stream of what `work` sends; its error ends the stream.
fn stream_of<F>(work: impl FnOnce(Sender) -> F + Send + 'static) -> Box<dyn AsyncRead + Send + Unpin>
where
    F: Future<Output = Result<()>> + Send + 'static,
{
    let (sender, receiver) = tokio::sync::mpsc::channel::<std::io::Result<Bytes>>(4);
    tokio::spawn(async move {
        if let Err(error) = work(sender.clone()).await {
            // A reader that is gone needs no error.
            let _ = sender.send(Err(std::io::Error::other(error))).await;
        }
    });
    let stream = futures::stream::unfold(receiver, |mut receiver| async move {
        receiver.recv().await.map(|item| (item, receiver))
    });
    Box::new(StreamReader::new(stream.boxed()))
}

type Sender = tokio::sync::mpsc::Sender<std::io::Result<Bytes>>;

async fn run(job: Job, sender: &tokio::sync::mpsc::Sender<std::io::Result<Bytes>>) -> Result<()> {
    let mut segments = Segments::default();
    let mut decoder = Decompressor::new(job.manifest.codec, job.plain_bytes)?;
    let (mut hash, mut frames) = (Sha256::new(), 0u64);
    let mut unlock = Ours { context: &job.context, data_key: &job.data_key };
    for (number, object) in (0u32..).zip(&job.manifest.packs) {
        let (input, sum) = open(&*job.storage, &job.place, number, object).await?;
        let mut reader = PackReader::begin(input, number).await?;
        while let Some(opened) = reader.next(&mut segments, &mut unlock).await? {
            frames += 1;
            let (plain, again) = tokio::task::spawn_blocking(move || (decoder.push(&opened.plain), decoder))
                .await
                .map_err(|error| task_failed("decompress the backup", error))?;
            decoder = again;
            let plain = plain?;
            hash.update(&plain);
            if !plain.is_empty() && sender.send(Ok(plain.into())).await.is_err() {
                return Ok(());
            }
        }
        drop(reader);
        sum.check(object)?;
    }
    segments.finish()?;
    decoder.finish()?;
    let whole = frames == job.manifest.frames && hex::encode(hash.finalize()) == job.plain_sha256;
    if whole {
        Ok(())
    } else {
        Err(Error::new(Kind::Integrity, "read the backup", "its content is not what its index says"))
    }
}

/// Opens a pack so that its bytes are summed while they are read.
pub(super) async fn open(
    storage: &dyn Storage,
    place: &Place,
    number: u32,
    object: &ObjectRef,
) -> Result<(Summed, Sum)> {
    let key = ObjectKey::new(&*object.key)?;
    if key != place.pack(number)? {
        return Err(Error::new(
            Kind::Integrity,
            "read the backup",
            "its manifest points to another backup's data",
        ));
    }
    let input = storage.read(&key, object.version.as_deref(), None).await?;
    let sum = Sum::default();
    Ok((Summed { input, sum: sum.clone() }, sum))
}

/// The SHA-256 and length of what went through a [`Summed`].
#[derive(Clone, Default)]
pub(super) struct Sum(Arc<Mutex<(Sha256, u64)>>);

impl Sum {
    fn add(&self, bytes: &[u8]) {
        if let Ok(mut state) = self.0.lock() {
            state.0.update(bytes);
            state.1 += bytes.len() as u64;
        }
    }
    /// Must be called when the object was read to its end.
    pub fn check(&self, object: &ObjectRef) -> Result<()> {
        let (sha256, size) = match self.0.lock() {
            Ok(state) => (hex::encode(state.0.clone().finalize()), state.1),
            Err(_) => (String::new(), 0),
        };
        if sha256 == object.sha256 && size == object.size {
            return Ok(());
        }
        Err(Error::new(
            Kind::Integrity,
            format!("read {}", object.key),
            "its SHA-256 or size is not the one of the manifest",
        )
        .hint("The copy is damaged. Use another copy of this backup, or an older backup."))
    }
}

/// A reader that sums what it reads.
pub(super) struct Summed {
    input: BoxReader,
    sum: Sum,
}

impl AsyncRead for Summed {
    fn poll_read(
        mut self: Pin<&mut Self>,
        task: &mut Task<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<std::io::Result<()>> {
        let before = buffer.filled().len();
        let polled = Pin::new(&mut self.input).poll_read(task, buffer);
        if let Poll::Ready(Ok(())) = polled {
            self.sum.add(&buffer.filled()[before..]);
        }
        polled
    }
}
