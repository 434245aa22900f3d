//! Carrying out what was approved: once, and only if it is still what was approved, by people who may still approve it.

use domain::{
    ConnectionId, RunId, Timestamp,
    approvals::{Change, Next, State, digest},
    audit::{Act, Deed, Field, Object},
    backups::Verification,
    id::ApprovalId,
    policies::schedule::{Schedule, ScheduleKind},
    sources::{AccountName, HostName, Label},
};

use super::{Held, TABLE, votes::holds};
use crate::{
    ApprovalVoid, ChangeConnection, Conflict, NewChannels, NewConnection, Sealed, TenantCatalog,
    db::{Tx, exec, first},
    decode::{corrupt, to_json, word},
    error::{Error, Result},
};

fn sealed(hex: Option<&str>) -> Result<Option<Sealed>> {
    let read = |hex: &str| {
        let byte =
            |index: usize| hex.get(index..index + 2).and_then(|pair| u8::from_str_radix(pair, 16).ok());
        let bytes: Option<Vec<u8>> = (0..hex.len()).step_by(2).map(byte).collect();
        bytes.map(Sealed).ok_or_else(|| corrupt(TABLE, "a sealed value is no hex"))
    };
    hex.map(read).transpose()
}

impl TenantCatalog<'_> {
    /// Carries out what was approved, whoever asks. [`Conflict::CoolingOff`] while it rests; [`Conflict::ApprovalExpired`]
    /// and [`Conflict::DifferenceChanged`] end the request; [`Conflict::ApprovalVoid`] leaves it waiting anew.
    pub async fn execute_approval(&self, request: ApprovalId) -> Result<Option<RunId>> {
        let mut tx = self.begin().await?;
        let held = Held::find(&mut tx, &self.key(), request).await?;
        let change = held.change()?;
        if let Change::RestoreLive { .. } = change {
            // Who asked begins it, by name of database and tenant.
            return Err(Conflict::Stale.into());
        }
        match self.spend(&mut tx, &held).await {
            Ok(()) => {}
            Err(error) => {
                drop(tx);
                return Err(self.after_refusal(request, error).await?);
            }
        }
        let done = self.perform(&mut tx, &change, Some(request)).await;
        let run = match done {
            Ok(run) => run,
            Err(error @ Error::Conflict(_)) => {
                drop(tx);
                self.settle_approval(request, State::Failed, &error.to_string()).await?;
                return Err(error);
            }
            Err(error) => return Err(error),
        };
        self.audit(&mut tx, Deed::done(Act::ApprovalExecute, request).approved(request.uuid())).await?;
        tx.commit().await?;
        Ok(run)
    }

    /// The same behind the last agreement, whose answer is where the request stands.
    pub(super) async fn carry_out(&self, request: ApprovalId) -> Result<State> {
        match self.execute_approval(request).await {
            Ok(_) => Ok(State::Executed),
            // What was said stays said; the page tells what came of it.
            Err(Error::Conflict(_)) => {
                let mut tx = self.begin().await?;
                Held::find(&mut tx, &self.key(), request).await?.state()
            }
            Err(error) => Err(error),
        }
    }

    /// What follows from a request that cannot be carried out now. Gives the error back.
    pub(in crate::tenant) async fn after_refusal(&self, request: ApprovalId, error: Error) -> Result<Error> {
        match &error {
            Error::Conflict(Conflict::ApprovalExpired) => {
                self.settle_approval(request, State::Expired, "The approval was too old to be used.").await?;
            }
            Error::Conflict(Conflict::ApprovalVoid(ApprovalVoid::Approver)) => self.reopen(request).await?,
            Error::Conflict(
                conflict @ (Conflict::ApprovalVoid(ApprovalVoid::Requester) | Conflict::DifferenceChanged),
            ) => {
                self.settle_approval(request, State::Failed, &conflict.to_string()).await?;
            }
            _ => {}
        }
        Ok(error)
    }

    /// Turns a request from approved into executed, if everything still holds: enough who agreed and may still agree,
    /// somebody behind it, its age, and the digest over what would happen now.
    pub(in crate::tenant) async fn spend(&self, tx: &mut Tx, held: &Held) -> Result<()> {
        let now = Timestamp(self.now());
        match held.next(tx, &self.key(), now).await? {
            Next::Execute => {}
            Next::Rest { .. } => return Err(Conflict::CoolingOff.into()),
            Next::Expire => return Err(Conflict::ApprovalExpired.into()),
            Next::Reopen => return Err(Conflict::ApprovalVoid(ApprovalVoid::Approver).into()),
            Next::Nothing | Next::Wait { .. } | Next::Approve | Next::Reject => {
                return Err(Conflict::Stale.into());
            }
        }
        for requester in held.asked() {
            if !holds(tx, (&self.key(), self.now()), requester, None).await? {
                return Err(Conflict::ApprovalVoid(ApprovalVoid::Requester).into());
            }
        }
        let shown = self.show(tx, &held.change()?).await?;
        if digest(&held.payload, &to_json(TABLE, &shown.preview)?) != held.digest {
            return Err(Conflict::DifferenceChanged.into());
        }
        self.turn(tx, held, State::Executed, "").await
    }

    /// Does it, in this transaction, and writes it to the trail. Nobody calls this who has not asked whether it may be done.
    pub(super) async fn perform(
        &self,
        tx: &mut Tx,
        change: &Change,
        approval: Option<ApprovalId>,
    ) -> Result<Option<RunId>> {
        let by = |deed: Deed| match approval {
            Some(approval) => deed.approved(approval.uuid()),
            None => deed,
        };
        match change {
            Change::RestoreLive { .. } => return Err(Conflict::Stale.into()),
            Change::DeleteBackup { backup_id } => {
                let row = first!(
                    tx,
                    (String,),
                    "update backups set retention = 'expiring' where tenant_id = $1 and id = $2 and retention = 'active' \
                     and not exists (select 1 from physical_backups p join backups c on c.tenant_id = p.tenant_id \
                     and c.id = p.backup_id where p.tenant_id = $1 and p.parent_id = $2 and c.retention = 'active') \
                     and not exists (select 1 from runs r where r.tenant_id = $1 and r.backup_id = $2 \
                     and r.state in ('queued', 'running', 'retrying')) returning verification",
                    self.key(),
                    backup_id.to_string(),
                )?;
                let (verification,) = row.ok_or(Conflict::BackupInUse)?;
                let verification = word("backups", &verification, Verification::find)?;
                let deed = Deed::done(Act::BackupDelete, *backup_id).before(Field::State, verification.key());
                self.audit(tx, by(deed)).await?;
            }
            Change::SetSchedule { source_id, incremental, cron, enabled } => {
                let schedule =
                    Schedule::parse(cron, Timestamp(self.now())).map_err(|error| corrupt(TABLE, error))?;
                let kind = if *incremental { ScheduleKind::Incremental } else { ScheduleKind::Full };
                let deed = self.exchange_schedule(tx, *source_id, kind, &schedule, *enabled).await?;
                self.audit(tx, by(deed)).await?;
            }
            Change::SetChannels { email_to, webhook_url, webhook_secret } => {
                let new = NewChannels {
                    email_to: email_to.clone(),
                    webhook_url: webhook_url.clone(),
                    webhook_secret: sealed(webhook_secret.as_deref())?,
                };
                let deed = self.store_channels(tx, new).await?;
                self.audit(tx, by(deed)).await?;
            }
            Change::MoveConnection { connection_id, version, name, host, port, user, tls, credential } => {
                let values = NewConnection {
                    id: *connection_id,
                    name: Label::new(name.as_str()).map_err(|error| corrupt(TABLE, error))?,
                    host: HostName::new(host.as_str()).map_err(|error| corrupt(TABLE, error))?,
                    port: *port,
                    user: AccountName::new(user.as_str()).map_err(|error| corrupt(TABLE, error))?,
                    tls: *tls,
                    credential: sealed(credential.as_deref())?,
                };
                let (run, deed) =
                    self.move_connection(tx, ChangeConnection { values, version: *version }).await?;
                self.audit(tx, by(deed)).await?;
                return Ok(Some(run));
            }
            Change::SetRule { class, rule } => {
                let deed = self.store_rule(tx, *class, *rule).await?;
                self.audit(tx, by(deed)).await?;
            }
            Change::ReviewEmergency { approval_id } => {
                self.audit(tx, by(Deed::done(Act::ApprovalReviewed, *approval_id))).await?;
            }
        }
        Ok(None)
    }

    /// Whether a connection would lead elsewhere.
    pub async fn leads_elsewhere(
        &self,
        connection: ConnectionId,
        host: &HostName,
        port: u16,
    ) -> Result<bool> {
        let found = self.get_connection(connection).await?;
        Ok(found.host != *host || found.port != port)
    }

    pub(super) async fn store_rule(
        &self,
        tx: &mut Tx,
        class: domain::approvals::Class,
        rule: domain::approvals::Rule,
    ) -> Result<Deed> {
        let before = self.stored_rule(tx, class).await?;
        exec!(
            tx,
            "insert into approval_rules (tenant_id, class, approvals, within_ms, cool_off_ms, changed_at, changed_by) \
             values ($1, $2, $3, $4, $5, $6, $7) on conflict (tenant_id, class) do update set \
             approvals = excluded.approvals, within_ms = excluded.within_ms, cool_off_ms = excluded.cool_off_ms, \
             changed_at = excluded.changed_at, changed_by = excluded.changed_by",
            self.key(),
            class.key(),
            i64::from(rule.approvals),
            rule.within_ms,
            rule.cool_off_ms,
            self.now(),
            self.actor.key(),
        )?;
        Ok(Deed::done(Act::ApprovalRuleSet, Object::approval_rule(class))
            .before(Field::Count, i64::from(before.approvals))
            .after(Field::Count, i64::from(rule.approvals))
            .after(Field::Duration, rule.cool_off_ms))
    }
}
