//! The audit trail, as programs see it.

use app::audit::api::{AuditPort, TrailFilter, TrailRow, instant};
use axum::{
    Extension,
    response::{IntoResponse, Response},
};
use domain::{
    Cursor, Fault,
    access::Permission as P,
    audit::{Act, Object, Outcome},
};

use super::{
    Operation, Problem, Route,
    describe::{When, answers, requests},
    extract::Asked,
    reply,
};
use crate::{
    audit::export,
    caller::Caller,
    http::download::{AskedRange, LINES, stream},
};

answers! {
    /// A particular of an entry.
    AuditFact {
        /// Of what.
        field: String,
        /// Its value.
        value: String,
    }
    /// One thing that was done, refused, or looked at.
    AuditEntry {
        /// Its number in the trail, from 1 without gaps.
        number: u64,
        /// When.
        at: When,
        /// Who: kind and id, e.g. `user:019ab3…`.
        who: String,
        /// Who, by the name that they had then.
        name: String,
        /// The person behind a token.
        behind: Option<String>,
        /// From which address.
        address: Option<String>,
        /// What the program there calls itself.
        agent: Option<String>,
        /// What, e.g. `backup.start`.
        act: String,
        /// On which data: kind and id.
        about: String,
        /// How it ended.
        outcome: Outcome,
        /// Which approval allowed it.
        approval: Option<String>,
        /// What was before.
        before: Vec<AuditFact>,
        /// What is after; of a refusal or failure, the reason.
        after: Vec<AuditFact>,
        /// Its hash, in hex; it covers the entry before it.
        hash: String,
    }
    /// Some entries.
    AuditEntries {
        /// Newest first. There may be none and still a `next`: then that part of the trail was looked at.
        rows: Vec<AuditEntry>,
        /// Send this as `after` to get those that follow; null on the last page.
        next: Option<String>,
    }
}

requests! {
    /// Which entries; every field narrows.
    AuditAsked {
        /// Not before: a day, or an instant.
        from: Option<String>,
        /// Before; a day is meant whole.
        until: Option<String>,
        /// Whose acts: kind and id, e.g. `user:019ab3…`.
        who: Option<String>,
        /// What, e.g. `backup.start`.
        act: Option<String>,
        /// On which data: kind and id, e.g. `backup:019ab3…`.
        about: Option<String>,
        /// How it ended.
        outcome: Option<Outcome>,
        /// `next` of the page before.
        after: Option<String>,
    }
    /// Which part of the trail.
    AuditPart {
        /// From which day or instant on.
        from: Option<String>,
        /// Until which day, meant whole, or instant.
        until: Option<String>,
    }
}

pub(super) fn routes() -> Vec<Route> {
    const READ: &[P] = &[P::ReadAudit];
    let listed = Operation::answering::<AuditEntries>("listAudit", "The audit trail, newest first", READ)
        .about("That it was read is written down in it.")
        .asked::<AuditAsked>();
    let exported = Operation::lines("exportAudit", "The audit trail with its proofs", READ)
        .about(
            "A line of JSON each, for `holdfast-recover audit verify`, which checks it without this server.",
        )
        .asked::<AuditPart>();
    vec![
        Route::get("/api/v1/audit", listed, list),
        Route::get("/api/v1/audit/export", exported, export_lines),
    ]
}

fn facts(facts: Vec<(String, String)>) -> Vec<AuditFact> {
    facts.into_iter().map(|(field, value)| AuditFact { field, value }).collect()
}

impl From<TrailRow> for AuditEntry {
    fn from(row: TrailRow) -> Self {
        Self {
            number: row.number,
            at: row.at.into(),
            who: row.who,
            name: row.name,
            behind: row.behind,
            address: row.address,
            agent: row.agent,
            act: row.act,
            about: row.object,
            outcome: row.outcome,
            approval: row.approval,
            before: facts(row.before),
            after: facts(row.after),
            hash: row.hash,
        }
    }
}

async fn list(
    Extension(caller): Extension<Caller>,
    Asked(asked): Asked<AuditAsked>,
) -> Result<Response, Problem> {
    let unknown = |field: &str, words: &str| Problem::of_fault(&Fault::invalid(field, words));
    let act = asked.act.map(|key| Act::find(&key).ok_or_else(|| unknown("act", "there is no such act")));
    let object = asked.about.map(|key| {
        Object::find(&key).ok_or_else(|| unknown("about", "write kind and id, e.g. backup:019ab3c4-…"))
    });
    let filter = TrailFilter {
        of_installation: false,
        from: instant("from", asked.from.as_deref(), false)?,
        until: instant("until", asked.until.as_deref(), true)?,
        who: asked.who,
        act: act.transpose()?,
        object: object.transpose()?,
        outcome: asked.outcome,
        after: asked.after.map(Cursor),
        limit: 0,
    };
    let found = caller.list_trail(filter).await?;
    let rows = found.rows.into_iter().map(AuditEntry::from).collect();
    reply::found(&AuditEntries { rows, next: found.next.map(|next| next.0) })
}

async fn export_lines(
    Extension(caller): Extension<Caller>,
    Asked(asked): Asked<AuditPart>,
) -> Result<Response, Problem> {
    let range = AskedRange { from: asked.from, until: asked.until }.read()?;
    let begun = async { export::download(&caller, caller.allow().await?, range).await };
    let begun = caller.answer("export the audit trail", begun.await)?;
    Ok(stream(LINES, Ok(begun)).into_response())
}
