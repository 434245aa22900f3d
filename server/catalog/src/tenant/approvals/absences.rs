//! Who is away, and who agrees in their place. What somebody may not do themselves they cannot leave to others, and
//! nobody is left a voice to agree to what they ask for: both are asked when the voice is used.

use domain::{
    Timestamp, UserId,
    access::Permission,
    audit::{Act, Deed, Field},
    id::AbsenceId,
};

use crate::{
    Conflict, TenantCatalog,
    db::{all, exec, first},
    decode::{id, maybe_id},
    error::{Error, Result},
};

/// A time in which somebody is away.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Absence {
    /// Which.
    pub id: AbsenceId,
    /// Who.
    pub user: UserId,
    /// Their name.
    pub name: String,
    /// From when.
    pub from: Timestamp,
    /// Until when.
    pub until: Timestamp,
    /// Who agrees in their place, with their name.
    pub deputy: Option<(UserId, String)>,
}

/// An absence to be written down.
#[derive(Debug, Clone, Copy)]
pub struct NewAbsence {
    /// Whose.
    pub user: UserId,
    /// From when.
    pub from: Timestamp,
    /// Until when.
    pub until: Timestamp,
    /// Who agrees in their place.
    pub deputy: Option<UserId>,
}

impl TenantCatalog<'_> {
    /// Absences that are not over, by their beginning.
    pub async fn list_absences(&self) -> Result<Vec<Absence>> {
        let mut reader = self.read().await?;
        let rows = all!(
            &mut reader,
            (String, String, String, i64, i64, Option<String>, Option<String>),
            "select a.id, a.user_id, u.name, a.from_at, a.until_at, a.to_user_id, d.name from approval_absences a \
             join users u on u.id = a.user_id left join users d on d.id = a.to_user_id where a.tenant_id = $1 \
             and a.ended_at is null and a.until_at > $2 order by a.from_at, a.id limit 200",
            self.key(),
            self.now(),
        )?;
        let read = |row: (String, String, String, i64, i64, Option<String>, Option<String>)| {
            let (absence, user, name, from, until, deputy, deputy_name) = row;
            Ok(Absence {
                id: id("approval_absences", &absence)?,
                user: id("approval_absences", &user)?,
                name,
                from: Timestamp(from),
                until: Timestamp(until),
                deputy: maybe_id("approval_absences", deputy.as_deref())?.zip(deputy_name),
            })
        };
        rows.into_iter().map(read).collect()
    }

    /// Everybody who may sign in, by name: whoever is away may leave their voice to one of them.
    pub async fn deputies(&self) -> Result<Vec<(UserId, String)>> {
        let mut reader = self.read().await?;
        let all = self.could_agree(&mut reader, Permission::ReadBackups, &[]).await?;
        let mut all: Vec<_> = all.into_iter().map(|member| (member.id, member.name)).collect();
        all.sort_by(|one, other| one.1.cmp(&other.1));
        Ok(all)
    }

    /// Says that somebody is away: oneself, or, for who manages people, anybody. [`Conflict::NotYours`] otherwise.
    pub async fn add_absence(&self, new: NewAbsence) -> Result<AbsenceId> {
        let is_own = self.actor.key() == format!("user:{}", new.user);
        let manages = self.powers.is_some_and(|powers| powers.may(Permission::ManageUsers));
        // Only they themselves leave their voice to somebody: who manages people could take it otherwise.
        if !(is_own || (manages && new.deputy.is_none())) {
            return Err(Conflict::NotYours.into());
        }
        let mut tx = self.begin().await?;
        for user in std::iter::once(new.user).chain(new.deputy) {
            let found = first!(
                &mut tx,
                (String,),
                "select user_id from memberships where tenant_id = $1 and user_id = $2",
                self.key(),
                user.to_string(),
            )?;
            found.ok_or(Error::NotFound { what: "person" })?;
        }
        let absence = AbsenceId::new(self.catalog.clock.uuid());
        exec!(
            &mut tx,
            "insert into approval_absences (tenant_id, id, user_id, from_at, until_at, to_user_id, made_by, made_at) \
             values ($1, $2, $3, $4, $5, $6, $7, $8)",
            self.key(),
            absence.to_string(),
            new.user.to_string(),
            new.from.0,
            new.until.0,
            new.deputy.map(|deputy| deputy.to_string()),
            self.actor.key(),
            self.now(),
        )?;
        let deed =
            Deed::done(Act::AbsenceSet, absence).after(Field::From, new.from).after(Field::Until, new.until);
        let deed = match new.deputy {
            Some(deputy) => deed.after(Field::Person, deputy),
            None => deed,
        };
        self.audit(&mut tx, deed).await?;
        tx.commit().await?;
        Ok(absence)
    }

    /// Ends an absence now: one's own, or, for who manages people, anybody's.
    pub async fn end_absence(&self, absence: AbsenceId) -> Result<()> {
        let manages = self.powers.is_some_and(|powers| powers.may(Permission::ManageUsers));
        let mut tx = self.begin().await?;
        let ended = exec!(
            &mut tx,
            "update approval_absences set ended_at = $3 where tenant_id = $1 and id = $2 and ended_at is null \
             and ($4 = 1 or 'user:' || user_id = $5)",
            self.key(),
            absence.to_string(),
            self.now(),
            i64::from(manages),
            self.actor.key(),
        )?;
        if ended == 0 {
            return Err(Error::NotFound { what: "absence" });
        }
        self.audit(&mut tx, Deed::done(Act::AbsenceEnd, absence)).await?;
        tx.commit().await
    }
}
