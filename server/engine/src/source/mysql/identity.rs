//! Whether two addresses lead to one server.
//!
//! A server has many addresses: names, aliases, sockets, tunnels, proxies. So the servers themselves are asked, over
//! two connections at the same time. A lock taken by name on one and seen on the other proves one server; it needs
//! no privilege and leaves nothing. What they say of themselves is compared as well, because a proxy may lead two
//! connections of one address to two servers, and some clusters know no such locks.

use domain::sources::ServerFamily;
use mysql_async::Conn;

use super::{
    connect::Endpoint,
    inspect::{Session, number, server_facts, text},
};
use crate::{Error, Kind, Result, source::inventory::ServerFacts};

const ATTEMPT: &str = "see whether two addresses lead to one server";

/// Uptime is told in whole seconds and read twice, not at one instant.
const SAME_START_SECONDS: u64 = 2;

/// What a server says of itself that no other one says.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Identity {
    /// MySQL makes one for its data directory.
    Uuid(String),
    /// MariaDB has none: machine, data directory, port and socket, and since when it runs (unix seconds).
    Process { place: [String; 4], since: u64 },
}

impl Identity {
    fn is(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Uuid(one), Self::Uuid(other)) => one.eq_ignore_ascii_case(other),
            (Self::Process { place, since }, Self::Process { place: other, since: other_since }) => {
                place == other && since.abs_diff(*other_since) <= SAME_START_SECONDS
            }
            _ => false,
        }
    }
}

/// Whether both lead to the same server. Fails if one of them cannot be asked.
pub async fn is_same_server(one: &Endpoint, other: &Endpoint) -> Result<bool> {
    let (one_who, other_who) = (one.shown(), other.shown());
    let (mut one, mut other) = (one.connect().await?, other.connect().await?);
    let same = shares_locks(&mut one, &one_who, &mut other, &other_who).await
        || identity(&mut one, &one_who).await?.is(&identity(&mut other, &other_who).await?);
    // The lock goes with its connection.
    let _closed = one.disconnect().await;
    let _closed = other.disconnect().await;
    Ok(same)
}

/// Whether a lock of one connection is seen by the other. Where there are no such locks, it is not.
async fn shares_locks(one: &mut Conn, one_who: &str, other: &mut Conn, other_who: &str) -> bool {
    let mut random = [0u8; 16];
    if getrandom::fill(&mut random).is_err() {
        return false;
    }
    let name = format!("holdfast_{}", hex::encode(random));
    let mut one = Session { conn: one, who: one_who, attempt: ATTEMPT.into() };
    let mut other = Session { conn: other, who: other_who, attempt: ATTEMPT.into() };
    let taken = one.row(&format!("SELECT GET_LOCK('{name}', 0)")).await;
    if !taken.is_ok_and(|row| number(&row, 0) == 1) {
        return false;
    }
    let seen = other.row(&format!("SELECT IS_USED_LOCK('{name}') IS NOT NULL")).await;
    seen.is_ok_and(|row| number(&row, 0) == 1)
}

async fn identity(conn: &mut Conn, who: &str) -> Result<Identity> {
    let facts = server_facts(conn, who, "").await?;
    if facts.family == ServerFamily::Mysql {
        return Ok(Identity::Uuid(facts.server_uuid));
    }
    let mut session = Session { conn, who, attempt: ATTEMPT.into() };
    let row =
        session.row("SELECT @@hostname, @@datadir, @@port, @@socket, UNIX_TIMESTAMP(SYSDATE())").await?;
    let uptime = session.row("SHOW GLOBAL STATUS LIKE 'Uptime'").await?;
    let uptime = text(&uptime, 1).parse::<u64>().map_err(|error| {
        Error::new(Kind::Source, ATTEMPT, format!("the server of {who} does not say since when it runs"))
            .caused_by(error)
    })?;
    let place = [0, 1, 2, 3].map(|column| text(&row, column));
    Ok(Identity::Process { place, since: number(&row, 4).saturating_sub(uptime) })
}

/// What a server is that no other one is, as far as it says, across its restarts.
///
/// MySQL makes itself a UUID. What MariaDB offers in its place, domain and server id, is the same for most servers of
/// the world, so its machine, data directory and port are taken with it, and the id that newer versions derive from
/// the machine.
pub async fn lasting(conn: &mut Conn, who: &str, facts: &ServerFacts) -> Result<String> {
    if facts.family == ServerFamily::Mysql {
        return Ok(facts.server_uuid.to_ascii_lowercase());
    }
    let mut session = Session { conn, who, attempt: "ask the server which one it is".into() };
    let row = session.row("SELECT @@hostname, @@datadir, @@port").await?;
    // Not as a variable: older servers do not know it.
    let uid = session.rows("SHOW GLOBAL VARIABLES LIKE 'server_uid'", &[]).await?;
    let uid = uid.first().map(|row| text(row, 1)).unwrap_or_default();
    let place = [0, 1, 2].map(|column| text(&row, column)).join(" ");
    Ok(format!("{} {place} {uid}", facts.server_uuid))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn process(directory: &str, since: u64) -> Identity {
        let place = ["db1", directory, "3306", "/run/sock"].map(str::to_owned);
        Identity::Process { place, since }
    }

    #[test]
    fn what_servers_say_of_themselves_tells_them_apart() {
        assert!(process("/a", 100).is(&process("/a", 101)));
        // Containers that look alike were hardly started in the same moment.
        assert!(!process("/a", 100).is(&process("/a", 110)));
        assert!(!process("/a", 100).is(&process("/b", 100)));
        let uuid = |text: &str| Identity::Uuid(text.into());
        assert!(uuid("ab-1").is(&uuid("AB-1")) && !uuid("ab-1").is(&uuid("ab-2")));
        assert!(!uuid("ab-1").is(&process("/a", 100)));
    }
}
