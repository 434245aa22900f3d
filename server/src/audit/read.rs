//! Reading the trail. That somebody reads it is written down first; if that fails, nothing is shown.

use app::audit::api::{HeadView, TrailDetail, TrailFilter, TrailList, TrailRow};
use catalog::{HeadOver, Principal, Scope, TrailEntry, TrailPlace, TrailQuery};
use domain::{
    access::{Permission, may},
    audit::{Act, Deed, Facts, Field, Object, Outcome},
};
use uuid::Uuid;

use crate::{caller::Caller, fault::Result};

/// What is written down of a search: what it was narrowed by, as far as these are words and ids of ours.
fn looked(filter: &TrailFilter) -> Deed {
    let about = filter.object.as_ref();
    Deed::done(Act::AuditRead, Object::trail())
        .maybe(Field::Filter, filter.act.map(Act::key))
        .maybe(Field::State, filter.outcome.map(Outcome::key))
        .maybe(Field::From, filter.from)
        .maybe(Field::Until, filter.until)
        .maybe(Field::About, about.map(|object| object.kind().key()))
        .maybe(Field::AboutId, about.and_then(|object| object.id().parse::<Uuid>().ok()))
}

/// Whoever runs the installation. A refusal is written down.
async fn operator(caller: &Caller) -> Result<&Principal> {
    let principal = caller.principal()?;
    match principal.require_platform(Permission::ReadAudit) {
        Ok(()) => Ok(principal),
        Err(denied) => {
            caller.services.catalog.record_refusal(&denied, &caller.origin()).await?;
            Err(catalog::Error::from(denied).into())
        }
    }
}

/// Entries, newest first.
pub async fn list(caller: &Caller, scope: Scope<may::ReadAudit>, filter: TrailFilter) -> Result<TrailList> {
    let deed = looked(&filter);
    let query = TrailQuery {
        from: filter.from,
        until: filter.until,
        actor: filter.who,
        act: filter.act,
        object: filter.object,
        outcome: filter.outcome,
        after: filter.after,
        limit: filter.limit,
    };
    let page = if filter.of_installation {
        let (catalog, operator) = (&caller.services.catalog, operator(caller).await?);
        catalog.record_platform_read(operator, &caller.origin(), deed).await?;
        catalog.search_platform_trail(operator, &query).await?
    } else {
        let rows = caller.rows(&scope);
        rows.record_deed(deed).await?;
        rows.search_trail(&query).await?
    };
    Ok(TrailList { rows: page.rows.into_iter().map(row).collect(), next: page.next })
}

/// One entry with its place.
pub async fn entry(
    caller: &Caller,
    scope: Scope<may::ReadAudit>,
    of_installation: bool,
    number: u64,
) -> Result<TrailDetail> {
    let deed = Deed::done(Act::AuditRead, Object::trail()).after(Field::Entry, number);
    let TrailPlace { entry, previous, first, last, head } = if of_installation {
        let (catalog, operator) = (&caller.services.catalog, operator(caller).await?);
        catalog.record_platform_read(operator, &caller.origin(), deed).await?;
        catalog.platform_trail_entry(operator, number).await?
    } else {
        let rows = caller.rows(&scope);
        rows.record_deed(deed).await?;
        rows.trail_entry(number).await?
    };
    let fingerprint = caller.services.vault.signing_fingerprint();
    Ok(TrailDetail {
        row: row(entry),
        previous: previous.to_string(),
        first,
        last,
        head: head.map(|HeadOver { number, at, first, last, vaults }| HeadView {
            number,
            at,
            entries: (first, last),
            vaults,
        }),
        verify_command: format!("holdfast-recover audit verify FILE --signing-key {fingerprint}"),
    })
}

fn words(facts: &Facts) -> Vec<(String, String)> {
    facts.iter().map(|(field, fact)| (field.key().to_owned(), fact.to_string())).collect()
}

/// An entry for people and programs.
pub fn row(entry: TrailEntry) -> TrailRow {
    let event = entry.event.as_ref();
    TrailRow {
        number: entry.sequence,
        at: entry.at,
        name: event.map_or_else(|| entry.actor.clone(), |event| event.who.name().to_owned()),
        behind: event.and_then(|event| event.who.behind()).map(|person| format!("user:{person}")),
        address: event.and_then(|event| event.from.address()).map(|address| address.to_string()),
        agent: event.and_then(|event| event.from.agent()).map(str::to_owned),
        approval: event.and_then(|event| event.approval).map(|approval| approval.to_string()),
        before: event.map(|event| words(&event.before)).unwrap_or_default(),
        after: event.map(|event| words(&event.after)).unwrap_or_default(),
        is_newer: event.is_none(),
        hash: entry.hash.to_string(),
        who: entry.actor,
        act: entry.act,
        object: entry.object,
        // The catalog takes no other word.
        outcome: Outcome::find(&entry.outcome).unwrap_or(Outcome::Failed),
    }
}
