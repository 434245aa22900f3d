//! Roles, groups, and what somebody leaves behind: from the pages' words to the catalog's.

use app::access::{
    api::UserRow,
    people_api::{
        CustomRoleRef, Ending, GiveRole, GroupPerson, GroupRef, GroupView, PeoplePort, PersonView,
        RemovePerson, RoleView, SaveGroup, SaveRole, TakeRole,
    },
};
use async_trait::async_trait;
use catalog::{Conflict, GivenRole, GroupWish, Leaving, Scope};
use domain::{
    Fault, Timestamp, UserId,
    access::{Permission, Role, may},
    powers::{PermissionSet, Powers, RoleRef},
    sources::Label,
};

use crate::{
    caller::Caller,
    fault::{Error, OWN_ROLE, Result, Wrong},
};

const DAY_MS: i64 = 24 * 3_600_000;
/// A role with an end has it within ten years.
const MOST_DAYS: u32 = 3_660;
/// How long an auditor's role lasts if nothing else is said.
const AUDIT_DAYS: u32 = 30;
const TAKEN: &str = "this name is taken";

/// Somebody else has to change what one is.
fn not_oneself(caller: &Caller, user: UserId) -> Result<()> {
    if caller.principal()?.user_id() == Some(user) {
        return Err(Fault::invalid("role", OWN_ROLE).into());
    }
    Ok(())
}

/// When a role ends that is given for so many days: never for 0. Whoever audits has it for a month if nothing is said.
pub(super) fn end_after(caller: &Caller, role: RoleRef, days: &str) -> Result<Option<Timestamp>> {
    let days = match days.trim() {
        "" if role == Role::ComplianceOfficer.into() => Ok(AUDIT_DAYS),
        "" => Ok(0),
        text => text.parse::<u32>(),
    };
    match days {
        Ok(0) => Ok(None),
        Ok(days) if days <= MOST_DAYS => {
            Ok(Some(caller.services.clock.now().plus_ms(i64::from(days) * DAY_MS)))
        }
        _ => Err(Fault::invalid("days", "choose a number of days, ten years at most").into()),
    }
}

fn ending(leaving: Leaving) -> Ending {
    Ending {
        sessions: leaving.sessions,
        tokens: leaving.tokens,
        invitations: leaving.invitations,
        requests: leaving.requests,
        groups: leaving.groups,
        closes_account: leaving.closes_account,
    }
}

async fn person(caller: &Caller, scope: Scope<may::ReadUsers>, id: UserId) -> Result<PersonView> {
    let rows = caller.rows(&scope);
    let row = rows.get_user(id).await?;
    let ending = ending(rows.would_end(id).await?);
    let row = UserRow {
        id: row.id,
        name: row.name,
        email: row.email,
        roles: row.roles,
        enabled: row.enabled,
        has_password: row.has_password,
        last_sign_in: row.last_sign_in,
    };
    Ok(PersonView { row, ending })
}

async fn give(caller: &Caller, scope: Scope<may::ManageUsers>, request: GiveRole) -> Result<()> {
    not_oneself(caller, request.id)?;
    let expires_at = end_after(caller, request.role, &request.days)?;
    Ok(caller.rows(&scope).give_role(request.id, GivenRole { role: request.role, expires_at }).await?)
}

async fn take(caller: &Caller, scope: Scope<may::ManageUsers>, request: TakeRole) -> Result<()> {
    not_oneself(caller, request.id)?;
    Ok(caller.rows(&scope).take_role(request.id, request.role).await?)
}

async fn remove(caller: &Caller, scope: Scope<may::ManageUsers>, request: RemovePerson) -> Result<()> {
    not_oneself(caller, request.id)?;
    let rows = caller.rows(&scope);
    let person = rows.get_user(request.id).await?;
    if !request.confirm.trim().eq_ignore_ascii_case(&person.email) {
        return Err(Fault::invalid("confirm", "type the address exactly as it stands above").into());
    }
    rows.remove_user(request.id).await?;
    Ok(())
}

/// Every role of an organisation, the built-in ones first.
pub(super) async fn all_roles<P: may::May>(caller: &Caller, scope: &Scope<P>) -> Result<Vec<RoleView>> {
    let own = scope.powers();
    let built_in = Role::ALL.iter().map(|role| RoleView {
        role: (*role).into(),
        name: role.title().into(),
        permissions: PermissionSet::of(*role),
        people: 0,
        may_give: own.may_give(&Powers::of(*role)),
    });
    let mut roles: Vec<_> = built_in.collect();
    let custom = caller.rows(scope).list_roles().await?;
    roles.extend(custom.into_iter().map(|role| RoleView {
        role: RoleRef::Custom(role.id),
        name: role.name,
        permissions: role.permissions,
        people: role.people,
        may_give: own.may_give(&Powers::custom(role.permissions)),
    }));
    Ok(roles)
}

async fn roles(caller: &Caller, scope: Scope<may::ReadUsers>) -> Result<Vec<RoleView>> {
    all_roles(caller, &scope).await
}

/// A taken name is told at its field.
fn at_the_name<T>(result: std::result::Result<T, catalog::Error>) -> Result<T> {
    match result {
        Err(catalog::Error::Conflict(Conflict::Duplicate)) => Err(Fault::invalid("name", TAKEN).into()),
        result => Ok(result?),
    }
}

