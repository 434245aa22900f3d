//! Somebody leaves the organisation: everything that was theirs to use ends in one transaction, and their name stays
//! where it stands in what happened.

use domain::{
    RestoreId, RunId, UserId,
    audit::{Act, Deed, Field},
    restores::RequestState,
};

use super::{restore_steps::RestoreStep, run_row::append_event, runs::ask_to_stop};
use crate::{
    TenantCatalog,
    db::{AsConn, Tx, all, exec, first},
    decode::id,
    error::Result,
};

/// What ends, or ended, when somebody leaves.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Leaving {
    /// Their sessions, in whichever organisation they are at work.
    pub sessions: u64,
    /// Their tokens for this organisation.
    pub tokens: u64,
    /// Invitations of theirs that wait.
    pub invitations: u64,
    /// Restores that they asked for or agreed to and that were not applied.
    pub requests: u64,
    /// Groups that they are in here.
    pub groups: u64,
    /// Whether they belong to no other organisation: then the account is closed too.
    pub closes_account: bool,
}

impl TenantCatalog<'_> {
    /// What would end if a person left.
    pub async fn would_end(&self, user: UserId) -> Result<Leaving> {
        let mut reader = self.read().await?;
        self.find_user(&mut reader, user).await?;
        let mut leaving = self.count_what_ends(&mut reader, user).await?;
        drop(reader);
        leaving.closes_account = self.is_only_here(user).await?;
        Ok(leaving)
    }

    async fn count_what_ends(&self, on: &mut impl AsConn, user: UserId) -> Result<Leaving> {
        let row = first!(
            on,
            (i64, i64, i64, i64, i64),
            "select (select count(*) from sessions where user_id = $2 and expires_at > $3), \
             (select count(*) from api_tokens where tenant_id = $1 and user_id = $2 and revoked_at is null \
             and expires_at > $3), \
             (select count(*) from invitations where tenant_id = $1 and invited_by = $4 and accepted_at is null \
             and revoked_at is null), \
             (select count(*) from restore_requests where tenant_id = $1 and state in ('planning', 'planned', \
             'awaiting_approval', 'approved') and $4 in (made_by_id, coalesce(asked_by_id, ''), \
             coalesce(approved_by_id, ''))), \
             (select count(*) from group_members where tenant_id = $1 and user_id = $2)",
            self.key(),
            user.to_string(),
            self.now(),
            format!("user:{user}"),
        )?;
        let (sessions, tokens, invitations, requests, groups) = row.unwrap_or_default();
        let count = i64::unsigned_abs;
        Ok(Leaving {
            sessions: count(sessions),
            tokens: count(tokens),
            invitations: count(invitations),
            requests: count(requests),
            groups: count(groups),
            closes_account: false,
        })
    }

    pub(super) async fn is_only_here(&self, user: UserId) -> Result<bool> {
        // Memberships elsewhere are behind the wall of this organisation's scope.
        let mut reader = self.catalog.db.read().await?;
        let elsewhere = first!(
            &mut reader,
            (i64,),
            "select count(*) from memberships where user_id = $1 and tenant_id <> $2",
            user.to_string(),
            self.key(),
        )?;
        Ok(elsewhere.is_none_or(|(count,)| count == 0))
    }

    /// Removes a person from the organisation. Ends their sessions, tokens, invitations and requests at once, and their
    /// account if no other organisation knows them; says what it ended. [`crate::Conflict::LastAdministrator`] if nobody
    /// who administers would remain.
    pub async fn remove_user(&self, user: UserId) -> Result<Leaving> {
        let closes_account = self.is_only_here(user).await?;
        let mut tx = self.begin().await?;
        self.hold_people(&mut tx).await?;
        let present = self.find_user(&mut tx, user).await?;
        self.may_give(&present.powers())?;
        let leaving = Leaving { closes_account, ..self.count_what_ends(&mut tx, user).await? };
        let (tenant, key, now) = (self.key(), user.to_string(), self.now());
        exec!(&mut tx, "delete from sessions where user_id = $1", &key)?;
        exec!(
            &mut tx,
            "update api_tokens set revoked_at = $3 where tenant_id = $1 and user_id = $2 and revoked_at is null",
            &tenant,
            &key,
            now,
        )?;
        exec!(
            &mut tx,
            "update invitations set revoked_at = $3 where tenant_id = $1 and invited_by = $2 \
             and accepted_at is null and revoked_at is null",
            &tenant,
            format!("user:{user}"),
            now,
        )?;
        exec!(&mut tx, "delete from group_members where tenant_id = $1 and user_id = $2", &tenant, &key)?;
        exec!(&mut tx, "delete from member_roles where tenant_id = $1 and user_id = $2", &tenant, &key)?;
        exec!(&mut tx, "delete from memberships where tenant_id = $1 and user_id = $2", &tenant, &key)?;
        if closes_account {
            exec!(&mut tx, "delete from password_links where user_id = $1", &key)?;
            exec!(&mut tx, "update users set enabled = 0 where id = $1", &key)?;
        }
        self.check_administrators(&mut tx, None).await?;
        let withdrawn = self.withdraw_of(&mut tx, user, &present.name).await?;
        for restore in withdrawn {
            self.audit(&mut tx, Deed::done(Act::TenantRestoreWithdraw, restore)).await?;
        }
        let deed = Deed::done(Act::UserRemove, user).after(Field::Count, leaving.sessions + leaving.tokens);
        self.audit(&mut tx, deed.after(Field::Enabled, !closes_account)).await?;
        tx.commit().await?;
        Ok(leaving)
    }

    /// Takes back what somebody asked for or agreed to and nobody has applied. What is being applied goes on: it asks
    /// again by itself whether both may still do so.
    async fn withdraw_of(&self, tx: &mut Tx, user: UserId, name: &str) -> Result<Vec<RestoreId>> {
        let now = self.catalog.clock.now();
        let because = format!("{name} left the organisation.");
        let rows = all!(
            tx,
            (String, String),
            "update restore_requests set state = 'withdrawn', changed_at = $3, version = version + 1 \
             where tenant_id = $1 and state in ('planning', 'planned', 'awaiting_approval', 'approved') \
             and $2 in (made_by_id, coalesce(asked_by_id, ''), coalesce(approved_by_id, '')) \
             returning id, plan_run_id",
            self.key(),
            format!("user:{user}"),
            now.0,
        )?;
        let mut withdrawn = Vec::new();
        for (restore, plan) in rows {
            let restore: RestoreId = id("restore_requests", &restore)?;
            let plan: RunId = id("restore_requests", &plan)?;
            let (by, comment) = (self.actor.name(), because.as_str());
            let state = RequestState::Withdrawn;
            let step = RestoreStep { restore, at: now, state, by, comment, run: None };
            step.append(tx, &self.key()).await?;
            if ask_to_stop(tx, self.tenant, plan, now).await?.is_some() {
                append_event(tx, self.tenant, plan, now, &because).await?;
            }
            withdrawn.push(restore);
        }
        Ok(withdrawn)
    }
}
