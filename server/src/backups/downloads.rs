//! How many downloads run beside each other, and how long one waits for its reader.
//!
//! Each download opens a backup, decompresses and checks all of it, and holds some megabytes while it does. A person
//! with a few browser tabs, or a reader that never reads, must not be able to take that from everybody else: so a few
//! run for one person, a few more in all, and one whose reader takes next to nothing is ended.

use std::{
    collections::HashMap,
    io,
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
    task::{Context, Poll, ready},
    time::Duration,
};

use domain::Fault;
use tokio::{
    io::AsyncWrite,
    time::{Instant, Sleep},
};

/// Downloads of one person at a time.
pub const OF_A_PERSON: usize = 2;
/// Downloads of everybody at a time.
pub const IN_ALL: usize = 8;
/// When asking again may help, in seconds.
const AGAIN_S: u32 = 60;

/// So many bytes a reader must take...
const TAKEN: u64 = 64 << 10;
/// ...for every time that it is waited for so long.
const PATIENCE: Duration = Duration::from_secs(60);

/// The downloads that run in this process.
#[derive(Debug, Clone, Default)]
pub struct Downloads(Arc<Mutex<HashMap<String, usize>>>);

impl Downloads {
    /// A place for one more download of `person`, free again when it is dropped.
    pub fn enter(&self, person: &str) -> Result<Place, Fault> {
        let mut running = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if running.get(person).is_some_and(|own| *own >= OF_A_PERSON) {
            let what = format!("{OF_A_PERSON} of your downloads are running already");
            return Err(Fault::Busy { what, is_own: true, retry_after_s: AGAIN_S });
        }
        if running.values().sum::<usize>() >= IN_ALL {
            let what = "as many downloads are running as this server carries at a time".into();
            return Err(Fault::Busy { what, is_own: false, retry_after_s: AGAIN_S });
        }
        *running.entry(person.to_owned()).or_default() += 1;
        Ok(Place { downloads: self.clone(), person: person.to_owned() })
    }
}

/// One download's place.
#[derive(Debug)]
pub struct Place {
    downloads: Downloads,
    person: String,
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut running = self.downloads.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(own) = running.get_mut(&self.person) {
            *own -= 1;
            if *own == 0 {
                running.remove(&self.person);
            }
        }
    }
}

/// What a reader took, and how long it was waited for meanwhile.
#[derive(Debug)]
struct Pace {
    patience: Duration,
    taken: u64,
    waited: Duration,
}

impl Pace {
    /// How long it may be waited for now.
    const fn left(&self) -> Duration {
        self.patience.saturating_sub(self.waited)
    }
    const fn waited(&mut self, time: Duration) {
        self.waited = self.waited.saturating_add(time);
    }
    const fn took(&mut self, bytes: usize) {
        self.taken += bytes as u64;
        if self.taken >= TAKEN {
            (self.taken, self.waited) = (0, Duration::ZERO);
        }
    }
}

/// Writes to a reader, and gives up on one that takes too little. Only the time counts in which the reader is waited for.
pub struct Patient<W> {
    inner: W,
    pace: Pace,
    /// Since when it is waited now, and until when at most.
    waiting: Option<(Instant, Pin<Box<Sleep>>)>,
}

impl<W> Patient<W> {
    /// With the patience of all downloads.
    pub const fn new(inner: W) -> Self {
        Self::with(inner, PATIENCE)
    }
    const fn with(inner: W, patience: Duration) -> Self {
        Self { inner, pace: Pace { patience, taken: 0, waited: Duration::ZERO }, waiting: None }
    }

    /// Waits for the reader, unless that has lasted too long.
    fn wait(&mut self, cx: &mut Context<'_>) -> Poll<io::Error> {
        let left = self.pace.left();
        let begin = || (Instant::now(), Box::pin(tokio::time::sleep(left)));
        let (_, end) = self.waiting.get_or_insert_with(begin);
        ready!(end.as_mut().poll(cx));
        Poll::Ready(io::Error::new(io::ErrorKind::TimedOut, "the reader takes next to nothing"))
    }

    fn went_on(&mut self, bytes: usize) {
        if let Some((since, _)) = self.waiting.take() {
            self.pace.waited(since.elapsed());
        }
        self.pace.took(bytes);
    }
}

impl<W: AsyncWrite + Unpin> AsyncWrite for Patient<W> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        match Pin::new(&mut self.inner).poll_write(cx, bytes) {
            Poll::Pending => self.wait(cx).map(Err),
            Poll::Ready(written) => {
                self.went_on(written.as_ref().copied().unwrap_or_default());
                Poll::Ready(written)
            }
        }
    }
    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(cx)
    }
    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use tokio::io::AsyncWriteExt;

    use super::*;

    #[test]
    fn one_person_has_few_places_and_everybody_a_few_more() {
        let downloads = Downloads::default();
        let mut places: Vec<_> = (0..OF_A_PERSON).map(|_| downloads.enter("a").unwrap()).collect();
        let own = downloads.enter("a").unwrap_err();
        assert!(own.status() == 429 && matches!(own, Fault::Busy { is_own: true, .. }), "{own:?}");
        places.extend((OF_A_PERSON..IN_ALL).map(|n| downloads.enter(&format!("p{n}")).unwrap()));
        let all = downloads.enter("z").unwrap_err();
        assert!(all.status() == 503 && matches!(all, Fault::Busy { is_own: false, .. }), "{all:?}");
        places.remove(0);
        let again = downloads.enter("a").unwrap();
        assert!(downloads.enter("a").is_err());
        drop((places, again));
        assert!(downloads.0.lock().unwrap().is_empty(), "nobody is remembered for ever");
    }

    #[tokio::test]
    async fn a_reader_that_stops_is_given_up_and_one_that_reads_is_not() {
        let (writer, reader) = tokio::io::duplex(16);
        let error = Patient::with(writer, Duration::from_millis(20)).write_all(&[0; 64]).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
        drop(reader);

        let (writer, mut reader) = tokio::io::duplex(16);
        let reading = tokio::spawn(async move { tokio::io::copy(&mut reader, &mut tokio::io::sink()).await });
        let mut patient = Patient::new(writer);
        patient.write_all(&vec![0; 1 << 20]).await.unwrap();
        drop(patient);
        assert_eq!(reading.await.unwrap().unwrap(), 1 << 20);
    }

    #[test]
    fn a_byte_now_and_then_is_not_enough() {
        let second = Duration::from_secs(1);
        let mut pace = Pace { patience: second * 60, taken: 0, waited: Duration::ZERO };
        for _ in 0..60 {
            assert!(pace.left() > Duration::ZERO);
            pace.waited(second);
            pace.took(1);
        }
        assert_eq!(pace.left(), Duration::ZERO);
        pace.took(64 << 10);
        assert_eq!(pace.left(), second * 60, "what was asked for has come");
    }
}