async fn save_role(caller: &Caller, scope: Scope<may::ManageUsers>, request: SaveRole) -> Result<()> {
    let mut wrong = Wrong::default();
    let name = wrong.check("name", Label::new(request.name.trim()));
    if Role::ALL.iter().any(|role| role.title().eq_ignore_ascii_case(request.name.trim())) {
        wrong.note("name", "this is the name of a built-in role");
    }
    let permissions: Option<PermissionSet> =
        request.permissions.iter().map(|permission| Permission::find(permission)).collect();
    if permissions.is_none() {
        wrong.note("permissions", "one of these is not known here");
    }
    wrong.finish()?;
    let (Some(name), Some(permissions)) = (name, permissions) else {
        return Err(Error::Impossible("a field was neither right nor wrong"));
    };
    let rows = caller.rows(&scope);
    at_the_name(match request.id {
        None => rows.create_role(name.as_str(), permissions).await.map(drop),
        Some(id) => rows.change_role(id, name.as_str(), permissions).await,
    })
}

async fn remove_role(caller: &Caller, scope: Scope<may::ManageUsers>, request: CustomRoleRef) -> Result<()> {
    Ok(caller.rows(&scope).remove_role(request.id).await?)
}

async fn groups(caller: &Caller, scope: Scope<may::ReadUsers>) -> Result<Vec<GroupView>> {
    let known = all_roles(caller, &scope).await?;
    let named =
        |role: &RoleRef| known.iter().find(|known| known.role == *role).map(|known| known.name.clone());
    let groups = caller.rows(&scope).list_groups().await?;
    let view = |group: catalog::Group| GroupView {
        id: group.id,
        name: group.name,
        external_name: group.external_name,
        role_names: group.roles.iter().filter_map(named).collect(),
        roles: group.roles,
        members: group
            .members
            .into_iter()
            .map(|member| (member.id, member.name, member.is_external))
            .collect(),
    };
    Ok(groups.into_iter().map(view).collect())
}

async fn save_group(caller: &Caller, scope: Scope<may::ManageUsers>, request: SaveGroup) -> Result<()> {
    let mut wrong = Wrong::default();
    let name = wrong.check("name", Label::new(request.name.trim()));
    let external = request.external_name.trim();
    let external_name =
        if external.is_empty() { None } else { wrong.check("external_name", Label::new(external)) };
    wrong.finish()?;
    let name = name.ok_or(Error::Impossible("a field was neither right nor wrong"))?;
    let (name, external_name) = (name.into(), external_name.map(String::from));
    let wish = GroupWish { name, external_name, roles: request.roles };
    let rows = caller.rows(&scope);
    at_the_name(match request.id {
        None => rows.create_group(&wish).await.map(drop),
        Some(id) => rows.change_group(id, &wish).await,
    })
}

async fn remove_group(caller: &Caller, scope: Scope<may::ManageUsers>, request: GroupRef) -> Result<()> {
    Ok(caller.rows(&scope).remove_group(request.id).await?)
}

async fn join_group(caller: &Caller, scope: Scope<may::ManageUsers>, request: GroupPerson) -> Result<()> {
    not_oneself(caller, request.user_id)?;
    Ok(caller.rows(&scope).join_group(request.id, request.user_id).await?)
}

async fn leave_group(caller: &Caller, scope: Scope<may::ManageUsers>, request: GroupPerson) -> Result<()> {
    not_oneself(caller, request.user_id)?;
    Ok(caller.rows(&scope).leave_group(request.id, request.user_id).await?)
}

/// Asks for the scope, calls the use case, and answers in the words of the attempt.
macro_rules! answered {
    ($caller:ident, $attempt:literal, $act:ident($($argument:expr),*)) => {{
        let attempt = async { $act($caller, $caller.allow().await?, $($argument),*).await };
        $caller.answer($attempt, attempt.await)
    }};
}

pub(super) use answered;

#[async_trait]
impl PeoplePort for Caller {
    async fn person(&self, id: UserId) -> Result<PersonView, Fault> {
        answered!(self, "show a person", person(id))
    }
    async fn give_role(&self, request: GiveRole) -> Result<(), Fault> {
        answered!(self, "give a role", give(request))
    }
    async fn take_role(&self, request: TakeRole) -> Result<(), Fault> {
        answered!(self, "take a role away", take(request))
    }
    async fn remove_person(&self, request: RemovePerson) -> Result<(), Fault> {
        answered!(self, "remove a person", remove(request))
    }
    async fn roles(&self) -> Result<Vec<RoleView>, Fault> {
        answered!(self, "list roles", roles())
    }
    async fn save_role(&self, request: SaveRole) -> Result<(), Fault> {
        answered!(self, "save a role", save_role(request))
    }
    async fn remove_role(&self, request: CustomRoleRef) -> Result<(), Fault> {
        answered!(self, "remove a role", remove_role(request))
    }
    async fn groups(&self) -> Result<Vec<GroupView>, Fault> {
        answered!(self, "list groups", groups())
    }
    async fn save_group(&self, request: SaveGroup) -> Result<(), Fault> {
        answered!(self, "save a group", save_group(request))
    }
    async fn remove_group(&self, request: GroupRef) -> Result<(), Fault> {
        answered!(self, "remove a group", remove_group(request))
    }
    async fn join_group(&self, request: GroupPerson) -> Result<(), Fault> {
        answered!(self, "put somebody into a group", join_group(request))
    }
    async fn leave_group(&self, request: GroupPerson) -> Result<(), Fault> {
        answered!(self, "take somebody out of a group", leave_group(request))
    }
}
