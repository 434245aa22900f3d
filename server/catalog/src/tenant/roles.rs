//! Roles that an organisation makes, and giving roles to people.

use domain::{
    RoleId, Timestamp, UserId,
    access::Permission,
    audit::{Act, Deed, Field},
    powers::{HeldRole, PermissionSet, Powers, RoleRef},
};
use serde::{Deserialize, Serialize};

use crate::{
    Conflict, TenantCatalog,
    access::{give, roles_of, together},
    db::{AsConn, Tx, all, exec, first},
    decode::{id, json, storable, to_json},
    error::{Error, Result},
};

const TABLE: &str = "custom_roles";

/// A role that an organisation made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CustomRole {
    /// Which.
    pub id: RoleId,
    /// What it is called.
    pub name: String,
    /// What it may.
    pub permissions: PermissionSet,
    /// How many people have it, by themselves or by a group.
    pub people: u64,
}

/// A role to give.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct GivenRole {
    /// Which.
    pub role: RoleRef,
    /// When it ends by itself.
    pub expires_at: Option<Timestamp>,
}

impl TenantCatalog<'_> {
    /// Roles of the organisation, by name.
    pub async fn list_roles(&self) -> Result<Vec<CustomRole>> {
        let mut reader = self.read().await?;
        let rows = all!(
            &mut reader,
            (String, String, String, i64),
            "select c.id, c.name, c.permissions, (select count(distinct m.user_id) from memberships m \
             where m.tenant_id = c.tenant_id and (exists (select 1 from member_roles r where r.tenant_id = c.tenant_id \
             and r.user_id = m.user_id and r.role = c.id and (r.expires_at is null or r.expires_at > $2)) \
             or exists (select 1 from group_members gm join group_roles gr on gr.tenant_id = gm.tenant_id \
             and gr.group_id = gm.group_id where gm.tenant_id = c.tenant_id and gm.user_id = m.user_id \
             and gr.role = c.id))) from custom_roles c where c.tenant_id = $1 order by c.name, c.id",
            self.key(),
            self.now(),
        )?;
        let read = |(role, name, permissions, people): (String, String, String, i64)| {
            Ok(CustomRole {
                id: id(TABLE, &role)?,
                name,
                permissions: json(TABLE, &permissions)?,
                people: people.unsigned_abs(),
            })
        };
        rows.into_iter().map(read).collect()
    }

    /// What a role lets do. Not found if the organisation has no such role.
    pub(super) async fn powers_of_role(&self, on: &mut impl AsConn, role: RoleRef) -> Result<Powers> {
        let custom = match role {
            RoleRef::BuiltIn(role) => return Ok(Powers::of(role)),
            RoleRef::Custom(custom) => custom,
        };
        let row = first!(
            on,
            (String,),
            "select permissions from custom_roles where tenant_id = $1 and id = $2",
            self.key(),
            custom.to_string(),
        )?;
        let (permissions,) = row.ok_or(Error::NotFound { what: "role" })?;
        Ok(Powers::custom(json(TABLE, &permissions)?))
    }

    /// Makes a role. Only of what whoever makes it has themselves. [`Conflict::Duplicate`] if the name is taken.
    pub async fn create_role(&self, name: &str, permissions: PermissionSet) -> Result<RoleId> {
        self.check_own(permissions)?;
        let role = RoleId::new(self.catalog.clock.uuid());
        let mut tx = self.begin().await?;
        let made = exec!(
            &mut tx,
            "insert into custom_roles (tenant_id, id, name, permissions, created_at) values ($1, $2, $3, $4, $5) \
             on conflict do nothing",
            self.key(),
            role.to_string(),
            storable(name),
            to_json(TABLE, &permissions)?,
            self.now(),
        )?;
        if made == 0 {
            return Err(Conflict::Duplicate.into());
        }
        let count = u64::try_from(permissions.iter().count()).unwrap_or(u64::MAX);
        self.audit(&mut tx, Deed::done(Act::RoleCreate, role).after(Field::Count, count)).await?;
        tx.commit().await?;
        Ok(role)
    }

    /// Changes name and permissions of a role. What is put into it has to be one's own, and so has what is in it.
    pub async fn change_role(&self, role: RoleId, name: &str, permissions: PermissionSet) -> Result<()> {
        let mut tx = self.begin().await?;
        self.hold_people(&mut tx).await?;
        let present = self.powers_of_role(&mut tx, RoleRef::Custom(role)).await?;
        self.may_give(&present)?;
        self.check_own(permissions.without(present.permissions))?;
        let taken = first!(
            &mut tx,
            (String,),
            "select id from custom_roles where tenant_id = $1 and name = $2 and id <> $3",
            self.key(),
            storable(name),
            role.to_string(),
        )?;
        if taken.is_some() {
            return Err(Conflict::Duplicate.into());
        }
        exec!(
            &mut tx,
            "update custom_roles set name = $3, permissions = $4 where tenant_id = $1 and id = $2",
            self.key(),
            role.to_string(),
            storable(name),
            to_json(TABLE, &permissions)?,
        )?;
        self.check_administrators(&mut tx, None).await?;
        let count = |set: PermissionSet| u64::try_from(set.iter().count()).unwrap_or(u64::MAX);
        let deed = Deed::done(Act::RoleChange, role).before(Field::Count, count(present.permissions));
        self.audit(&mut tx, deed.after(Field::Count, count(permissions))).await?;
        tx.commit().await
    }

    /// Removes a role, and with it takes it from everybody who has it.
    pub async fn remove_role(&self, role: RoleId) -> Result<()> {
        let mut tx = self.begin().await?;
        self.hold_people(&mut tx).await?;
        self.may_give(&self.powers_of_role(&mut tx, RoleRef::Custom(role)).await?)?;
        let (tenant, key) = (self.key(), role.to_string());
        exec!(&mut tx, "delete from member_roles where tenant_id = $1 and role = $2", &tenant, &key)?;
        exec!(&mut tx, "delete from group_roles where tenant_id = $1 and role = $2", &tenant, &key)?;
        exec!(&mut tx, "delete from custom_roles where tenant_id = $1 and id = $2", &tenant, &key)?;
        self.check_administrators(&mut tx, None).await?;
        self.audit(&mut tx, Deed::done(Act::RoleRemove, role)).await?;
        tx.commit().await
    }

    /// A role is made of what its maker has themselves, whoever they are.
    fn check_own(&self, permissions: PermissionSet) -> Result<()> {
        let own = self.powers.unwrap_or(Powers::NONE).permissions;
        match permissions.without(own).iter().next() {
            None => Ok(()),
            Some(permission) => {
                let (reason, actor) = (crate::Refused::Forbidden, self.actor.clone());
                Err(crate::Denied { reason, actor, tenant: Some(self.tenant), permission }.into())
            }
        }
    }

    /// Makes these a person's roles of their own (those of groups stay), and lets them in or not; ends the person's
    /// sessions. [`Conflict::LastAdministrator`] if nobody who administers would remain.
    pub async fn change_roles(&self, id: UserId, roles: &[GivenRole], enabled: bool) -> Result<()> {
        let roles = roles.to_vec();
        self.change_person(id, |_, _| (roles, enabled)).await
    }

    /// Gives a person one more role; one that they have gets the new end. Ends their sessions.
    pub async fn give_role(&self, id: UserId, given: GivenRole) -> Result<()> {
        let more = |mut roles: Vec<GivenRole>, enabled| {
            roles.retain(|had| had.role != given.role);
            roles.push(given);
            (roles, enabled)
        };
        self.change_person(id, more).await
    }

    /// Takes a role of their own away from a person. Ends their sessions.
    pub async fn take_role(&self, id: UserId, role: RoleRef) -> Result<()> {
        let fewer = |mut roles: Vec<GivenRole>, enabled| {
            roles.retain(|had| had.role != role);
            (roles, enabled)
        };
        self.change_person(id, fewer).await
    }

    /// Lets a person in again, or no more. Ends their sessions.
    pub async fn enable_user(&self, id: UserId, enabled: bool) -> Result<()> {
        self.change_person(id, |roles, _| (roles, enabled)).await
    }

    async fn change_person(
        &self,
        id: UserId,
        to: impl FnOnce(Vec<GivenRole>, bool) -> (Vec<GivenRole>, bool),
    ) -> Result<()> {
        // Asked before the transaction, which it would wait for on a full pool.
        let only_here = self.check_only_here(id).await;
        let mut tx = self.begin().await?;
        self.hold_people(&mut tx).await?;
        let present = self.find_user(&mut tx, id).await?;
        // Whoever changes a person has to be able to answer for everything that they are.
        self.may_give(&present.powers())?;
        let before = self.own_roles(&mut tx, id).await?;
        let (roles, enabled) = to(before.clone(), present.enabled);
        if present.enabled != enabled {
            only_here?;
        }
        for given in &roles {
            self.may_give(&self.powers_of_role(&mut tx, given.role).await?)?;
        }
        let taken = before.iter().filter(|had| !roles.iter().any(|given| given.role == had.role));
        let given = roles.iter().filter(|given| !before.contains(given));
        let mut deeds = Vec::new();
        for had in taken {
            exec!(
                &mut tx,
                "delete from member_roles where tenant_id = $1 and user_id = $2 and role = $3",
                self.key(),
                id.to_string(),
                had.role.key(),
            )?;
            deeds.push(Deed::done(Act::RoleTake, id).before(Field::Role, had.role));
        }
        let (now, by) = (self.now(), self.actor.key());
        // Letting somebody in again is vouching for them as much as giving the role is.
        let mut is_vouched = enabled && !present.enabled;
        for new in given {
            give(&mut tx, (self.tenant, id), new.role, new.expires_at, (now, Some(&by))).await?;
            is_vouched = true;
            let deed = Deed::done(Act::RoleGive, id).after(Field::Role, new.role);
            deeds.push(match new.expires_at {
                Some(at) => deed.after(Field::Until, at),
                None => deed,
            });
        }
        if is_vouched {
            exec!(
                &mut tx,
                "update memberships set role_by = $3 where tenant_id = $1 and user_id = $2",
                self.key(),
                id.to_string(),
                &by,
            )?;
        }
        exec!(&mut tx, "update users set enabled = $2 where id = $1", id.to_string(), i64::from(enabled))?;
        exec!(&mut tx, "delete from sessions where user_id = $1", id.to_string())?;
        if present.enabled && present.powers().may(Permission::ManageUsers) {
            self.check_administrators(&mut tx, None).await?;
        }
        if present.enabled != enabled {
            let deed = Deed::done(Act::UserChange, id).before(Field::Enabled, present.enabled);
            deeds.push(deed.after(Field::Enabled, enabled));
        }
        for deed in deeds {
            self.audit(&mut tx, deed).await?;
        }
        tx.commit().await
    }

    /// The roles that a person has by themselves, also those whose time is over.
    pub(super) async fn own_roles(&self, on: &mut impl AsConn, user: UserId) -> Result<Vec<GivenRole>> {
        let rows = all!(
            on,
            (String, Option<i64>),
            "select role, expires_at from member_roles where tenant_id = $1 and user_id = $2 order by role",
            self.key(),
            user.to_string(),
        )?;
        let read = |(role, expires_at): (String, Option<i64>)| {
            let role = crate::decode::word("member_roles", &role, RoleRef::find)?;
            Ok(GivenRole { role, expires_at: expires_at.map(Timestamp) })
        };
        rows.into_iter().map(read).collect()
    }

    /// What somebody of the organisation may.
    pub(super) async fn powers_of_member(&self, tx: &mut Tx, user: UserId) -> Result<Powers> {
        let roles: Option<Vec<HeldRole>> = roles_of(tx, &self.key(), &user.to_string(), self.now()).await?;
        Ok(together(&roles.ok_or(Error::NotFound { what: "person" })?))
    }
}
