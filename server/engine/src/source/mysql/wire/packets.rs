//! Packets in both directions: a length of three bytes, a sequence number, the payload.
//!
//! A packet that lies whole in the read buffer is handed out where it lies. Only one that is larger than the
//! buffer, or that was split because it reached 16 MiB, is put together elsewhere; that place grows with what has
//! really arrived, never with what was announced, and is given back when small packets follow.

use std::io::{self, Read, Write};
use std::ops::Range;
use std::time::{Duration, Instant};

use rustls::{ClientConnection, StreamOwned};
use zeroize::Zeroize;

use super::fault::Fault;
use super::fields;
use super::socket::Socket;

/// The read buffer, in bytes.
const BUFFER: usize = 256 << 10;

/// The largest payload of one packet; a payload of exactly this length is continued by the next packet.
pub(super) const FULL: usize = 0xFF_FFFF;

/// The largest row or message that is taken, in bytes: the protocol's own limit is 1 GiB.
const LARGEST: usize = (1 << 30) + (64 << 10);

/// What a large packet may leave allocated for the next large one, in bytes.
const KEPT: usize = 32 << 20;

/// Payloads up to this size are sent together with their head, in bytes.
const TOGETHER: usize = 64 << 10;

enum Stream {
    Plain(Socket),
    Tls(Box<StreamOwned<ClientConnection, Socket>>),
}

impl Stream {
    fn as_read(&mut self) -> &mut dyn Read {
        match self {
            Self::Plain(socket) => socket,
            Self::Tls(tls) => tls,
        }
    }
    fn as_write(&mut self) -> &mut dyn Write {
        match self {
            Self::Plain(socket) => socket,
            Self::Tls(tls) => tls,
        }
    }
}

/// Where the packet lies that was read last.
pub(super) enum At {
    Buffer(Range<usize>),
    Apart,
}

/// A connection as a sequence of packets.
pub(super) struct Packets {
    stream: Stream,
    socket: Socket,
    buffer: Box<[u8]>,
    start: usize,
    end: usize,
    apart: Vec<u8>,
    out: Vec<u8>,
    sequence: u8,
    deadline: Option<Instant>,
}

impl Packets {
    /// Over a new socket; until [`Packets::settled`] everything has to happen before `deadline`.
    pub(super) fn new(socket: Socket, deadline: Instant) -> Self {
        Self {
            stream: Stream::Plain(socket.clone()),
            socket,
            buffer: vec![0; BUFFER].into_boxed_slice(),
            start: 0,
            end: 0,
            apart: Vec::new(),
            out: Vec::new(),
            sequence: 0,
            deadline: Some(deadline),
        }
    }

    pub(super) const fn socket(&self) -> &Socket {
        &self.socket
    }

    /// Nobody on the way can listen.
    pub(super) fn is_private(&self) -> bool {
        matches!(self.stream, Stream::Tls(_)) || self.socket.is_local()
    }

    /// Continues under TLS.
    pub(super) fn encrypt(&mut self, session: ClientConnection) -> Result<(), Fault> {
        // Whatever came before the encryption could have been put there by anybody.
        self.nothing_left()?;
        self.stream = Stream::Tls(Box::new(StreamOwned::new(session, self.socket.clone())));
        Ok(())
    }

    /// The connection stands: no limits any more, and nothing of the password in memory.
    pub(super) fn settled(&mut self) -> Result<(), Fault> {
        self.deadline = None;
        self.out.zeroize();
        Ok(self.socket.limit(None)?)
    }

    fn nothing_left(&self) -> Result<(), Fault> {
        if self.start == self.end { Ok(()) } else { Err(Fault::odd("it sent more than was asked for")) }
    }

    fn watch(&self) -> io::Result<()> {
        let Some(deadline) = self.deadline else { return Ok(()) };
        let left = deadline.saturating_duration_since(Instant::now());
        if left < Duration::from_millis(1) {
            return Err(io::ErrorKind::TimedOut.into());
        }
        self.socket.limit(Some(left))
    }

    /// The payload of the packet that [`Packets::read`] found.
    pub(super) fn payload(&self, at: &At) -> &[u8] {
        match at {
            At::Buffer(range) => self.buffer.get(range.clone()).unwrap_or_default(),
            At::Apart => &self.apart,
        }
    }

