//! The rules of an organisation, and that it works alone.

use domain::{
    Timestamp,
    access::Permission,
    approvals::{Change, Class, Rule},
    audit::{Act, Deed, Field, Object},
};

use super::show::Shown;
use crate::{
    Conflict, TenantCatalog,
    db::{AsConn, Tx, all, exec, first},
    decode::{number, storable},
    error::Result,
    tenant::Notice,
};

/// The rule of a class as it counts here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RuleRow {
    /// Of which class.
    pub class: Class,
    /// As it counts now.
    pub rule: Rule,
    /// Whether the organisation has said nothing of its own.
    pub is_default: bool,
    /// How many people could agree to what the reader asks for.
    pub could_agree: usize,
}

/// That an organisation of one person works alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Alone {
    /// Since when.
    pub since: Timestamp,
    /// Why, in their words.
    pub reason: String,
}

impl TenantCatalog<'_> {
    /// Every class with its rule.
    pub async fn list_rules(&self) -> Result<Vec<RuleRow>> {
        let mut reader = self.read().await?;
        let stored = all!(
            &mut reader,
            (String, i64, i64, i64),
            "select class, approvals, within_ms, cool_off_ms from approval_rules where tenant_id = $1",
            self.key(),
        )?;
        let is_alone = self.alone(&mut reader).await?.is_some();
        let actor = self.actor.key();
        let mut rows = Vec::new();
        for class in Class::ALL.iter().filter(|class| class.is_in_force()) {
            let found = stored.iter().find(|row| row.0 == class.key());
            let rule = match found {
                Some((_, approvals, within_ms, cool_off_ms)) => {
                    let approvals = number("approval_rules", *approvals)?;
                    Rule { approvals, within_ms: *within_ms, cool_off_ms: *cool_off_ms }
                }
                None => class.default_rule(),
            };
            let could_agree = self.could_agree(&mut reader, class.permission(), &[&actor]).await?.len();
            let rule = rule.effective(*class, is_alone, could_agree > 0);
            rows.push(RuleRow { class: *class, rule, is_default: found.is_none(), could_agree });
        }
        Ok(rows)
    }

    /// The rule of a class as it counts for who asks.
    pub(in crate::tenant) async fn rule_now(
        &self,
        tx: &mut Tx,
        class: Class,
        asked: &[&str],
    ) -> Result<Rule> {
        let rule = self.stored_rule(tx, class).await?;
        let is_alone = self.alone(tx).await?.is_some();
        let somebody = !self.could_agree(tx, class.permission(), asked).await?.is_empty();
        Ok(rule.effective(class, is_alone, somebody))
    }

    async fn alone(&self, on: &mut impl AsConn) -> Result<Option<Alone>> {
        let row = first!(
            on,
            (i64, String),
            "select since, reason from approval_alone where tenant_id = $1",
            self.key(),
        )?;
        Ok(row.map(|(since, reason)| Alone { since: Timestamp(since), reason }))
    }

    /// Whether this organisation works alone: it has said so, and nobody could agree to anything.
    pub async fn works_alone(&self) -> Result<Option<Alone>> {
        let mut reader = self.read().await?;
        let Some(alone) = self.alone(&mut reader).await? else { return Ok(None) };
        let actor = self.actor.key();
        let others = self.could_agree(&mut reader, Permission::ApproveChanges, &[&actor]).await?;
        Ok(others.is_empty().then_some(alone))
    }

    /// Says that this organisation works alone. Only while it has never had a second member: whoever could shut the others
    /// out first must not get rid of their agreement so. [`Conflict::NotAlone`] otherwise.
    pub async fn work_alone(&self, reason: &str) -> Result<()> {
        let mut tx = self.begin().await?;
        let members = first!(
            &mut tx,
            (i64,),
            "select cast(count(*) as bigint) from memberships where tenant_id = $1",
            self.key(),
        )?;
        if members.is_none_or(|(members,)| members > 1) {
            return Err(Conflict::NotAlone.into());
        }
        if reason.trim().is_empty() {
            return Err(Conflict::ReasonMissing.into());
        }
        exec!(
            &mut tx,
            "insert into approval_alone (tenant_id, since, said_by, reason) values ($1, $2, $3, $4) on conflict do nothing",
            self.key(),
            self.now(),
            self.actor.key(),
            storable(reason.trim()),
        )?;
        let deed = Deed::done(Act::ApprovalRuleSet, Object::working_alone()).after(Field::Enabled, true);
        self.audit(&mut tx, deed).await?;
        tx.commit().await
    }

    /// Says that it does not any more.
    pub async fn stop_working_alone(&self) -> Result<()> {
        let mut tx = self.begin().await?;
        exec!(&mut tx, "delete from approval_alone where tenant_id = $1", self.key())?;
        let deed = Deed::done(Act::ApprovalRuleSet, Object::working_alone()).after(Field::Enabled, false);
        self.audit(&mut tx, deed).await?;
        tx.commit().await
    }

    /// What would need a second person where there is one is told to whoever is told of failures, never done silently.
    pub(in crate::tenant) async fn told_alone(
        &self,
        tx: &mut Tx,
        change: &Change,
        shown: &Shown,
    ) -> Result<()> {
        if change.class().least() == 0 {
            return Ok(());
        }
        let body = format!(
            "{} did this without a second person: {}\n{}",
            self.actor.name(),
            shown.title,
            shown.preview.what
        );
        let notice = Notice {
            tenant: self.tenant,
            kind: domain::alerts::NoticeKind::Approval,
            dedupe_key: format!("alone:{}", self.catalog.clock.uuid()),
            subject: format!("Done without a second person: {}", shown.title),
            body: &body,
            path: shown.path.clone(),
        };
        notice.queue(tx, &*self.catalog.clock).await.map(drop)
    }
}
