//! Servers that do not keep to the protocol. No real one can be brought to it, so these speak by hand.
#![expect(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::io::{Read, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::thread::JoinHandle;

use domain::sources::{AccountName, HostName, TlsMode};
use secrecy::SecretString;

use super::*;
use crate::Retry;

const SECRET: &str = "correct horse battery staple";
const OK: &[u8] = &[0, 0, 0, 2, 0, 0, 0];
const END: &[u8] = &[0xFE, 0, 0, 2, 0, 0, 0];

/// The far end.
struct Far {
    stream: UnixStream,
    heard: Vec<u8>,
    sequence: u8,
}

impl Far {
    /// What the client sends next; nothing once it has gone.
    fn hear(&mut self) -> Option<Vec<u8>> {
        let mut head = [0; 4];
        self.stream.read_exact(&mut head).ok()?;
        let length = u32::from_le_bytes([head[0], head[1], head[2], 0]) as usize;
        let mut payload = vec![0; length];
        self.stream.read_exact(&mut payload).ok()?;
        self.heard.extend_from_slice(&payload);
        self.sequence = head[3].wrapping_add(1);
        Some(payload)
    }
    fn say(&mut self, payload: &[u8]) {
        let mut packet = u32::try_from(payload.len()).unwrap().to_le_bytes()[..3].to_vec();
        packet.push(self.sequence);
        packet.extend_from_slice(payload);
        self.sequence = self.sequence.wrapping_add(1);
        self.raw(&packet);
    }
    fn raw(&mut self, bytes: &[u8]) {
        // The client may be gone already, which is the point of some tests.
        let _gone = self.stream.write_all(bytes);
    }
    fn greet(&mut self, plugin: &[u8], nonce_length: u8) {
        let mut greeting = b"\x0a8.0.11\0\x07\0\0\0abcdefgh\0\xff\xff\x2d\x02\0\xff\xff".to_vec();
        greeting.push(nonce_length);
        greeting.extend_from_slice(&[0; 10]);
        greeting.extend_from_slice(b"ijklmnopqrst\0");
        greeting.extend_from_slice(plugin);
        greeting.push(0);
        self.say(&greeting);
    }
    fn columns(&mut self, count: u8) {
        self.say(&[count]);
        for _ in 0..count {
            self.say(b"\x03def\0\0\0\x01c\0\x0c\x2d\0\xff\0\0\0\xfd\0\0\0\0\0");
        }
    }
    /// Everything up to where a caller has a connection.
    fn welcome(&mut self) {
        self.greet(b"mysql_native_password", 21);
        self.hear();
        self.say(OK);
        for _ in connect::SESSION {
            self.hear();
            self.say(OK);
        }
        self.hear();
        self.columns(2);
        self.say(b"\x0567108\x017");
        self.say(END);
    }
}

/// Starts a server that does what `script` says; it returns what it has heard once the client has gone.
fn far(script: impl FnOnce(&mut Far) + Send + 'static) -> (Endpoint, tempfile::TempDir, JoinHandle<Vec<u8>>) {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("s");
    let listener = UnixListener::bind(&path).unwrap();
    let serving = std::thread::spawn(move || {
        let (stream, _) = listener.accept().unwrap();
        let mut far = Far { stream, heard: Vec::new(), sequence: 0 };
        script(&mut far);
        let _done = far.stream.shutdown(std::net::Shutdown::Write);
        while far.hear().is_some() {}
        far.heard
    });
    let host = HostName::new("localhost").unwrap();
    let user = AccountName::new("u").unwrap();
    let mut endpoint = Endpoint::new(host, 1, user, SecretString::from(SECRET), TlsMode::Off);
    endpoint.socket = Some(path);
    (endpoint, directory, serving)
}

/// What comes of a query that is answered by `script`, and what comes of the query after it.
fn asked(script: impl FnOnce(&mut Far) + Send + 'static) -> (Result<Vec<Vec<u8>>>, Result<Done>, Vec<u8>) {
    let (endpoint, _directory, serving) = far(|far| {
        far.welcome();
        far.hear();
        script(far);
    });
    let mut wire = Wire::connect(&endpoint).unwrap();
    assert_eq!((wire.max_allowed_packet(), wire.connection_id()), (67_108, 7));
    let mut rows = Vec::new();
    let read = wire.rows("SELECT c", "read", &mut |row| {
        rows.push(row.to_vec());
        Ok(())
    });
    let next = wire.run("DO 1", "go on");
    drop(wire);
    (read.map(|_| rows), next, serving.join().unwrap())
}

#[test]
fn a_good_answer_is_taken_and_the_connection_goes_on() {
    let (rows, next, _) = asked(|far| {
        far.columns(1);
        far.say(b"\x01a");
        far.say(b"\xfb");
        far.say(END);
        far.hear();
        far.say(OK);
    });
    assert_eq!(rows.unwrap(), [b"\x01a".to_vec(), b"\xfb".to_vec()]);
    next.unwrap();
}

