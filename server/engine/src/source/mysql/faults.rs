//! What a server's or a client program's refusal means: in words, with a hint, and whether it may pass.
//!
//! Error numbers are the only thing both families and both kinds of clients have in common, so everything is
//! decided by number. Client programs bury the number in a sentence; [`code_in`] digs it out.
//!
//! Some messages quote what is in a row. Every message of a server or of a client program becomes an error here, so
//! here it loses what it quotes ([`words`](super::words)), and the driver's own error, which would bring it back into
//! the log, is not kept as a cause.

use mysql_async::{DriverError, Error as Driver, IoError};

use super::words;
use crate::{Error, Kind, source::tool::Exit};

/// Turns a failure of a connection into ours. `who` is the account and address (`backup@db1:3306`).
pub fn from_driver(attempt: impl Into<String>, who: &str, error: Driver) -> Error {
    let attempt = attempt.into();
    match &error {
        // A trigger or a routine chose the words.
        Driver::Server(server) if server.state == RAISED => return from_code(attempt, who, server.code, ""),
        Driver::Server(server) => return from_code(attempt, who, server.code, &server.message),
        // A certificate that is refused during the handshake arrives as invalid data.
        Driver::Io(IoError::Io(io)) if io.kind() == std::io::ErrorKind::InvalidData => insecure(attempt, who, &io.to_string()),
        Driver::Io(IoError::Io(io)) => unreachable_server(attempt, who, &io.to_string()),
        Driver::Io(IoError::Tls(tls)) => insecure(attempt, who, &tls.to_string()),
        Driver::Driver(DriverError::NoClientSslFlagFromServer) => {
            Error::new(Kind::Source, attempt, format!("the server of {who} offers no TLS"))
                .hint("Enable TLS on the server, or set the connection's TLS to off if it is on the same machine or behind a tunnel.")
        }
        Driver::Driver(DriverError::ConnectionClosed) => unreachable_server(attempt, who, "it closed the connection"),
        _ => Error::new(Kind::Source, attempt, format!("talking to {who} failed")).later(),
    }
    .caused_by(error)
}

/// SQLSTATE of an error that a trigger or routine raises without saying which.
const RAISED: &str = "45000";

/// The failure that a client program ended with; nothing if it gave no number.
pub fn from_exit(attempt: &str, who: &str, exit: &Exit) -> Option<Error> {
    let said = words::spoken(exit);
    Some(from_code(attempt, who, code_in(said)?, said))
}

/// How a client program ended that gave no number, without what it quotes.
pub fn ended(exit: &Exit) -> String {
    let said: String = words::unquoted(words::spoken(exit).trim()).chars().take(600).collect();
    if said.is_empty() {
        format!("ended with {}", exit.status)
    } else {
        format!("ended with {}: {said}", exit.status)
    }
}

fn insecure(attempt: String, who: &str, why: &str) -> Error {
    Error::new(Kind::Source, attempt, format!("no secure connection to {who}: {why}")).hint(
        "Check the server's certificate and the host name, or name the CA file. Turning the check off protects only against listening.",
    )
}

fn unreachable_server(attempt: String, who: &str, why: &str) -> Error {
    Error::new(Kind::Source, attempt, format!("the server of {who} does not answer: {why}"))
        .later()
        .hint("Check host, port and firewall, and that the server is running.")
}

/// The connection took too long.
pub fn timed_out(attempt: impl Into<String>, who: &str, seconds: u64) -> Error {
    unreachable_server(attempt.into(), who, &format!("nothing came within {seconds} s"))
}

