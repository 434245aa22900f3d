//! Who needs a second factor, and until when one may do without.

use domain::{
    TenantId, Timestamp, UserId,
    audit::{Act, Deed, Field},
    powers::Powers,
    sign_in::{AskedOf, SignInPolicy},
};

use super::{held::powers_of, second_factors::factors_of};
use crate::{
    Catalog, TenantCatalog,
    db::{AsConn, all, exec, first},
    decode::{id, number, word},
    error::Result,
};

const TABLE: &str = "sign_in_policies";

type Row = (String, i64, i64);

fn read((requires, grace_days, since): Row) -> Result<SignInPolicy> {
    Ok(SignInPolicy {
        requires: word(TABLE, &requires, AskedOf::find)?,
        grace_days: number(TABLE, grace_days)?,
        since: Timestamp(since),
    })
}

/// By when the person has to have a second factor, in each organisation that asks them for one; nothing if they have one.
pub(super) async fn due_of(
    on: &mut impl AsConn,
    user: UserId,
    now: i64,
) -> Result<Vec<(TenantId, Timestamp)>> {
    let rows = all!(
        on,
        (String, i64, String, i64, i64),
        "select m.tenant_id, m.created_at, p.requires, p.grace_days, p.since from memberships m \
         join sign_in_policies p on p.tenant_id = m.tenant_id where m.user_id = $1 and p.requires <> 'nobody'",
        user.to_string(),
    )?;
    // Most people never come further: a second factor is looked for only where one is asked.
    if rows.is_empty() || factors_of(on, user).await?.is_any() {
        return Ok(Vec::new());
    }
    let mut due = Vec::new();
    for (tenant, joined, requires, grace_days, since) in rows {
        let powers = powers_of(on, &tenant, &user.to_string(), now).await?.unwrap_or(Powers::NONE);
        if let Some(by) = read((requires, grace_days, since))?.due(&powers, Timestamp(joined)) {
            due.push((id(TABLE, &tenant)?, by));
        }
    }
    Ok(due)
}

impl Catalog {
    /// Whether any organisation of the person asks them for a second factor, whether they have one or not.
    pub async fn asks_second_factor(&self, user: UserId) -> Result<bool> {
        let mut reader = self.db.read().await?;
        let rows = all!(
            &mut reader,
            (String, String),
            "select m.tenant_id, p.requires from memberships m join sign_in_policies p on p.tenant_id = m.tenant_id \
             where m.user_id = $1",
            user.to_string(),
        )?;
        for (tenant, requires) in rows {
            let now = self.clock.now().0;
            let powers =
                powers_of(&mut reader, &tenant, &user.to_string(), now).await?.unwrap_or(Powers::NONE);
            if word(TABLE, &requires, AskedOf::find)?.asks(&powers) {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

impl TenantCatalog<'_> {
    /// What the organisation asks of its people; nothing if nobody has decided.
    pub async fn sign_in_policy(&self) -> Result<Option<SignInPolicy>> {
        let mut reader = self.read().await?;
        let row = first!(
            &mut reader,
            Row,
            "select requires, grace_days, since from sign_in_policies where tenant_id = $1",
            self.key(),
        )?;
        row.map(read).transpose()
    }

    /// Changes it. The grace counts from now, unless only its length changes.
    pub async fn set_sign_in_policy(&self, requires: AskedOf, grace_days: u32) -> Result<()> {
        let mut tx = self.begin().await?;
        let before = first!(
            &mut tx,
            (String,),
            "select requires from sign_in_policies where tenant_id = $1",
            self.key(),
        )?;
        exec!(
            &mut tx,
            "insert into sign_in_policies (tenant_id, requires, grace_days, since) values ($1, $2, $3, $4) \
             on conflict (tenant_id) do update set since = case when sign_in_policies.requires = excluded.requires \
             then sign_in_policies.since else excluded.since end, requires = excluded.requires, \
             grace_days = excluded.grace_days",
            self.key(),
            requires.key(),
            i64::from(grace_days),
            self.catalog.clock.now().0,
        )?;
        let before = before.and_then(|(word,)| AskedOf::find(&word)).unwrap_or(AskedOf::Nobody);
        let deed = Deed::done(Act::SignInPolicySet, self.tenant)
            .before(Field::State, before.key())
            .after(Field::State, requires.key())
            .after(Field::Count, i64::from(grace_days));
        self.audit(&mut tx, deed).await?;
        tx.commit().await
    }
}
