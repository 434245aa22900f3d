//! Groups: people who have roles together.

use domain::{
    GroupId, UserId,
    audit::{Act, Deed, Field},
    powers::{Powers, RoleRef},
};

use crate::{
    Conflict, TenantCatalog,
    db::{AsConn, Tx, all, exec, first},
    decode::{id, storable, word},
    error::{Error, Result},
};

const TABLE: &str = "people_groups";

/// A group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    /// Which.
    pub id: GroupId,
    /// What it is called.
    pub name: String,
    /// What whoever signs people in calls it; its members are then also who that says.
    pub external_name: Option<String>,
    /// Roles that its members have.
    pub roles: Vec<RoleRef>,
    /// Its members, by name.
    pub members: Vec<GroupMember>,
}

/// Somebody in a group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GroupMember {
    /// Who.
    pub id: UserId,
    /// Their name.
    pub name: String,
    /// Whether a sign-in elsewhere put them here.
    pub is_external: bool,
}

/// A group as somebody wants it.
#[derive(Debug, Clone)]
pub struct GroupWish {
    /// What it is called.
    pub name: String,
    /// What whoever signs people in calls it.
    pub external_name: Option<String>,
    /// Roles that its members have.
    pub roles: Vec<RoleRef>,
}

impl TenantCatalog<'_> {
    /// Groups of the organisation, by name.
    pub async fn list_groups(&self) -> Result<Vec<Group>> {
        let mut reader = self.read().await?;
        let groups = all!(
            &mut reader,
            (String, String, Option<String>),
            "select id, name, external_name from people_groups where tenant_id = $1 order by name, id",
            self.key(),
        )?;
        let roles = all!(
            &mut reader,
            (String, String),
            "select group_id, role from group_roles where tenant_id = $1 order by role",
            self.key(),
        )?;
        let members = all!(
            &mut reader,
            (String, String, String, i64),
            "select gm.group_id, u.id, u.name, gm.is_external from group_members gm join users u on u.id = gm.user_id \
             where gm.tenant_id = $1 order by u.name, u.id",
            self.key(),
        )?;
        let read = |(key, name, external_name): (String, String, Option<String>)| {
            let roles = roles.iter().filter(|(group, _)| *group == key);
            let roles = roles.map(|(_, role)| word("group_roles", role, RoleRef::find));
            let members = members.iter().filter(|(group, ..)| *group == key);
            let members = members.map(|(_, user, name, is_external)| {
                let (name, is_external) = (name.clone(), *is_external == 1);
                Ok(GroupMember { id: id("group_members", user)?, name, is_external })
            });
            Ok(Group {
                id: id(TABLE, &key)?,
                name,
                external_name,
                roles: roles.collect::<Result<_>>()?,
                members: members.collect::<Result<_>>()?,
            })
        };
        groups.into_iter().map(read).collect()
    }

    /// What the members of a group have by it. Not found if there is no such group.
    async fn powers_of_group(&self, on: &mut impl AsConn, group: GroupId) -> Result<Powers> {
        let found = first!(
            on,
            (String,),
            "select id from people_groups where tenant_id = $1 and id = $2",
            self.key(),
            group.to_string(),
        )?;
        found.ok_or(Error::NotFound { what: "group" })?;
        let roles = all!(
            on,
            (String,),
            "select role from group_roles where tenant_id = $1 and group_id = $2",
            self.key(),
            group.to_string(),
        )?;
        let mut powers = Powers::NONE;
        for (role,) in roles {
            match self.powers_of_role(on, word("group_roles", &role, RoleRef::find)?).await {
                Ok(more) => powers = powers.or(more),
                // It was removed from the organisation and gives nothing.
                Err(Error::NotFound { .. }) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(powers)
    }

    /// [`Conflict::Duplicate`] if another group has the name, or the name that whoever signs people in uses.
    async fn check_names(&self, on: &mut impl AsConn, group: GroupId, wish: &GroupWish) -> Result<()> {
        let taken = first!(
            on,
            (String,),
            "select id from people_groups where tenant_id = $1 and id <> $2 and (name = $3 or external_name = $4)",
            self.key(),
            group.to_string(),
            storable(&wish.name),
            wish.external_name.as_deref().map(storable),
        )?;
        if taken.is_some() { Err(Conflict::Duplicate.into()) } else { Ok(()) }
    }

    /// Whoever decides what a group may answers for all of it; and not about themselves: in a group of theirs they put
    /// only what they have.
    async fn check_roles(&self, on: &mut impl AsConn, roles: &[RoleRef], is_own: bool) -> Result<()> {
        for role in roles {
            let powers = self.powers_of_role(on, *role).await?;
            self.may_give(&powers)?;
            let own = self.powers.unwrap_or(Powers::NONE);
            if is_own && !powers.permissions.is_within(own.permissions) {
                return Err(Conflict::OwnRole.into());
            }
        }
        Ok(())
    }

    async fn store_roles(&self, tx: &mut Tx, group: GroupId, roles: &[RoleRef]) -> Result<()> {
        exec!(
            tx,
            "delete from group_roles where tenant_id = $1 and group_id = $2",
            self.key(),
            group.to_string(),
        )?;
        for role in roles {
            exec!(
                tx,
                "insert into group_roles (tenant_id, group_id, role) values ($1, $2, $3) on conflict do nothing",
                self.key(),
                group.to_string(),
                role.key(),
            )?;
        }
        Ok(())
    }

    /// Makes a group. [`Conflict::Duplicate`] if a name is taken.
    pub async fn create_group(&self, wish: &GroupWish) -> Result<GroupId> {
        let group = GroupId::new(self.catalog.clock.uuid());
        let mut tx = self.begin().await?;
        self.hold_people(&mut tx).await?;
        self.check_names(&mut tx, group, wish).await?;
        self.check_roles(&mut tx, &wish.roles, false).await?;
        exec!(
            &mut tx,
            "insert into people_groups (tenant_id, id, name, external_name, created_at) values ($1, $2, $3, $4, $5)",
            self.key(),
            group.to_string(),
            storable(&wish.name),
            wish.external_name.as_deref().map(storable),
            self.now(),
        )?;
        self.store_roles(&mut tx, group, &wish.roles).await?;
        self.audit(&mut tx, with_roles(Deed::done(Act::GroupCreate, group), &wish.roles)).await?;
        tx.commit().await?;
        Ok(group)
    }

    /// Changes a group's names and roles. Under another name elsewhere its members are others: who was put here by the
    /// old one leaves.
    pub async fn change_group(&self, group: GroupId, wish: &GroupWish) -> Result<()> {
        let mut tx = self.begin().await?;
        self.hold_people(&mut tx).await?;
        self.may_give(&self.powers_of_group(&mut tx, group).await?)?;
        self.check_names(&mut tx, group, wish).await?;
        let own = first!(
            &mut tx,
            (String,),
            "select user_id from group_members where tenant_id = $1 and group_id = $2 and user_id = $3",
            self.key(),
            group.to_string(),
            self.actor.key().strip_prefix("user:").unwrap_or_default().to_owned(),
        )?;
        self.check_roles(&mut tx, &wish.roles, own.is_some()).await?;
        exec!(
            &mut tx,
            "delete from group_members where tenant_id = $1 and group_id = $2 and is_external = 1 and not exists \
             (select 1 from people_groups g where g.tenant_id = $1 and g.id = $2 and g.external_name = $3)",
            self.key(),
            group.to_string(),
            wish.external_name.as_deref().map(storable),
        )?;
        exec!(
            &mut tx,
            "update people_groups set name = $3, external_name = $4 where tenant_id = $1 and id = $2",
            self.key(),
            group.to_string(),
            storable(&wish.name),
            wish.external_name.as_deref().map(storable),
        )?;
        self.store_roles(&mut tx, group, &wish.roles).await?;
        // Its members have their roles from whoever decided them last.
        exec!(
            &mut tx,
            "update memberships set role_by = $3 where tenant_id = $1 and user_id in \
             (select user_id from group_members where tenant_id = $1 and group_id = $2)",
            self.key(),
            group.to_string(),
            self.actor.key(),
        )?;
        self.check_administrators(&mut tx, None).await?;
        self.audit(&mut tx, with_roles(Deed::done(Act::GroupChange, group), &wish.roles)).await?;
        tx.commit().await
    }

    /// Removes a group; its members lose what they had by it.
    pub async fn remove_group(&self, group: GroupId) -> Result<()> {
        let mut tx = self.begin().await?;
        self.hold_people(&mut tx).await?;
        self.may_give(&self.powers_of_group(&mut tx, group).await?)?;
        let (tenant, key) = (self.key(), group.to_string());
        exec!(&mut tx, "delete from group_members where tenant_id = $1 and group_id = $2", &tenant, &key)?;
        exec!(&mut tx, "delete from group_roles where tenant_id = $1 and group_id = $2", &tenant, &key)?;
        exec!(&mut tx, "delete from people_groups where tenant_id = $1 and id = $2", &tenant, &key)?;
        self.check_administrators(&mut tx, None).await?;
        self.audit(&mut tx, Deed::done(Act::GroupRemove, group)).await?;
        tx.commit().await
    }

    /// Puts somebody into a group. Who is in it stays.
    pub async fn join_group(&self, group: GroupId, user: UserId) -> Result<()> {
        let mut tx = self.begin().await?;
        self.hold_people(&mut tx).await?;
        self.may_give(&self.powers_of_group(&mut tx, group).await?)?;
        self.may_give(&self.powers_of_member(&mut tx, user).await?)?;
        let joined = exec!(
            &mut tx,
            "insert into group_members (tenant_id, group_id, user_id, is_external) values ($1, $2, $3, 0) \
             on conflict (tenant_id, group_id, user_id) do update set is_external = 0",
            self.key(),
            group.to_string(),
            user.to_string(),
        )?;
        if joined == 0 {
            return Err(Conflict::Stale.into());
        }
        exec!(
            &mut tx,
            "update memberships set role_by = $3 where tenant_id = $1 and user_id = $2",
            self.key(),
            user.to_string(),
            self.actor.key(),
        )?;
        self.audit(&mut tx, Deed::done(Act::GroupJoin, group).after(Field::Person, user)).await?;
        tx.commit().await
    }

    /// Takes somebody out of a group.
    pub async fn leave_group(&self, group: GroupId, user: UserId) -> Result<()> {
        let mut tx = self.begin().await?;
        self.hold_people(&mut tx).await?;
        self.may_give(&self.powers_of_group(&mut tx, group).await?)?;
        let left = exec!(
            &mut tx,
            "delete from group_members where tenant_id = $1 and group_id = $2 and user_id = $3",
            self.key(),
            group.to_string(),
            user.to_string(),
        )?;
        if left == 0 {
            return Err(Error::NotFound { what: "member of the group" });
        }
        self.check_administrators(&mut tx, None).await?;
        self.audit(&mut tx, Deed::done(Act::GroupLeave, group).before(Field::Person, user)).await?;
        tx.commit().await
    }
}

/// What is said of roles: the first by name, and how many there are.
fn with_roles(deed: Deed, roles: &[RoleRef]) -> Deed {
    let deed = deed.after(Field::Count, u64::try_from(roles.len()).unwrap_or(u64::MAX));
    match roles.first() {
        Some(role) => deed.after(Field::Role, *role),
        None => deed,
    }
}