#[test]
fn answers_that_are_none_are_errors_and_close_the_connection() {
    type Script = fn(&mut Far);
    let scripts: [(&str, Script); 13] = [
        ("nothing", |_| {}),
        ("an empty packet", |far| far.say(b"")),
        ("half a head", |far| far.raw(&[1, 0])),
        ("half a row", |far| {
            far.columns(1);
            far.raw(&[200, 0, 0, 3, b'a']);
        }),
        ("16 MiB announced and not sent", |far| {
            far.columns(1);
            far.raw(&[0xFF, 0xFF, 0xFF, 3, b'a']);
        }),
        ("no end", |far| {
            far.columns(1);
            far.say(b"\x01a");
        }),
        ("an order of its own", |far| {
            far.columns(1);
            far.sequence = 9;
            far.say(b"\x01a");
        }),
        ("more columns than there can be", |far| far.say(&[0xFE, 255, 255, 255, 255, 255, 255, 255, 127])),
        ("a column that is none", |far| {
            far.say(&[1]);
            far.say(&[0xFE, 255, 255, 255, 255, 255, 255, 255, 255]);
        }),
        ("another result", |far| {
            far.columns(1);
            far.say(&[0xFE, 0, 0, 8, 0, 0, 0]);
        }),
        ("an error without a number", |far| far.say(&[0xFF])),
        ("its end, out of turn", |far| {
            far.sequence = 0;
            far.say(b"\xff\x1d\x04#08S01Server shutdown in progress");
        }),
        ("a file, please", |far| far.say(b"\xfb/etc/passwd")),
    ];
    for (name, script) in scripts {
        let (rows, next, _) = asked(script);
        let error = rows.err().unwrap_or_else(|| panic!("{name} was taken"));
        assert_eq!((error.kind(), error.retry()), (Kind::Source, Retry::Later), "{name}: {error:?}");
        let next = next.err().unwrap_or_else(|| panic!("{name} left the connection usable"));
        assert!(next.message().contains("given up"), "{name}: {next:?}");
    }
}

#[test]
fn a_file_that_nobody_offered_is_answered_with_nothing() {
    let (rows, _, heard) = asked(|far| {
        far.say(b"\xfb/etc/passwd");
        assert_eq!(far.hear().as_deref(), Some(&b""[..]));
    });
    assert!(rows.err().unwrap().message().contains("file"));
    assert!(heard.ends_with(b"SELECT c"), "{}", String::from_utf8_lossy(&heard));
}

#[test]
fn what_comes_after_an_answer_is_not_the_answer_to_the_next_question() {
    let (rows, next, _) = asked(|far| {
        far.columns(1);
        let mut tail = vec![7, 0, 0, far.sequence];
        tail.extend_from_slice(END);
        // In one write, so that it is in the buffer when the next question is about to be asked.
        tail.extend_from_slice(&[7, 0, 0, 1]);
        tail.extend_from_slice(OK);
        far.raw(&tail);
    });
    assert!(rows.unwrap().is_empty());
    assert!(next.err().unwrap().message().contains("more than was asked"));
}

#[test]
fn a_server_that_wants_the_password_in_clear_does_not_get_it() {
    let scripts: [fn(&mut Far); 4] = [
        |far| far.greet(b"mysql_clear_password", 21),
        |far| {
            far.greet(b"mysql_native_password", 21);
            far.hear();
            far.say(b"\xfemysql_clear_password\0");
        },
        |far| {
            far.greet(b"caching_sha2_password", 21);
            far.hear();
            far.say(&[0xFE]);
        },
        |far| {
            far.greet(b"mysql_native_password", 21);
            far.hear();
            far.say(&[1, 4]);
        },
    ];
    for script in scripts {
        let (endpoint, _directory, serving) = far(script);
        let error = Wire::connect(&endpoint).err().unwrap();
        let heard = serving.join().unwrap();
        assert!(!String::from_utf8_lossy(&heard).contains(SECRET));
        assert!(!error.chain().contains(SECRET));
    }
}

#[test]
fn greetings_that_are_none_do_no_harm() {
    for length in [0x80, 0xFF, 0x7F] {
        let (endpoint, _directory, serving) = far(move |far| far.greet(b"mysql_native_password", length));
        assert!(Wire::connect(&endpoint).err().unwrap().message().contains("protocol"));
        serving.join().unwrap();
    }
    for bytes in
        [&b""[..], b"HTTP/1.1 400 Bad Request\r\n\r\n", &[1, 0, 0, 0, 10], &[0xFF, 0xFF, 0xFF, 0, 10]]
    {
        let (endpoint, _directory, serving) = far(move |far| far.raw(bytes));
        assert_eq!(Wire::connect(&endpoint).err().unwrap().kind(), Kind::Source);
        serving.join().unwrap();
    }
    let (endpoint, _directory, serving) =
        far(|far| far.say(b"\xff\x6a\x04Host 'x' is not allowed to connect"));
    assert!(Wire::connect(&endpoint).err().unwrap().message().contains("from this machine"));
    serving.join().unwrap();
}
