//! Who is a second person: somebody other than who asked, and nobody of whom the other disposes.
//!
//! Whoever adds people could add themselves a second account and agree with it to what the first one asked for. So
//! who added a person, gave them their role, or made the link by which they set their password cannot have that
//! person agree with them; nor the other way round, but for those who run the installation: they add people as a
//! matter of course, and are nobody's creatures by it.

use std::collections::BTreeSet;

use domain::{RestoreId, UserId, access::Permission, powers::Powers};

use super::Restore;
use crate::{
    Conflict, TenantCatalog,
    access::{roles_in, together},
    db::{AsConn, all},
    decode::id,
    error::Result,
};

/// Somebody who could agree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// Who.
    pub id: UserId,
    /// Name.
    pub name: String,
    /// Address.
    pub email: String,
}

/// A person who can be a second one, and who stands behind them.
struct Standing {
    key: String,
    id: UserId,
    name: String,
    email: String,
    powers: Powers,
    behind: Vec<String>,
}

#[derive(sqlx::FromRow)]
struct Row {
    id: String,
    name: String,
    email: String,
    enabled: i64,
    added_by: Option<String>,
    role_by: Option<String>,
    password_by: Option<String>,
}

/// Everybody who stands behind a person, and behind those: a second account can make a third. It ends with who runs
/// the installation: those vouch for people in their own name.
fn behind<'p>(directly: &'p [String], people: &'p [(bool, Standing)]) -> BTreeSet<&'p str> {
    let mut found = BTreeSet::new();
    let mut open: Vec<&str> = directly.iter().map(String::as_str).collect();
    while let Some(key) = open.pop() {
        let is_new = found.insert(key);
        let next = people.iter().map(|(_, person)| person).find(|person| is_new && person.key == key);
        let next = next.filter(|person| !person.powers.runs_installation);
        open.extend(next.into_iter().flat_map(|person| person.behind.iter().map(String::as_str)));
    }
    found
}

/// Whether somebody, by their key, their powers and who stands directly behind them, is a second person beside each of
/// `asked`, of whom `people` tells.
fn check(
    (key, powers, directly): (&str, Powers, &[String]),
    asked: &[&str],
    people: &[(bool, Standing)],
) -> Result<(), Conflict> {
    if asked.contains(&key) {
        return Err(Conflict::SecondPerson);
    }
    let before = behind(directly, people);
    let is_creature = asked.iter().any(|asker| before.contains(asker));
    let mut askers =
        people.iter().map(|(_, person)| person).filter(|person| asked.contains(&person.key.as_str()));
    let is_maker =
        !powers.runs_installation && askers.any(|asker| behind(&asker.behind, people).contains(key));
    if is_creature || is_maker { Err(Conflict::NotIndependent) } else { Ok(()) }
}

impl TenantCatalog<'_> {
    /// Everybody of the organisation, with whether they may sign in.
    async fn standings(&self, on: &mut impl AsConn) -> Result<Vec<(bool, Standing)>> {
        let rows = all!(
            on,
            Row,
            "select u.id, u.name, u.email, u.enabled, m.added_by, m.role_by, u.password_by from memberships m \
             join users u on u.id = m.user_id where m.tenant_id = $1",
            self.key(),
        )?;
        let held = roles_in(on, &self.key(), self.now()).await?;
        let read = |row: Row| {
            let user: UserId = id("memberships", &row.id)?;
            let powers = held.get(&user).map_or(Powers::NONE, |roles| together(roles));
            let behind = [row.added_by, row.role_by, row.password_by].into_iter().flatten().collect();
            let key = format!("user:{}", row.id);
            let Row { name, email, enabled, .. } = row;
            Ok((enabled == 1, Standing { key, id: user, name, email, powers, behind }))
        };
        rows.into_iter().map(read).collect()
    }

    /// Fails unless the actor is a second person beside those who made a request and asked for it.
    pub(super) async fn as_second_person(&self, on: &mut impl AsConn, asked: &[&str]) -> Result<()> {
        self.is_second_person(on, &self.actor.key(), self.powers.unwrap_or(Powers::NONE), asked).await
    }

    /// The same of somebody else, who has these powers.
    pub(super) async fn is_second_person(
        &self,
        on: &mut impl AsConn,
        key: &str,
        powers: Powers,
        asked: &[&str],
    ) -> Result<()> {
        let people = self.standings(on).await?;
        let known = people.iter().find(|(_, person)| person.key == key);
        let behind = known.map_or(&[][..], |(_, person)| &person.behind);
        Ok(check((key, powers, behind), asked, &people)?)
    }

    /// Everybody who may sign in, has the permission and is a second person beside those who asked.
    pub(super) async fn could_agree(
        &self,
        on: &mut impl AsConn,
        permission: Permission,
        asked: &[&str],
    ) -> Result<Vec<Member>> {
        let people = self.standings(on).await?;
        let may = |person: &Standing| person.powers.may(permission);
        let fit = people.iter().filter(|(enabled, person)| {
            *enabled
                && may(person)
                && check((&person.key, person.powers, &person.behind), asked, &people).is_ok()
        });
        let member = |person: &Standing| Member {
            id: person.id,
            name: person.name.clone(),
            email: person.email.clone(),
        };
        Ok(fit.map(|(_, person)| member(person)).collect())
    }

    /// Why the actor cannot agree to a request as a second person; nothing if they can.
    pub async fn second_person_refusal(&self, restore: &Restore) -> Result<Option<Conflict>> {
        let mut reader = self.read().await?;
        match self.as_second_person(&mut reader, &restore.asked()).await {
            Ok(()) => Ok(None),
            Err(crate::Error::Conflict(conflict)) => Ok(Some(conflict)),
            Err(error) => Err(error),
        }
    }

    /// Whether somebody could agree to a request beside who made it and who asked for it.
    pub async fn has_second_person(&self, restore: RestoreId) -> Result<bool> {
        let found = self.get_restore(restore).await?;
        let others =
            self.could_agree(&mut self.read().await?, Permission::ApproveRestore, &found.asked()).await?;
        Ok(!others.is_empty())
    }
}

impl Restore {
    /// Who made it and who asked for it.
    fn asked(&self) -> Vec<&str> {
        std::iter::once(self.made_by_id.as_str()).chain(self.asked_by_id.as_deref()).collect()
    }
}
