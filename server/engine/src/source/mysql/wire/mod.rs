//! A blocking connection that hands out rows as the server sent them.
//!
//! A dump touches every byte of a database, so what is done per value decides its speed. The ordinary client turns
//! each value into an object; here a row is a slice of the read buffer, and [`columns`] walks over it without
//! copying. For everything else [`Endpoint::connect`] is the simpler way.
//!
//! Whatever goes wrong between a command and the end of its answer closes the connection: nobody can say where in
//! the stream it stands then. Only a refusal in words, which ends an answer, leaves it usable. The server can never
//! make us send a file: data are sent only inside [`Wire::load`], and only those that the caller gives.

mod fault;
mod fields;
mod handshake;
mod packets;
mod socket;
#[cfg(test)]
mod tests;
mod tls;

use std::time::{Duration, Instant};

use fault::Fault;
use packets::Packets;
use socket::Socket;

pub use fields::{Column, Done, Malformed, Values, columns};
pub use socket::Stopper;

use super::connect::{self, Endpoint};
use crate::{Error, Kind, Result};

/// How long connecting may take altogether, in seconds.
const CONNECT_SECONDS: u64 = 10;

/// Data are sent in pieces of at most this size, in bytes.
const PIECE: usize = 256 << 10;

/// More columns than any server can send.
const MOST_COLUMNS: u64 = 65_535;

const QUIT: u8 = 0x01;
const QUERY: u8 = 0x03;

/// One row: the values, NULL as nothing.
pub type Row = Vec<Option<Vec<u8>>>;

/// An open connection.
pub struct Wire {
    packets: Packets,
    who: String,
    open: bool,
    new_end: bool,
    refused: Option<u16>,
    max_allowed_packet: u64,
    connection_id: u64,
}

/// What the server says first to a statement.
enum Answer {
    Done(Done),
    Columns(u64),
    File,
}

impl Wire {
    /// Connects, with the session that [`Endpoint::connect`] gives.
    pub fn connect(endpoint: &Endpoint) -> Result<Self> {
        let (who, attempt) = (endpoint.shown(), format!("connect to {}", endpoint.shown()));
        let deadline = Instant::now() + Duration::from_secs(CONNECT_SECONDS);
        let shaken = Socket::open(endpoint, deadline).map_err(Fault::Io).and_then(|socket| {
            let mut packets = Packets::new(socket, deadline);
            let new_end = handshake::shake(&mut packets, endpoint)?;
            Ok((packets, new_end))
        });
        let (packets, new_end) = shaken.map_err(|fault| fault.explain(&attempt, &who, CONNECT_SECONDS))?;
        let mut wire = Self {
            packets,
            who,
            open: true,
            new_end,
            refused: None,
            max_allowed_packet: 0,
            connection_id: 0,
        };
        for sql in connect::SESSION {
            wire.run(sql, &attempt)?;
        }
        let numbers = wire.first("SELECT @@max_allowed_packet, CONNECTION_ID()", &attempt)?;
        let number = |at: usize| {
            let text = numbers.as_ref()?.get(at)?.as_deref()?;
            std::str::from_utf8(text).ok()?.parse::<u64>().ok()
        };
        let (Some(packet), Some(id)) = (number(0), number(1)) else {
            return Err(Fault::odd("it does not know its own settings").explain(&attempt, &wire.who, 0));
        };
        (wire.max_allowed_packet, wire.connection_id) = (packet, id);
        Ok(wire)
    }

    /// The largest statement, row or piece of data that the server takes, in bytes.
    pub const fn max_allowed_packet(&self) -> u64 {
        self.max_allowed_packet
    }

    /// The server's number of this connection, for `KILL`.
    pub const fn connection_id(&self) -> u64 {
        self.connection_id
    }

    /// It can be used; once it cannot, it never can again.
    pub const fn is_open(&self) -> bool {
        self.open
    }

    /// The account and address, for messages.
    pub fn who(&self) -> &str {
        &self.who
    }

    /// The server's number of its refusal, if that is how the last statement ended.
    pub const fn refused(&self) -> Option<u16> {
        self.refused
    }

