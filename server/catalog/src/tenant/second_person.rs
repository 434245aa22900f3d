//! Who is a second person: somebody other than who asked, and nobody of whom the other disposes.
//!
//! Whoever adds people could add themselves a second account and agree with it to what the first one asked for. So
//! who added a person, gave them their role, or made the link by which they set their password cannot have that
//! person agree with them; nor the other way round, but for those who run the installation: they add people as a
//! matter of course, and are nobody's creatures by it.

use domain::{
    RestoreId,
    access::{Permission, Role},
};

use super::Restore;
use crate::{
    Conflict, TenantCatalog,
    db::{AsConn, all},
    error::Result,
};

/// A person who can be a second one, and who stands behind them.
struct Standing {
    key: String,
    role: Option<Role>,
    behind: Vec<String>,
}

#[derive(sqlx::FromRow)]
struct Row {
    id: String,
    role: String,
    enabled: i64,
    added_by: Option<String>,
    role_by: Option<String>,
    password_by: Option<String>,
}

/// Whether `approver` is a second person beside each of `asked`, of whom `people` tells.
fn check(approver: &Standing, asked: &[&str], people: &[(bool, Standing)]) -> Result<(), Conflict> {
    if asked.contains(&approver.key.as_str()) {
        return Err(Conflict::SecondPerson);
    }
    let is_creature = approver.behind.iter().any(|by| asked.contains(&by.as_str()));
    let is_maker = approver.role != Some(Role::PlatformOperator)
        && people
            .iter()
            .filter(|(_, person)| asked.contains(&person.key.as_str()))
            .any(|(_, person)| person.behind.contains(&approver.key));
    if is_creature || is_maker { Err(Conflict::NotIndependent) } else { Ok(()) }
}

impl TenantCatalog<'_> {
    /// Everybody of the organisation, with whether they may sign in.
    async fn standings(&self, on: &mut impl AsConn) -> Result<Vec<(bool, Standing)>> {
        let rows = all!(
            on,
            Row,
            "select u.id, m.role, u.enabled, m.added_by, m.role_by, u.password_by from memberships m \
             join users u on u.id = m.user_id where m.tenant_id = $1",
            self.key(),
        )?;
        let read = |row: Row| {
            let behind = [row.added_by, row.role_by, row.password_by].into_iter().flatten().collect();
            let key = format!("user:{}", row.id);
            (row.enabled == 1, Standing { key, role: Role::find(&row.role), behind })
        };
        Ok(rows.into_iter().map(read).collect())
    }

    /// Fails unless the actor is a second person beside those who made a request and asked for it.
    pub(super) async fn as_second_person(&self, on: &mut impl AsConn, asked: &[&str]) -> Result<()> {
        let people = self.standings(on).await?;
        let key = self.actor.key();
        let behind = people.iter().find(|(_, person)| person.key == key);
        let behind = behind.map(|(_, person)| person.behind.clone()).unwrap_or_default();
        Ok(check(&Standing { key, role: self.role, behind }, asked, &people)?)
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
        let people = self.standings(&mut self.read().await?).await?;
        let may = |person: &Standing| person.role.is_some_and(|role| Permission::ApproveRestore.allows(role));
        let mut others = people.iter().filter(|(enabled, person)| *enabled && may(person));
        Ok(others.any(|(_, person)| check(person, &found.asked(), &people).is_ok()))
    }
}

impl Restore {
    /// Who made it and who asked for it.
    fn asked(&self) -> Vec<&str> {
        std::iter::once(self.made_by_id.as_str()).chain(self.asked_by_id.as_deref()).collect()
    }
}
