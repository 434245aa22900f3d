//! What the source says of itself around a copy: whether the files were its own, and how much can be proven of them.

use domain::{Timestamp, sources::Coordinate};
use mysql_async::Conn;

use super::backup::PhysicalRequest;
use crate::{
    Error, Kind, Result,
    pipeline::Control,
    source::{
        Proof,
        mysql::{
            connect::Endpoint,
            physical::{
                checkpoints::Notes,
                preflight::{self, Ground},
                witness::{self, DatabaseFacts, Moment},
            },
            snapshot::Position,
        },
    },
};

/// Where InnoDB's log stands: the last checkpoint and the end.
pub(super) async fn log_window(endpoint: &Endpoint) -> Result<(u64, u64)> {
    let mut conn = endpoint.connect().await?;
    let window = preflight::log_window(&mut conn, &endpoint.shown()).await?;
    let _closed = conn.disconnect().await;
    Ok(window)
}

/// What the source said while it was copied.
pub(super) struct Witnessed {
    pub databases: Vec<DatabaseFacts>,
    /// Whether no definition changed.
    pub settled: bool,
    pub proof: Proof,
    pub coordinate: Coordinate,
    pub notes: Vec<String>,
}

/// Asks the source once more after it was copied: definitions, the log's end, and rows at the copy's position.
#[expect(
    clippy::too_many_arguments,
    reason = "one step of backup, cut out so that its errors meet in one place"
)]
pub(super) async fn witnessed(
    request: &PhysicalRequest,
    ground: &Ground,
    notes: &Notes,
    before: Vec<DatabaseFacts>,
    window: (u64, u64),
    moment: Option<Moment>,
    seed: u64,
    control: &Control,
) -> Result<Witnessed> {
    let (endpoint, family, who) = (&request.endpoint, ground.facts.family, request.endpoint.shown());
    let after = log_window(endpoint).await?;
    if notes.log.to < window.0 || notes.log.last > after.1 {
        return Err(Error::new(
            Kind::Source,
            format!("copy the files of the server of {who}"),
            format!(
                "the copy's log goes from {} to {}, the server's from {} to {}: these are another server's files",
                notes.log.to, notes.log.last, window.0, after.1
            ),
        )
        .hint("Physical backups are made on the server's own machine."));
    }
    let mut databases = witness::databases(endpoint, family).await?;
    let settled = witness::same_definitions(&before, &databases);
    let mut remarks = Vec::new();
    if !settled {
        remarks.push(
            "definitions changed while it was copied; what is written down is that of the end".to_owned(),
        );
    }
    let at = moment.as_ref().map(|moment| moment.at);
    let readers = match (&notes.position, request.sums && settled) {
        (Some(position), true) => witness::readers(endpoint, family, moment, position).await?,
        _ => None,
    };
    let proof = if let (Some(readers), Some(position)) = (readers, &notes.position) {
        summed(readers, position, request, ground, &mut databases, seed, &mut remarks, control).await?
    } else {
        remarks.push(without_sums(request, notes, settled).to_owned());
        Proof::DumpRows
    };
    let at = match at {
        Some(at) => at,
        None => clock(endpoint).await?,
    };
    let position =
        notes.position.clone().unwrap_or(Position { file: String::new(), position: 0, gtid: String::new() });
    let coordinate = Coordinate {
        file: position.file,
        position: position.position,
        gtid: position.gtid,
        server_uuid: ground.facts.server_uuid.clone(),
        at: Timestamp(i64::try_from(at).unwrap_or_default()),
    };
    Ok(Witnessed { databases, settled, proof, coordinate, notes: remarks })
}

fn without_sums(request: &PhysicalRequest, notes: &Notes, settled: bool) -> &'static str {
    if !request.sums {
        "rows of the source were not read, as asked; its copy can be proven only in itself"
    } else if notes.position.is_none() {
        "the server writes no binary log, so nothing could be read at the copy's position"
    } else if settled {
        "the source was written to and gave no snapshot at the copy's position; its copy can be proven only in itself"
    } else {
        "rows of the source were not read, because definitions changed; its copy can be proven only in itself"
    }
}

#[expect(clippy::too_many_arguments, reason = "one step of the one above, cut out for its length")]
async fn summed(
    readers: Vec<Conn>,
    position: &Position,
    request: &PhysicalRequest,
    ground: &Ground,
    databases: &mut [DatabaseFacts],
    seed: u64,
    remarks: &mut Vec<String>,
    control: &Control,
) -> Result<Proof> {
    let (endpoint, who) = (&request.endpoint, request.endpoint.shown());
    match witness::sum(readers, &who, databases, seed, &control.cancel).await {
        Ok(()) => {}
        Err(error) if error.kind() == Kind::Cancelled => return Err(error),
        // The copy is whole without them; only less is proven of it.
        Err(error) => {
            witness::forget(databases);
            remarks.push(format!("the rows of the source could not be read at the copy's position: {error}"));
            return Ok(Proof::DumpRows);
        }
    }
    if !witness::is_still_at(endpoint, ground.facts.family, position).await? {
        witness::forget_loose(databases);
    }
    Ok(Proof::SamePosition)
}

async fn clock(endpoint: &Endpoint) -> Result<u64> {
    let mut conn = endpoint.connect().await?;
    let at = preflight::clock(&mut conn, &endpoint.shown()).await?;
    let _closed = conn.disconnect().await;
    Ok(at)
}
