//! What the overview asks: the raw counts, from which rules of `domain` make a judgement.

use domain::{ByteSize, SourceId, Timestamp, VaultId, backups::Evidence};

use crate::{
    TenantCatalog,
    db::{all, first},
    decode::{id, json, number},
    error::Result,
};

/// Backups of one source on one day (UTC, by the instant they hold), and slots of that day that nobody ran.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DayCount {
    /// Which source.
    pub source_id: SourceId,
    /// Midnight at which the day began.
    pub day: Timestamp,
    /// Backups that are proven.
    pub proven: u32,
    /// Backups stored and not proven.
    pub stored: u32,
    /// Backups whose proof failed.
    pub failed: u32,
    /// Slots missed, and scheduled runs that failed for good.
    pub missing: u32,
}

/// Stored bytes at the end of a day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StoredByDay {
    /// Midnight at which the day began.
    pub day: Timestamp,
    /// Bytes in vaults when it ended (or now).
    pub stored: ByteSize,
}

/// What an organisation has in one vault.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VaultUse {
    /// Which vault.
    pub vault_id: VaultId,
    /// Backups in it.
    pub backups: i64,
    /// Stored bytes.
    pub stored: ByteSize,
}

const DAY_MS: i64 = 86_400_000;

impl TenantCatalog<'_> {
    /// Per source and day, for every day since `from` on which something was or was missed. Backups that were
    /// removed since count: the strip tells what each night brought.
    pub async fn days(&self, from: Timestamp) -> Result<Vec<DayCount>> {
        let mut reader = self.read().await?;
        let rows = all!(
            &mut reader,
            (String, i64, i64, i64, i64, i64),
            "select source_id, day, cast(sum(proven) as bigint), cast(sum(stored) as bigint), \
             cast(sum(failed) as bigint), cast(sum(missing) as bigint) from ( \
             select source_id, snapshot_at / 86400000 as day, \
             case when verification in ('restore_ok', 'stale') then 1 else 0 end as proven, \
             case when verification = 'none' then 1 else 0 end as stored, \
             case when verification = 'failed' then 1 else 0 end as failed, 0 as missing \
             from backups where tenant_id = $1 and snapshot_at >= $2 and tenant_key is null \
             union all select source_id, slot / 86400000, 0, 0, 0, 1 from missed_slots where tenant_id = $1 and slot >= $2 \
             union all select source_id, slot / 86400000, 0, 0, 0, 1 from runs where tenant_id = $1 and slot >= $2 \
             and source_id is not null and state in ('failed', 'cancelled')) as d \
             group by source_id, day order by source_id, day",
            self.key(),
            from.0,
        )?;
        let read = |(source, day, proven, stored, failed, missing): (String, i64, i64, i64, i64, i64)| {
            Ok(DayCount {
                source_id: id("backups", &source)?,
                day: Timestamp(day * DAY_MS),
                proven: number("backups", proven)?,
                stored: number("backups", stored)?,
                failed: number("backups", failed)?,
                missing: number("missed_slots", missing)?,
            })
        };
        rows.into_iter().map(read).collect()
    }

    /// Scheduled backups that were expected since `from`, and those of them that completed. Those at work count
    /// for neither.
    pub async fn expected_and_completed(&self, from: Timestamp) -> Result<(u32, u32)> {
        let mut reader = self.read().await?;
        let row = first!(
            &mut reader,
            (i64, i64),
            "select cast(count(*) as bigint), cast(coalesce(sum(done), 0) as bigint) from ( \
             select case when state = 'completed' then 1 else 0 end as done from runs where tenant_id = $1 \
             and slot >= $2 and kind = 'backup' and state in ('completed', 'failed', 'cancelled') \
             union all select 0 from missed_slots where tenant_id = $1 and slot >= $2) as d",
            self.key(),
            from.0,
        )?;
        let (expected, completed) = row.unwrap_or((0, 0));
        Ok((number("runs", expected)?, number("runs", completed)?))
    }

    /// Stored bytes at the end of each of the last `days` days, oldest first, today last.
    pub async fn stored_by_day(&self, days: u32) -> Result<Vec<StoredByDay>> {
        let today = self.now() / DAY_MS;
        let first_day = today - i64::from(days.max(1)) + 1;
        let mut reader = self.read().await?;
        // What a day added and what it removed; everything earlier is the first day's beginning.
        let rows = all!(
            &mut reader,
            (i64, i64),
            "select day, cast(sum(bytes) as bigint) from ( \
             select case when created_at / 86400000 < $2 then $2 else created_at / 86400000 end as day, \
             stored_bytes as bytes from backups where tenant_id = $1 \
             union all select case when deleted_at / 86400000 < $2 then $2 else deleted_at / 86400000 end, \
             -stored_bytes from backups where tenant_id = $1 and deleted_at is not null) as d group by day order by day",
            self.key(),
            first_day,
        )?;
        let mut stored = 0_i64;
        let mut out = Vec::new();
        for day in first_day..=today {
            stored += rows.iter().filter(|row| row.0 == day).map(|row| row.1).sum::<i64>();
            out.push(StoredByDay {
                day: Timestamp(day * DAY_MS),
                stored: ByteSize(number("backups", stored.max(0))?),
            });
        }
        Ok(out)
    }

    /// Use per vault.
    pub async fn vault_use(&self) -> Result<Vec<VaultUse>> {
        let mut reader = self.read().await?;
        let rows = all!(
            &mut reader,
            (String, i64, i64),
            "select c.vault_id, cast(count(*) as bigint), cast(sum(b.stored_bytes) as bigint) from copies c \
             join backups b on b.tenant_id = c.tenant_id and b.id = c.backup_id \
             where c.tenant_id = $1 and c.state = 'present' group by c.vault_id order by c.vault_id",
            self.key(),
        )?;
        let read = |(vault, backups, stored): (String, i64, i64)| {
            Ok(VaultUse {
                vault_id: id("copies", &vault)?,
                backups,
                stored: ByteSize(number("backups", stored)?),
            })
        };
        rows.into_iter().map(read).collect()
    }

    /// Per source, how long the restore of its newest verification took, in milliseconds: the phases of its
    /// evidence that are not the comparison's, see [`domain::backups::Evidence::phases`].
    pub async fn restore_times(&self) -> Result<Vec<(SourceId, i64)>> {
        let mut reader = self.read().await?;
        let rows = all!(
            &mut reader,
            (String, String),
            "select source_id, evidence from (select b.source_id, e.evidence, \
             row_number() over (partition by b.source_id order by e.at desc, e.id desc) as place from evidence e \
             join backups b on b.tenant_id = e.tenant_id and b.id = e.backup_id where e.tenant_id = $1 and b.tenant_key is null) as x \
             where place = 1",
            self.key(),
        )?;
        let read = |(source, evidence): (String, String)| {
            let evidence: Evidence = json("evidence", &evidence)?;
            let phases = evidence.phases.iter().filter(|(name, _)| name != "compare");
            Ok((id("backups", &source)?, phases.map(|(_, ms)| ms).sum()))
        };
        rows.into_iter().map(read).collect()
    }
}