/// Turns a server's error number into ours. Of `message` it keeps what names no value.
pub fn from_code(attempt: impl Into<String>, who: &str, code: u16, message: &str) -> Error {
    let said = words::repeatable(code, message);
    let message = said.clone().unwrap_or_else(|| format!("error {code}"));
    let (text, hint, later): (String, &str, bool) = match code {
        1045 | 1698 => (
            format!("the server refused the password of {who}"),
            "Enter the password again, and check that the account may connect from this machine.",
            false,
        ),
        1130 => (
            format!("the server does not let {who} connect from this machine"),
            "Create the account for this machine's address ('user'@'address'), or correct the host.",
            false,
        ),
        1820 | 1862 => {
            (format!("the password of {who} has expired"), "Give the account a new password.", false)
        }
        3118 | 4151 => {
            (format!("the account of {who} is locked"), "Unlock it: ALTER USER … ACCOUNT UNLOCK.", false)
        }
        3159 => (
            "the server accepts only secure connections".to_owned(),
            "Set the connection's TLS to verify or encrypt.",
            false,
        ),
        1049 => (
            format!("there is no such database, or {who} cannot see it: {message}"),
            "Check the name; databases are listed by the connection test.",
            false,
        ),
        1044 => (
            format!("{who} may not use this database: {message}"),
            "For backups the connection test prints the exact GRANT that is missing. For restores the account must be \
             allowed to create databases and accounts: use one that is made for it.",
            false,
        ),
        1142 | 1143 | 1227 | 1370 | 3530 => (
            format!("{who} lacks a privilege: {message}"),
            "For backups the connection test prints the exact GRANT that is missing. To put rows back into a live database \
             the account needs INSERT, UPDATE and DELETE there. For restores into a new database it must be allowed to \
             create databases and accounts: use one that is made for it.",
            false,
        ),
        1419 => (
            "the server lets only administrators create triggers and functions while it writes a binary log"
                .to_owned(),
            "On the server that is restored to, set log_bin_trust_function_creators=1, or switch its binary log off.",
            false,
        ),
        1040 | 1203 | 1226 => {
            (format!("too many connections: {message}"), "Raise the limit or try again later.", true)
        }
        1412 | 1146 | 1051 | 1054 | 1176 | 1684 | 1932 => (
            format!("a table changed while it was being read: {message}"),
            "Somebody altered, truncated or dropped a table. It is tried again; if it stays so, back up outside deployments.",
            true,
        ),
        1205 | 1213 | 1969 | 3024 => {
            (format!("it waited too long for a lock: {message}"), "It is tried again.", true)
        }
        1053 | 1317 | 1927 | 2002 | 2003 | 2005 | 2006 | 2013 | 1158..=1161 => (
            format!("the connection of {who} was cut: {message}"),
            "Check that the server is running and was not restarted, and the network between.",
            true,
        ),
        1153 | 2020 => (
            format!("a row is larger than the server accepts: {message}"),
            "Raise max_allowed_packet on that server; 1G is its maximum.",
            false,
        ),
        1115 | 1273 | 1283 => (
            format!("the server does not know a character set or collation: {message}"),
            "Use a server of the same family, at least as new as the source.",
            false,
        ),
        1007 => (format!("it exists already: {message}"), "Choose a name that is not in use.", false),
        1021 | 1114 | 3675 => {
            return Error::new(Kind::Space, attempt, format!("the server has no room left: {message}"))
                .later()
                .hint("Free some space on the database server.");
        }
        1644 => (
            "a trigger or routine of the database refused, in words of its own (error 1644)".to_owned(),
            "Its words are not repeated, because they may hold values of rows. See what the triggers of the table check.",
            false,
        ),
        _ => match said {
            Some(said) => (format!("the server said {code}: {said}"), "", false),
            None => (
                format!("the server refused with error {code}"),
                "Its words are not repeated, because they may hold values of rows. The server's manual explains the number.",
                false,
            ),
        },
    };
    let mut error = Error::new(Kind::Source, attempt, text);
    if later {
        error = error.later();
    }
    if hint.is_empty() { error } else { error.hint(hint) }
}

/// The server's error number in what a client program wrote to standard error.
///
/// `mysqldump: Got error: 1045: "Access …`, `mysqldump: Error 1412: …`, `ERROR 1064 (42000) at line 5: …`,
/// `Couldn't execute 'show …': … (1146)`.
pub fn code_in(stderr: &str) -> Option<u16> {
    stderr.lines().find_map(|line| {
        if line.contains("[Warning]") {
            return None;
        }
        let lower = line.to_ascii_lowercase();
        let after = lower.find("error").map(|at| &lower[at + 5..]);
        let leading = after.and_then(|rest| {
            let digits: String =
                rest.trim_start_matches([':', ' ']).chars().take_while(char::is_ascii_digit).collect();
            digits.parse().ok()
        });
        leading.or_else(|| {
            let inside = line.trim_end().strip_suffix(')')?.rsplit_once('(')?.1;
            inside.parse().ok()
        })
    })
}

/// The number of a server's error, if that is what it is.
pub const fn code_of(error: &Driver) -> Option<u16> {
    match error {
        Driver::Server(server) => Some(server.code),
        _ => None,
    }
}

/// Numbers that mean "this account may not".
pub const fn is_denied(code: u16) -> bool {
    matches!(code, 1044 | 1045 | 1142 | 1143 | 1227 | 1370)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_found_in_what_clients_say() {
        for (text, code) in [
            ("mysqldump: Got error: 1045: \"Access denied\" when trying to connect", Some(1045)),
            (
                "mariadb-dump: Error 1412: Table definition has changed when dumping table `t` at row: 0",
                Some(1412),
            ),
            ("ERROR 1064 (42000) at line 5: You have an error", Some(1064)),
            (
                "mysqldump: Couldn't execute 'show create table `x`': Table 'd.x' doesn't exist (1146)",
                Some(1146),
            ),
            ("mysqldump: Error: 'Access denied; you need' when trying to dump tablespaces", None),
            ("", None),
        ] {
            assert_eq!(code_in(text), code, "{text}");
        }
    }

    #[test]
    fn no_value_gets_into_an_error_or_its_causes() {
        let server = |code, state: &str, message: &str| {
            Driver::Server(mysql_async::ServerError { code, state: state.into(), message: message.into() })
        };
        for error in [
            server(1062, "23000", "Duplicate entry 'secret' for key 'k'"),
            server(1690, "22003", "BIGINT value is out of range in 'secret'"),
            server(1644, "45000", "secret"),
            server(1146, "45000", "secret"),
            server(65000, "HY000", "secret"),
        ] {
            let error = from_driver("load", "u@h", error);
            assert!(!format!("{error:?}").contains("secret"), "{error:?}");
        }
        let error = from_code("load", "u@h", 1062, "Duplicate entry 'secret' for key 'k'");
        assert!(error.message().contains("1062") && error.message().contains("key 'k'"), "{error:?}");
    }

    #[test]
    fn what_may_pass_is_told_from_what_will_not() {
        use crate::Retry;
        assert_eq!(from_code("x", "u@h", 1412, "").retry(), Retry::Later);
        assert_eq!(from_code("x", "u@h", 1045, "").retry(), Retry::Never);
        assert_eq!(from_code("x", "u@h", 1114, "").kind(), Kind::Space);
        assert!(from_code("x", "u@h", 1142, "").advice().is_some());
    }
}
