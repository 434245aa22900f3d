//! What can go wrong on the wire, before anybody has said what was being attempted.

use std::io;

use mysql_async::{DriverError, Error as Driver, IoError};

use crate::source::mysql::faults;
use crate::{Error, Kind};

/// What clients call a connection that ended in the middle of an answer.
const LOST: u16 = 2013;

/// A failure below [`super::Wire`].
#[derive(Debug)]
pub(super) enum Fault {
    /// The socket or TLS.
    Io(io::Error),
    /// The server refused, in words. `last` if nothing more can follow on this connection.
    Server { code: u16, message: String, last: bool },
    /// The other side does not speak the protocol as it should.
    Odd(String),
    /// TLS is wanted and the server has none.
    NoTls,
    /// Whoever takes the rows or gives the data has failed; or the request makes no sense.
    Ours(Error),
}

impl From<io::Error> for Fault {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

impl Fault {
    /// An answer that the protocol does not know.
    pub(super) fn odd(what: impl Into<String>) -> Self {
        Self::Odd(what.into())
    }

    /// The connection can be used again.
    pub(super) const fn leaves_open(&self) -> bool {
        matches!(self, Self::Server { last: false, .. })
    }

    /// In words. `who` is the account and address, `seconds` how long was waited at most.
    pub(super) fn explain(self, attempt: &str, who: &str, seconds: u64) -> Error {
        match self {
            Self::Io(error)
                if matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut) =>
            {
                faults::timed_out(attempt, who, seconds)
            }
            Self::Io(error)
                if matches!(
                    error.kind(),
                    io::ErrorKind::UnexpectedEof | io::ErrorKind::ConnectionReset | io::ErrorKind::BrokenPipe
                ) =>
            {
                faults::from_code(attempt, who, LOST, &error.to_string())
            }
            Self::Io(error) => faults::from_driver(attempt, who, Driver::Io(IoError::Io(error))),
            Self::Server { code, message, .. } => faults::from_code(attempt, who, code, &message),
            Self::NoTls => {
                faults::from_driver(attempt, who, Driver::Driver(DriverError::NoClientSslFlagFromServer))
            }
            Self::Odd(what) => Error::new(
                Kind::Source,
                attempt,
                format!("the server of {who} does not keep to the protocol: {what}"),
            )
            .later()
            .hint("Check that a MySQL or MariaDB server answers at this address, and what stands between."),
            Self::Ours(error) => error,
        }
    }
}