    /// Reads the next packet.
    pub(super) fn read(&mut self) -> Result<At, Fault> {
        self.need(4)?;
        let (length, sequence) = self.head();
        if length + 4 > BUFFER {
            return self.read_apart(length, sequence).map(|()| At::Apart);
        }
        self.need(4 + length)?;
        let range = self.start + 4..self.start + 4 + length;
        self.start = range.end;
        if sequence != self.sequence {
            return Err(out_of_order(&self.buffer[range]));
        }
        self.sequence = self.sequence.wrapping_add(1);
        if self.apart.capacity() > 0 {
            self.apart = Vec::new();
        }
        Ok(At::Buffer(range))
    }

    /// Length and sequence number of the head at the start; four bytes are there.
    fn head(&self) -> (usize, u8) {
        match self.buffer[self.start..] {
            [a, b, c, sequence, ..] => {
                (usize::from(a) | usize::from(b) << 8 | usize::from(c) << 16, sequence)
            }
            _ => (0, 0),
        }
    }

    fn need(&mut self, bytes: usize) -> Result<(), Fault> {
        while self.end - self.start < bytes {
            // What is left is part of one packet, so little is moved, and the next read has all the room.
            self.buffer.copy_within(self.start..self.end, 0);
            self.end -= self.start;
            self.start = 0;
            self.watch()?;
            match self.stream.as_read().read(&mut self.buffer[self.end..]) {
                Ok(0) => return Err(Fault::Io(io::ErrorKind::UnexpectedEof.into())),
                Ok(count) => self.end += count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }

    fn read_apart(&mut self, mut length: usize, mut sequence: u8) -> Result<(), Fault> {
        if self.deadline.is_some() {
            return Err(Fault::odd("a greeting of such a length is none"));
        }
        if self.apart.capacity() > KEPT {
            self.apart = Vec::new();
        }
        self.apart.clear();
        loop {
            if sequence != self.sequence {
                return Err(Fault::odd("its packets are out of order"));
            }
            self.sequence = self.sequence.wrapping_add(1);
            if self.apart.len() + length > LARGEST {
                return Err(Fault::odd("a row is larger than 1 GiB"));
            }
            self.start += 4;
            let here = length.min(self.end - self.start);
            self.apart.extend_from_slice(&self.buffer[self.start..self.start + here]);
            self.start += here;
            let wanted = length - here;
            let limit = u64::try_from(wanted).unwrap_or(u64::MAX);
            let got = self.stream.as_read().take(limit).read_to_end(&mut self.apart)?;
            if got < wanted {
                return Err(Fault::Io(io::ErrorKind::UnexpectedEof.into()));
            }
            if length < FULL {
                return Ok(());
            }
            self.need(4)?;
            (length, sequence) = self.head();
        }
    }

    /// Begins a command. The answer to the one before must have been read whole.
    pub(super) fn command(&mut self, command: u8, body: &[u8]) -> Result<(), Fault> {
        self.nothing_left()?;
        self.sequence = 0;
        self.send(&[command], body)
    }

    /// Sends a payload that begins with `lead` and goes on with `body`, in as many packets as it takes.
    pub(super) fn send(&mut self, mut lead: &[u8], mut body: &[u8]) -> Result<(), Fault> {
        self.watch()?;
        loop {
            let (now, later) = body.split_at(body.len().min(FULL - lead.len()));
            let length = lead.len() + now.len();
            self.out.clear();
            self.out.extend_from_slice(&u32::try_from(length).unwrap_or_default().to_le_bytes()[..3]);
            self.out.push(self.sequence);
            self.out.extend_from_slice(lead);
            self.sequence = self.sequence.wrapping_add(1);
            let stream = self.stream.as_write();
            if now.len() <= TOGETHER {
                self.out.extend_from_slice(now);
                stream.write_all(&self.out)?;
            } else {
                stream.write_all(&self.out)?;
                stream.write_all(now)?;
            }
            if length < FULL {
                return Ok(stream.flush()?);
            }
            (lead, body) = (&[], later);
        }
    }
}

/// A server that ends the connection says so out of turn; anything else out of turn is nonsense.
fn out_of_order(payload: &[u8]) -> Fault {
    match fields::refusal(payload) {
        Some((code, message)) => Fault::Server { code, message, last: true },
        None => Fault::odd("its packets are out of order"),
    }
}
