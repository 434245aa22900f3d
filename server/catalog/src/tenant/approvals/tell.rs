//! Telling people what waits for them, again at half of its time, and to all who administer when little of it is left;
//! and carrying out or ending what nobody clicks for. All of it is found by a sweep, so that a lost moment delays it by
//! one round and nothing is told twice.

use domain::{
    Timestamp,
    access::Permission,
    alerts::NoticeKind,
    approvals::{Change, Next, Runs, State},
    id::ApprovalId,
};

use super::Held;
use crate::{
    TenantCatalog,
    db::{Tx, exec, first},
    error::{Error, Result},
    tenant::{Member, Notice},
};

/// What has been told of a request, as it is stored.
mod told {
    pub const NOBODY: i64 = 0;
    pub const ASKED: i64 = 1;
    pub const REMINDED: i64 = 2;
    pub const ESCALATED: i64 = 3;
    pub const ENDED: i64 = 4;
}

impl TenantCatalog<'_> {
    /// Does what is due for one request. `mails` says whether letters to single people can leave at all. Returns whether
    /// anything was done.
    pub(crate) async fn tend_approval(&self, request: ApprovalId, mails: bool) -> Result<bool> {
        let mut tx = self.begin().await?;
        let held = Held::find(&mut tx, &self.key(), request).await?;
        let now = Timestamp(self.now());
        let following = held.next(&mut tx, &self.key(), now).await?;
        match following {
            Next::Expire => {
                drop(tx);
                self.settle_approval(request, State::Expired, "Nobody agreed to it, or used it, in time.")
                    .await?;
                return Ok(true);
            }
            Next::Reopen => {
                drop(tx);
                self.reopen(request).await?;
                return Ok(true);
            }
            Next::Execute
                if held.class()?.runs() == Runs::Itself
                    && !matches!(held.change()?, Change::RestoreLive { .. }) =>
            {
                drop(tx);
                return match self.execute_approval(request).await {
                    Ok(_) | Err(Error::Conflict(_)) => Ok(true),
                    Err(error) => Err(error),
                };
            }
            _ => {}
        }
        let is_over = held.state()?.is_settled();
        let span = held.expires_at - held.created_at;
        let passed = now.0 - held.created_at;
        let due = match held.told {
            _ if is_over => told::ENDED,
            told::NOBODY => told::ASKED,
            told::ASKED if passed * 2 >= span => told::REMINDED,
            told::REMINDED if passed * 5 >= span * 4 => told::ESCALATED,
            _ => return Ok(false),
        };
        self.tell(&mut tx, &held, due, mails).await?;
        exec!(
            &mut tx,
            "update approval_requests set told = $3 where tenant_id = $1 and id = $2 and told = $4",
            self.key(),
            held.id.as_str(),
            due,
            held.told,
        )?;
        tx.commit().await?;
        Ok(true)
    }

    async fn tell(&self, tx: &mut Tx, held: &Held, what: i64, mails: bool) -> Result<()> {
        let until = Timestamp(held.expires_at).exact();
        let (subject, body) = match what {
            told::ENDED => {
                let state = held.state()?.title().to_lowercase();
                (
                    format!("{}: {}", held.state()?.title(), held.title),
                    format!("What you asked for is over: {state}."),
                )
            }
            told::ASKED => (
                format!("Asked of you: {}", held.title),
                format!(
                    "{} asks for this, and somebody else has to agree by {until}.\nTheir reason: {}",
                    held.requester, held.reason
                ),
            ),
            told::REMINDED => (
                format!("Still waiting: {}", held.title),
                format!("Half of the time is over, and not enough have agreed. It ends at {until}."),
            ),
            _ => (
                format!("Ends soon: {}", held.title),
                format!(
                    "Little time is left, and not enough have agreed. It ends at {until}. You are told because you administer this organisation."
                ),
            ),
        };
        let notice = Notice {
            tenant: self.tenant,
            kind: NoticeKind::Approval,
            dedupe_key: format!("approval:{}:{what}:{}", held.id, held.expires_at),
            subject,
            body: &body,
            path: format!("/approvals/{}", held.id),
        };
        let clock = &*self.catalog.clock;
        if what == told::ASKED || what == told::ESCALATED {
            notice.queue(tx, clock).await?;
        }
        if !mails {
            return Ok(());
        }
        let people = match what {
            told::ENDED => self.requester_of(tx, held).await?,
            told::ESCALATED => self.could_agree(tx, Permission::ManageUsers, &[]).await?,
            _ => self.could_agree(tx, held.class()?.permission(), &held.asked()).await?,
        };
        for member in people {
            notice.queue_to(tx, clock, &member).await?;
        }
        Ok(())
    }

    async fn requester_of(&self, tx: &mut Tx, held: &Held) -> Result<Vec<Member>> {
        let Some(user) = held.requester_id.strip_prefix("user:") else { return Ok(Vec::new()) };
        let row = first!(
            tx,
            (String, String, String),
            "select u.id, u.name, u.email from memberships m join users u on u.id = m.user_id \
             where m.tenant_id = $1 and m.user_id = $2 and u.enabled = 1",
            self.key(),
            user,
        )?;
        let read = |(user, name, email): (String, String, String)| {
            Ok::<_, Error>(Member { id: crate::decode::id("users", &user)?, name, email })
        };
        row.map(read).transpose().map(|member| member.into_iter().collect())
    }
}