    /// Something that ends whatever this connection is doing, from another thread.
    pub fn stopper(&self) -> Stopper {
        self.packets.socket().stopper()
    }

    /// Runs a statement that gives no rows; if it does give some, they are read and dropped.
    pub fn run(&mut self, sql: impl AsRef<[u8]>, attempt: &str) -> Result<Done> {
        self.guarded(attempt, |wire| match wire.ask(sql.as_ref())? {
            Answer::Done(done) => Ok(done),
            Answer::Columns(count) => wire.result(count, &mut |_| Ok(())).map(|(_, done)| done),
            Answer::File => Err(wire.refuse_file()),
        })
    }

    /// Runs a query and gives each row's packet to `each`, which reads it by [`columns`]. The columns of the result
    /// are returned, none for a statement without rows.
    ///
    /// An error of `each` is returned as it is and closes the connection: the rest of the rows is not read.
    pub fn rows(
        &mut self,
        sql: impl AsRef<[u8]>,
        attempt: &str,
        each: &mut dyn FnMut(&[u8]) -> Result<()>,
    ) -> Result<Vec<Column>> {
        self.guarded(attempt, |wire| match wire.ask(sql.as_ref())? {
            Answer::Done(_) => Ok(Vec::new()),
            Answer::Columns(count) => wire.result(count, each).map(|(columns, _)| columns),
            Answer::File => Err(wire.refuse_file()),
        })
    }

    /// The first row of a query; further ones are read and dropped.
    pub fn first(&mut self, sql: impl AsRef<[u8]>, attempt: &str) -> Result<Option<Row>> {
        let mut first = None;
        self.rows(sql, attempt, &mut |row| {
            if first.is_none() {
                first = Some(owned(row)?);
            }
            Ok(())
        })?;
        Ok(first)
    }

    /// All rows of a query whose result is known to be small.
    pub fn all(&mut self, sql: impl AsRef<[u8]>, attempt: &str) -> Result<Vec<Row>> {
        let mut all = Vec::new();
        self.rows(sql, attempt, &mut |row| {
            all.push(owned(row)?);
            Ok(())
        })?;
        Ok(all)
    }

    /// Runs a `LOAD DATA LOCAL INFILE`. The file name in it means nothing: `data` gives what is loaded. It appends
    /// the next piece to the empty buffer that it gets, and says whether there is more.
    ///
    /// An error of `data` is returned as it is and closes the connection, so that the server does not take a part
    /// for the whole. Whether it keeps that part is for the transaction to say: load inside of one.
    pub fn load(
        &mut self,
        sql: impl AsRef<[u8]>,
        attempt: &str,
        data: &mut dyn FnMut(&mut Vec<u8>) -> Result<bool>,
    ) -> Result<Done> {
        let piece = usize::try_from(self.max_allowed_packet).unwrap_or(PIECE).clamp(1, PIECE);
        self.guarded(attempt, |wire| {
            match wire.ask(sql.as_ref())? {
                Answer::File => {}
                Answer::Done(_) | Answer::Columns(_) => {
                    let message = "the statement does not ask for data";
                    return Err(Fault::Ours(Error::new(Kind::Input, attempt, message)));
                }
            }
            let mut buffer = Vec::with_capacity(piece);
            loop {
                buffer.clear();
                let more = data(&mut buffer).map_err(Fault::Ours)?;
                for part in buffer.chunks(piece) {
                    wire.packets.send(&[], part)?;
                }
                if !more {
                    break;
                }
            }
            wire.packets.send(&[], &[])?;
            match wire.answer()? {
                Answer::Done(done) => Ok(done),
                Answer::Columns(_) | Answer::File => {
                    Err(Fault::odd("it does not say what became of the data"))
                }
            }
        })
    }

