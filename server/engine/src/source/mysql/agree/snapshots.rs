//! Opens snapshots on several connections at the same time.

use domain::sources::ServerFamily;

use crate::source::mysql::connect::Endpoint;
use crate::source::mysql::wire::Wire;
use crate::{Error, Kind, Result};

/// How long a reader waits for a change of a definition.
const DDL_WAIT_SECONDS: u32 = 30;

pub(super) const ATTEMPT: &str = "open a snapshot";

/// Connections that are ready to open one.
pub(super) fn connect(endpoint: &Endpoint, family: ServerFamily, count: usize) -> Result<Vec<Wire>> {
    let limits: &[&str] = match family {
        ServerFamily::Mariadb => &[
            "SET SESSION max_statement_time=0",
            "SET SESSION idle_transaction_timeout=0",
            "SET SESSION idle_readonly_transaction_timeout=0",
        ],
        ServerFamily::Mysql => &["SET SESSION max_execution_time=0"],
    };
    let mut readers = Vec::new();
    for _ in 0..count {
        let mut reader = Wire::connect(endpoint)?;
        for limit in limits {
            // Servers that do not know a limit have none.
            match reader.run(limit, ATTEMPT) {
                Err(_) if reader.refused() == Some(1193) => {}
                set => drop(set?),
            }
        }
        // Whoever waits to change a table waits for its readers, and who would read it next waits for him: two
        // readers of ours could wait for each other in this way.
        reader.run(format!("SET SESSION lock_wait_timeout={DDL_WAIT_SECONDS}"), ATTEMPT)?;
        reader.run("SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ", ATTEMPT)?;
        readers.push(reader);
    }
    Ok(readers)
}

/// Opens a snapshot on each, all at once, as the fewer commits fall between them, the likelier they are one.
pub(super) fn open(readers: &mut [Wire]) -> Result<()> {
    std::thread::scope(|scope| {
        let opening: Vec<_> = readers.iter_mut().map(|reader| scope.spawn(|| begin(reader))).collect();
        opening.into_iter().try_for_each(|thread| {
            let gone = || Error::new(Kind::Source, ATTEMPT, "a thread of ours has died").later();
            thread.join().unwrap_or_else(|_| Err(gone()))
        })
    })
}

fn begin(reader: &mut Wire) -> Result<()> {
    reader.run("START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY", ATTEMPT).map(drop)
}
