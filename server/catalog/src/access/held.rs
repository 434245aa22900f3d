//! Which roles people hold, by themselves and by their groups, and what these let them do at a moment.
//!
//! It is looked up whenever it is asked, so that nothing has to be remembered: a role that was taken away, or whose time
//! is over, is not in force with the next request.

use std::collections::BTreeMap;

use domain::{
    TenantId, Timestamp, UserId,
    access::Role,
    powers::{HeldRole, PermissionSet, Powers, RoleRef},
};

use super::principal::Membership;
use crate::{
    db::{AsConn, all},
    decode::{id, json, word},
    error::Result,
};

#[derive(sqlx::FromRow)]
struct Row {
    tenant_id: String,
    /// The organisation's name, once for each membership.
    tenant: Option<String>,
    user_id: String,
    role: Option<String>,
    name: Option<String>,
    permissions: Option<String>,
    expires_at: Option<i64>,
    via: Option<String>,
}

/// Memberships with what is held at `$1`: at least one row for each, also without a role.
macro_rules! held {
    ($of_members:literal, $of_groups:literal) => {
        concat!(
            "select m.tenant_id, t.name as tenant, m.user_id, r.role, c.name, c.permissions, r.expires_at, \
             cast(null as text) as via from memberships m join tenants t on t.tenant_id = m.tenant_id \
             left join member_roles r on r.tenant_id = m.tenant_id and r.user_id = m.user_id \
             and (r.expires_at is null or r.expires_at > $1) \
             left join custom_roles c on c.tenant_id = r.tenant_id and c.id = r.role where ",
            $of_members,
            " union all select gm.tenant_id, cast(null as text), gm.user_id, gr.role, c.name, c.permissions, \
             cast(null as bigint), g.name from group_members gm \
             join people_groups g on g.tenant_id = gm.tenant_id and g.id = gm.group_id \
             join group_roles gr on gr.tenant_id = gm.tenant_id and gr.group_id = gm.group_id \
             left join custom_roles c on c.tenant_id = gr.tenant_id and c.id = gr.role where ",
            $of_groups,
        )
    };
}

impl Row {
    /// A role of the organisation that is not there any more gives nothing.
    fn held(&self) -> Result<Option<HeldRole>> {
        let Some(key) = &self.role else { return Ok(None) };
        let role = word("member_roles", key, RoleRef::find)?;
        let (title, powers) = match (role, &self.name, &self.permissions) {
            (RoleRef::BuiltIn(role), ..) => (role.title().to_owned(), Powers::of(role)),
            (RoleRef::Custom(_), Some(name), Some(permissions)) => {
                let set: PermissionSet = json("custom_roles", permissions)?;
                (name.clone(), Powers::custom(set))
            }
            (RoleRef::Custom(_), ..) => return Ok(None),
        };
        let expires_at = self.expires_at.map(Timestamp);
        Ok(Some(HeldRole { role, title, expires_at, group: self.via.clone(), powers }))
    }
}

/// All of them together.
pub(crate) fn together(roles: &[HeldRole]) -> Powers {
    roles.iter().fold(Powers::NONE, |powers, held| powers.or(held.powers))
}

/// By the strength of what is in them, so that the first says most.
fn in_order(roles: &mut [HeldRole]) {
    let rank = |held: &HeldRole| match held.role {
        RoleRef::BuiltIn(role) => Role::ALL.iter().position(|other| *other == role),
        RoleRef::Custom(_) => None,
    };
    roles.sort_by(|one, other| rank(other).cmp(&rank(one)).then_with(|| one.title.cmp(&other.title)));
}

fn by_user(rows: Vec<Row>) -> Result<BTreeMap<UserId, Vec<HeldRole>>> {
    let mut found: BTreeMap<UserId, Vec<HeldRole>> = BTreeMap::new();
    for row in rows {
        let roles = found.entry(id("memberships", &row.user_id)?).or_default();
        roles.extend(row.held()?);
    }
    for roles in found.values_mut() {
        in_order(roles);
    }
    Ok(found)
}

/// The roles of everybody of an organisation that are in force at `now`; nothing in the list for those without any.
pub(crate) async fn roles_in(
    on: &mut impl AsConn,
    tenant: &str,
    now: i64,
) -> Result<BTreeMap<UserId, Vec<HeldRole>>> {
    by_user(all!(on, Row, held!("m.tenant_id = $2", "gm.tenant_id = $2"), now, tenant)?)
}

/// The roles of one person in an organisation that are in force at `now`; none if they are no member.
pub(crate) async fn roles_of(
    on: &mut impl AsConn,
    tenant: &str,
    user: &str,
    now: i64,
) -> Result<Option<Vec<HeldRole>>> {
    let rows = all!(
        on,
        Row,
        held!("m.tenant_id = $2 and m.user_id = $3", "gm.tenant_id = $2 and gm.user_id = $3"),
        now,
        tenant,
        user,
    )?;
    Ok(by_user(rows)?.into_values().next())
}

/// What a person may in an organisation at `now`; none if they are no member.
pub(crate) async fn powers_of(
    on: &mut impl AsConn,
    tenant: &str,
    user: &str,
    now: i64,
) -> Result<Option<Powers>> {
    Ok(roles_of(on, tenant, user, now).await?.map(|roles| together(&roles)))
}

/// Memberships of a person, by name of the organisation.
pub(super) async fn memberships(on: &mut impl AsConn, user: UserId, now: i64) -> Result<Vec<Membership>> {
    let rows = all!(on, Row, held!("m.user_id = $2", "gm.user_id = $2"), now, user.to_string())?;
    let mut found: BTreeMap<TenantId, Membership> = BTreeMap::new();
    for row in rows {
        let tenant_id = id("memberships", &row.tenant_id)?;
        let empty = Membership { tenant_id, tenant: String::new(), roles: Vec::new() };
        let member = found.entry(tenant_id).or_insert(empty);
        member.roles.extend(row.held()?);
        member.tenant = row.tenant.unwrap_or(std::mem::take(&mut member.tenant));
    }
    let mut found: Vec<_> = found.into_values().collect();
    for member in &mut found {
        in_order(&mut member.roles);
    }
    found.sort_by(|one, other| (&one.tenant, one.tenant_id).cmp(&(&other.tenant, other.tenant_id)));
    Ok(found)
}