    /// Runs one exchange; whatever does not end where an answer ends, closes the connection.
    fn guarded<T>(
        &mut self,
        attempt: &str,
        exchange: impl FnOnce(&mut Self) -> std::result::Result<T, Fault>,
    ) -> Result<T> {
        if !self.open {
            if self.packets.socket().is_stopped() {
                return Err(Error::cancelled(attempt));
            }
            let message = format!("the connection of {} was given up by an earlier failure", self.who);
            return Err(Error::new(Kind::Source, attempt, message).later());
        }
        // Should a callback panic, the connection is not taken for usable.
        self.open = false;
        let outcome = exchange(self);
        self.open = outcome.as_ref().map_or_else(Fault::leaves_open, |_| true);
        if !self.open {
            self.packets.socket().shut();
        }
        self.refused = match &outcome {
            Err(Fault::Server { code, .. }) => Some(*code),
            _ => None,
        };
        outcome.map_err(|fault| match fault {
            Fault::Ours(error) => error,
            _ if self.packets.socket().is_stopped() => Error::cancelled(attempt),
            fault => fault.explain(attempt, &self.who, CONNECT_SECONDS),
        })
    }

    fn ask(&mut self, sql: &[u8]) -> std::result::Result<Answer, Fault> {
        match self.packets.command(QUERY, sql) {
            // A server that finds a statement too large says so and closes while we are still sending.
            Err(Fault::Io(error)) => match self.answer() {
                Err(Fault::Server { code, message, .. }) => Err(Fault::Server { code, message, last: true }),
                _ => Err(Fault::Io(error)),
            },
            sent => sent.and_then(|()| self.answer()),
        }
    }

    fn answer(&mut self) -> std::result::Result<Answer, Fault> {
        let at = self.packets.read()?;
        let payload = self.packets.payload(&at);
        match payload.first() {
            Some(0x00) => fields::done(payload).map(Answer::Done),
            Some(0xFF) => Err(refused(payload)),
            Some(0xFB) => Ok(Answer::File),
            Some(_) => {
                let mut reader = fields::Reader(payload);
                let count = reader.number()?;
                if count > MOST_COLUMNS || !reader.0.is_empty() {
                    return Err(fields::Malformed.into());
                }
                Ok(Answer::Columns(count))
            }
            None => Err(fields::Malformed.into()),
        }
    }

    fn result(
        &mut self,
        count: u64,
        each: &mut dyn FnMut(&[u8]) -> Result<()>,
    ) -> std::result::Result<(Vec<Column>, Done), Fault> {
        let mut columns = Vec::new();
        for _ in 0..count {
            let at = self.packets.read()?;
            columns.push(Column::read(self.packets.payload(&at))?);
        }
        if !self.new_end {
            let at = self.packets.read()?;
            fields::old_end(self.packets.payload(&at))?;
        }
        let longest_end = if self.new_end { packets::FULL } else { 9 };
        loop {
            let at = self.packets.read()?;
            let payload = self.packets.payload(&at);
            match payload.first() {
                Some(0xFF) => return Err(refused(payload)),
                Some(0xFE) if payload.len() < longest_end => {
                    let done = if self.new_end { fields::done(payload)? } else { fields::old_end(payload)? };
                    return Ok((columns, done));
                }
                Some(_) => each(payload).map_err(Fault::Ours)?,
                None => return Err(fields::Malformed.into()),
            }
        }
    }

    /// The server asks for a file where nobody offered one: it gets nothing, and no further word.
    fn refuse_file(&mut self) -> Fault {
        match self.packets.send(&[], &[]) {
            Ok(()) => Fault::odd("it asked for a file of ours, which it did not get"),
            Err(fault) => fault,
        }
    }
}

impl Drop for Wire {
    fn drop(&mut self) {
        if self.open {
            // A courtesy: without it the server logs an aborted connection.
            let _closed = self.packets.command(QUIT, &[]);
        }
        self.packets.socket().shut();
    }
}

fn refused(payload: &[u8]) -> Fault {
    match fields::refusal(payload) {
        Some((code, message)) => Fault::Server { code, message, last: false },
        None => fields::Malformed.into(),
    }
}

fn owned(row: &[u8]) -> Result<Row> {
    columns(row).map(|value| Ok(value?.map(<[u8]>::to_vec))).collect()
}
