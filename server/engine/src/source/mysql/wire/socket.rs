//! The socket below: TCP or Unix, shared so that a blocked read can be ended from elsewhere.

use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpStream, ToSocketAddrs};
use std::os::unix::net::UnixStream;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use socket2::{SockRef, TcpKeepalive};

use crate::source::mysql::connect::Endpoint;

/// After this long without traffic the system asks whether the other side is still there.
const KEEPALIVE: Duration = Duration::from_secs(30);

#[derive(Debug)]
enum Kind {
    Tcp(TcpStream),
    Unix(UnixStream),
}

#[derive(Debug)]
struct Inner {
    kind: Kind,
    stopped: AtomicBool,
}

impl Inner {
    fn shut(&self) {
        // It may be closed already; there is nothing else to do then.
        let _closed = match &self.kind {
            Kind::Tcp(tcp) => tcp.shutdown(Shutdown::Both),
            Kind::Unix(unix) => unix.shutdown(Shutdown::Both),
        };
    }
}

/// An open socket; clones are the same one.
#[derive(Debug, Clone)]
pub(super) struct Socket(Arc<Inner>);

impl Socket {
    /// Connects within `deadline`.
    pub(super) fn open(endpoint: &Endpoint, deadline: Instant) -> io::Result<Self> {
        let kind = match &endpoint.socket {
            Some(path) => Kind::Unix(UnixStream::connect(path)?),
            None => Kind::Tcp(tcp(endpoint.host.as_str(), endpoint.port, deadline)?),
        };
        Ok(Self(Arc::new(Inner { kind, stopped: AtomicBool::new(false) })))
    }

    /// Nobody on the way can listen: both ends are on this machine.
    pub(super) fn is_local(&self) -> bool {
        matches!(self.0.kind, Kind::Unix(_))
    }

    /// How long a read or a write may take; nothing for as long as it takes.
    pub(super) fn limit(&self, time: Option<Duration>) -> io::Result<()> {
        match &self.0.kind {
            Kind::Tcp(tcp) => tcp.set_read_timeout(time).and_then(|()| tcp.set_write_timeout(time)),
            Kind::Unix(unix) => unix.set_read_timeout(time).and_then(|()| unix.set_write_timeout(time)),
        }
    }

    /// Ends every read and write on it, now and later.
    pub(super) fn shut(&self) {
        self.0.shut();
    }

    /// Somebody asked to stop.
    pub(super) fn is_stopped(&self) -> bool {
        self.0.stopped.load(Ordering::Acquire)
    }

    pub(super) fn stopper(&self) -> Stopper {
        Stopper(Arc::downgrade(&self.0))
    }
}

fn tcp(host: &str, port: u16, deadline: Instant) -> io::Result<TcpStream> {
    let mut last = io::Error::new(io::ErrorKind::NotFound, "the name has no address");
    for address in (host, port).to_socket_addrs()? {
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(io::ErrorKind::TimedOut.into());
        }
        match TcpStream::connect_timeout(&address, left) {
            Ok(tcp) => {
                tcp.set_nodelay(true)?;
                SockRef::from(&tcp).set_tcp_keepalive(&TcpKeepalive::new().with_time(KEEPALIVE))?;
                return Ok(tcp);
            }
            Err(error) => last = error,
        }
    }
    Err(last)
}

impl Read for Socket {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        match &self.0.kind {
            Kind::Tcp(tcp) => (&mut &*tcp).read(into),
            Kind::Unix(unix) => (&mut &*unix).read(into),
        }
    }
}

impl Write for Socket {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match &self.0.kind {
            Kind::Tcp(tcp) => (&mut &*tcp).write(bytes),
            Kind::Unix(unix) => (&mut &*unix).write(bytes),
        }
    }
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Ends what a connection is doing, from another thread. It does not keep the connection open.
#[derive(Debug, Clone)]
pub struct Stopper(Weak<Inner>);

impl Stopper {
    /// Closes the connection; whoever waits on it gets an error that says it was stopped.
    pub fn stop(&self) {
        if let Some(inner) = self.0.upgrade() {
            inner.stopped.store(true, Ordering::Release);
            inner.shut();
        }
    }
}
