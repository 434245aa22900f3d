//! The scripted backend's roles, groups, invitations and organisations.

use app::{
    access::people_api::{
        AcceptInvitation, AddOrganisation, CustomRoleRef, Ending, GiveRole, GroupPerson, GroupRef, GroupView,
        InvitationLink, InvitationRef, InvitationView, InvitationsPort, Invite, InvitedView,
        JoinOrganisation, OrganisationRow, PeoplePort, PersonView, RemovePerson, RoleView, SaveGroup,
        SaveRole, TakeRole,
    },
    port::SecretText,
};
use async_trait::async_trait;
use domain::{
    Fault, RoleId, UserId,
    access::{Permission, Role},
    powers::{PermissionSet, RoleRef},
};

use super::{
    data::{self, HOUR, MARKUP, NOW},
    script::Script,
};

fn custom() -> RoleId {
    data::id(71)
}

fn roles() -> Vec<RoleView> {
    let built_in = Role::ALL.iter().map(|role| RoleView {
        role: (*role).into(),
        name: role.title().into(),
        permissions: PermissionSet::of(*role),
        people: 0,
        may_give: true,
    });
    let mut roles: Vec<_> = built_in.collect();
    for (name, role) in [("Night shift", RoleRef::Custom(custom())), (MARKUP, RoleRef::Custom(data::id(72)))]
    {
        let permissions = [Permission::StartBackup].into_iter().collect();
        roles.push(RoleView { role, name: name.into(), permissions, people: 2, may_give: true });
    }
    roles
}

fn groups() -> Vec<GroupView> {
    let group = |n, name: &str, external: Option<&str>| GroupView {
        id: data::id(n),
        name: name.into(),
        external_name: external.map(Into::into),
        roles: vec![Role::Operator.into()],
        role_names: vec!["Operator".into(), MARKUP.into()],
        members: vec![(data::id(902), "Bo Lindqvist".into(), true), (data::id(901), MARKUP.into(), false)],
    };
    vec![group(73, "On call", Some(MARKUP)), group(74, MARKUP, None)]
}

fn invitations() -> Vec<InvitationView> {
    let invitation = |n, email: &str, hours: i64| InvitationView {
        id: data::id(n),
        email: email.into(),
        roles: vec!["Viewer".into(), MARKUP.into()],
        invited_by: MARKUP.into(),
        sent_at: NOW.plus_ms(-HOUR),
        expires_at: NOW.plus_ms(hours * HOUR),
    };
    vec![invitation(75, "nora@example.com", 9), invitation(76, "late@example.com", -1)]
}

fn link() -> InvitationLink {
    let path = Some(SecretText("/invitation?token=s3cr3t-t0ken".into()));
    InvitationLink { email: "nora@example.com".into(), path, expires_at: NOW.plus_ms(HOUR) }
}

#[async_trait]
impl PeoplePort for Script {
    async fn person(&self, _: UserId) -> Result<PersonView, Fault> {
        let mut row = data::users().remove(2);
        let some = Ending { sessions: 2, tokens: 1, requests: 1, closes_account: true, ..Ending::default() };
        if self.answer(|| Ok(false), || true)? {
            return Ok(PersonView { row, ending: some });
        }
        row.roles.clear();
        Ok(PersonView { row, ending: Ending::default() })
    }
    async fn give_role(&self, _: GiveRole) -> Result<(), Fault> {
        Self::refuse()
    }
    async fn take_role(&self, _: TakeRole) -> Result<(), Fault> {
        Self::refuse()
    }
    async fn remove_person(&self, _: RemovePerson) -> Result<(), Fault> {
        Self::refuse()
    }
    async fn roles(&self) -> Result<Vec<RoleView>, Fault> {
        self.answer(|| Ok(Vec::new()), roles)
    }
    async fn save_role(&self, _: SaveRole) -> Result<(), Fault> {
        Self::refuse()
    }
    async fn remove_role(&self, _: CustomRoleRef) -> Result<(), Fault> {
        Self::refuse()
    }
    async fn groups(&self) -> Result<Vec<GroupView>, Fault> {
        self.answer(|| Ok(Vec::new()), groups)
    }
    async fn save_group(&self, _: SaveGroup) -> Result<(), Fault> {
        Self::refuse()
    }
    async fn remove_group(&self, _: GroupRef) -> Result<(), Fault> {
        Self::refuse()
    }
    async fn join_group(&self, _: GroupPerson) -> Result<(), Fault> {
        Self::refuse()
    }
    async fn leave_group(&self, _: GroupPerson) -> Result<(), Fault> {
        Self::refuse()
    }
}

#[async_trait]
impl InvitationsPort for Script {
    async fn invitations(&self) -> Result<Vec<InvitationView>, Fault> {
        self.answer(|| Ok(Vec::new()), invitations)
    }
    async fn invite(&self, _: Invite) -> Result<InvitationLink, Fault> {
        Ok(link())
    }
    async fn renew_invitation(&self, _: InvitationRef) -> Result<InvitationLink, Fault> {
        Ok(link())
    }
    async fn revoke_invitation(&self, _: InvitationRef) -> Result<(), Fault> {
        Self::refuse()
    }
    async fn invited(&self, _: SecretText) -> Result<InvitedView, Fault> {
        Ok(InvitedView { organisation: MARKUP.into(), email: "nora@example.com".into() })
    }
    async fn accept_invitation(&self, _: AcceptInvitation) -> Result<(), Fault> {
        Self::refuse()
    }
    async fn join_organisation(&self, _: JoinOrganisation) -> Result<(), Fault> {
        Self::refuse()
    }
    async fn organisations(&self) -> Result<Vec<OrganisationRow>, Fault> {
        let row = |n, name: &str, restorable_at| OrganisationRow {
            id: data::id(n),
            name: name.into(),
            people: 4,
            sources: 2,
            restorable_at,
        };
        let full = || vec![row(1, "Northwind Compliance", Some(NOW)), row(2, MARKUP, None)];
        self.answer(|| Ok(Vec::new()), full)
    }
    async fn add_organisation(&self, _: AddOrganisation) -> Result<(), Fault> {
        Self::refuse()
    }
}
