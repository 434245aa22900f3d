//! An organisation's trail, interval by interval, with the way from each to a signed head.

use domain::{
    Timestamp,
    audit::{Chain, Event, Link, Mark, export::Line, tree},
};

use super::{ENTRIES, hash, heads, retention};
use crate::{
    TenantCatalog,
    db::{Reader, all, first},
    decode::{amount, corrupt, number},
    error::{Error, Result},
};

/// Entries of a part at most, where no head covers them.
const PART: u64 = 1000;

impl TenantCatalog<'_> {
    /// Begins an export with the interval in which `from` lies; with the first entry that is kept if nothing is said. Gives the first
    /// line and where [`TenantCatalog::export_trail`] goes on.
    pub async fn begin_trail_export(
        &self,
        from: Option<Timestamp>,
        signing_key: &[u8; 32],
    ) -> Result<(Line, Link)> {
        let chain = Chain::Tenant(self.tenant);
        let installation = self.catalog.installation().await?.id;
        let mut reader = self.read().await?;
        let removed = match retention::first_entry(&mut reader, chain).await? {
            Some(first) => retention::removed_up_to(&mut reader, chain, first.saturating_sub(1)).await?,
            None => None,
        };
        let mut before = removed.map_or_else(|| Link::start(chain), |removed| removed.begins());
        if let Some(from) = from {
            let row = first!(
                &mut reader,
                (i64,),
                "select sequence from audit_entries where tenant_id = $1 and at >= $2 order by at, sequence limit 1",
                self.key(),
                from.0,
            )?;
            // Only whole intervals can be led to a head.
            if let Some((sequence,)) = row
                && let Some((_, mark)) =
                    heads::mark_after(&mut reader, chain, number::<u64>(ENTRIES, sequence)?.saturating_sub(1))
                        .await?
            {
                before = Link { sequence: mark.first.saturating_sub(1), hash: mark.previous };
            }
        }
        let line = Line::begin(installation, chain, signing_key, self.catalog.clock.now(), before);
        Ok((line, before))
    }

    /// The last entry before an instant: where an export that ends there may stop. 0 if there is none.
    pub async fn last_trail_entry(&self, until: Timestamp) -> Result<u64> {
        let row = first!(
            &mut self.read().await?,
            (i64,),
            "select sequence from audit_entries where tenant_id = $1 and at < $2 order by at desc, sequence desc limit 1",
            self.key(),
            until.0,
        )?;
        row.map_or(Ok(0), |(sequence,)| number(ENTRIES, sequence))
    }

    /// The lines of the next interval, and where it ends. Nothing if there are no more entries.
    pub async fn export_trail(&self, after: Link) -> Result<Option<(Vec<Line>, Link)>> {
        let chain = Chain::Tenant(self.tenant);
        let mut reader = self.read().await?;
        let marked = heads::mark_after(&mut reader, chain, after.sequence).await?;
        let until =
            marked.as_ref().map_or_else(|| after.sequence.saturating_add(PART), |(_, mark)| mark.last);
        let (mut lines, at) = entries(&mut reader, chain, after, until).await?;
        let Some((number, mark)) = marked else {
            return Ok((!lines.is_empty()).then_some((lines, at)));
        };
        let stored = heads::head(&mut reader, number)
            .await?
            .ok_or_else(|| corrupt("audit_marks", format!("head {number} is missing")))?;
        drop(reader);
        // The others' marks are seen by the system alone; only hashes of them go on from here.
        let marks = heads::marks_under(&mut self.catalog.db.read().await?, number).await?;
        let leaves: Vec<_> = marks.iter().map(Mark::leaf).collect();
        let place = marks.iter().position(|other| *other == mark);
        let way = place.and_then(|index| Some((index as u64, tree::path(&leaves, index)?)));
        let (index, path) = way.ok_or(Error::NotFound { what: "mark of the audit trail" })?;
        lines.push(Line::head(stored.head, &stored.signature, &mark, index, path));
        Ok(Some((lines, at)))
    }
}

/// Entries after one place up to a number, as they are stored: what is wrong with them the verifier says.
async fn entries(reader: &mut Reader, chain: Chain, after: Link, until: u64) -> Result<(Vec<Line>, Link)> {
    let rows = all!(
        reader,
        (i64, Vec<u8>, Vec<u8>),
        "select sequence, hash, event from audit_entries where tenant_id = $1 and sequence > $2 and sequence <= $3 \
         order by sequence",
        chain.key(),
        amount(after.sequence),
        amount(until),
    )?;
    let (mut lines, mut at) = (Vec::with_capacity(rows.len() + 1), after);
    for (sequence, stored, bytes) in rows {
        let event =
            Event::decode(&bytes).map_err(|error| corrupt(ENTRIES, format!("{sequence}: {error}")))?;
        at = Link { sequence: number(ENTRIES, sequence)?, hash: hash(ENTRIES, &stored)? };
        lines.push(Line::entry(at, &event));
    }
    Ok((lines, at))
}
