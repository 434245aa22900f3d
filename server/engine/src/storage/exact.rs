//! A reader that insists on the announced length: a body that ends early is a failure, not an end.

use std::{
    io,
    pin::Pin,
    task::{Context, Poll, ready},
};

use tokio::io::{AsyncRead, ReadBuf};

use crate::{Error, Kind};

/// Passes `inner` on and fails unless it delivers exactly the announced number of bytes.
pub(super) struct Exact<R> {
    inner: R,
    announced: u64,
    left: u64,
    attempt: String,
}

impl<R> Exact<R> {
    /// `attempt` is for the error: what is being read from where.
    pub(super) fn new(inner: R, announced: u64, attempt: String) -> Self {
        Self { inner, announced, left: announced, attempt }
    }
    fn failure(&self, kind: io::ErrorKind, message: String) -> io::Error {
        io::Error::new(kind, Error::new(Kind::Storage, self.attempt.clone(), message).later())
    }
}

impl<R: AsyncRead + Unpin> AsyncRead for Exact<R> {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        if buf.remaining() == 0 {
            return Poll::Ready(Ok(()));
        }
        let before = buf.filled().len();
        if let Err(error) = ready!(Pin::new(&mut this.inner).poll_read(cx, buf)) {
            let got = this.announced - this.left;
            let kind = error.kind();
            let failed = Error::new(
                Kind::Storage,
                this.attempt.clone(),
                format!("the connection or the disk failed after {got} of {} bytes", this.announced),
            );
            return Poll::Ready(Err(io::Error::new(kind, failed.later().caused_by(error))));
        }
        let got = (buf.filled().len() - before) as u64;
        if got == 0 && this.left > 0 {
            let text = format!("it ended after {} of {} bytes", this.announced - this.left, this.announced);
            return Poll::Ready(Err(this.failure(io::ErrorKind::UnexpectedEof, text)));
        }
        if got > this.left {
            // A failed read has delivered nothing, says the trait.
            buf.set_filled(before);
            let text = format!("more than the announced {} bytes came", this.announced);
            return Poll::Ready(Err(this.failure(io::ErrorKind::InvalidData, text)));
        }
        this.left -= got;
        Poll::Ready(Ok(()))
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use tokio::io::AsyncReadExt;

    use super::Exact;

    #[tokio::test]
    async fn only_the_announced_length_passes() {
        let read = async |announced| {
            let mut body = Vec::new();
            let mut reader = Exact::new(&b"12345"[..], announced, "read x".into());
            reader.read_to_end(&mut body).await.map(|_| body)
        };
        assert_eq!(read(5).await.unwrap(), b"12345");
        assert_eq!(read(6).await.unwrap_err().kind(), std::io::ErrorKind::UnexpectedEof);
        assert_eq!(read(4).await.unwrap_err().kind(), std::io::ErrorKind::InvalidData);
    }
}
