//! Roles, groups, invitations and organisations: what pages may ask about them.

use async_trait::async_trait;
use domain::{
    Fault, GroupId, InvitationId, RoleId, TenantId, Timestamp, UserId,
    powers::{PermissionSet, RoleRef},
};
use leptos::prelude::*;
use serde::{Deserialize, Serialize};

#[cfg(feature = "ssr")]
use crate::port::backend;
use crate::{
    access::api::UserRow,
    port::{ApiError, SecretText},
};

/// What ends when somebody leaves.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Ending {
    /// Their sessions.
    pub sessions: u64,
    /// Their tokens for the organisation.
    pub tokens: u64,
    /// Invitations of theirs that wait.
    pub invitations: u64,
    /// Restores that they asked for or agreed to and that were not applied.
    pub requests: u64,
    /// Groups that they are in.
    pub groups: u64,
    /// Whether their account is closed too, because no other organisation knows them.
    pub closes_account: bool,
}

/// One person, whole.
#[derive(Debug, Clone)]
pub struct PersonView {
    /// The person.
    pub row: UserRow,
    /// What would end if they left.
    pub ending: Ending,
}

/// A role that somebody may be given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RoleView {
    /// Which.
    pub role: RoleRef,
    /// What it is called.
    pub name: String,
    /// What it may.
    pub permissions: PermissionSet,
    /// How many people have it; counted for the organisation's own.
    pub people: u64,
    /// Whether who asks may give it.
    pub may_give: bool,
}

/// A group.
#[derive(Debug, Clone)]
pub struct GroupView {
    /// Which.
    pub id: GroupId,
    /// What it is called.
    pub name: String,
    /// What whoever signs people in calls it.
    pub external_name: Option<String>,
    /// Roles of its members.
    pub roles: Vec<RoleRef>,
    /// The same in words.
    pub role_names: Vec<String>,
    /// Members: who, their name, whether a sign-in elsewhere put them here.
    pub members: Vec<(UserId, String, bool)>,
}

/// An invitation that waits.
#[derive(Debug, Clone)]
pub struct InvitationView {
    /// Which.
    pub id: InvitationId,
    /// Whom.
    pub email: String,
    /// Roles that they get, in words.
    pub roles: Vec<String>,
    /// Who made its link.
    pub invited_by: String,
    /// When.
    pub sent_at: Timestamp,
    /// Until when the link is good.
    pub expires_at: Timestamp,
}

/// Inviting somebody.
#[derive(Debug, Clone)]
pub struct Invite {
    /// Whom.
    pub email: String,
    /// With which role.
    pub role: String,
    /// How many days they have it: 0 for one without an end, nothing for what is usual for the role.
    pub days: String,
}

/// What became of an invitation's link.
#[derive(Debug, Clone)]
pub struct InvitationLink {
    /// For whom.
    pub email: String,
    /// Path and token, if it has to be handed over; none if it was sent by mail.
    pub path: Option<SecretText>,
    /// Until when.
    pub expires_at: Timestamp,
}

/// An invitation as whoever has the link sees it.
#[derive(Debug, Clone)]
pub struct InvitedView {
    /// Where to.
    pub organisation: String,
    /// For which address.
    pub email: String,
}

/// An organisation at a glance.
#[derive(Debug, Clone)]
pub struct OrganisationRow {
    /// Which.
    pub id: TenantId,
    /// Its name.
    pub name: String,
    /// How many people it has.
    pub people: u64,
    /// How many sources it protects.
    pub sources: u64,
    /// The newest instant that was proven to be restorable.
    pub restorable_at: Option<Timestamp>,
}

/// Giving a person a role.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct GiveRole {
    /// Whom.
    pub id: UserId,
    /// Which.
    pub role: RoleRef,
    /// For how many days: 0 for one without an end, nothing for what is usual for the role.
    #[serde(default)]
    pub days: String,
}

/// Taking a role away.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct TakeRole {
    /// From whom.
    pub id: UserId,
    /// Which.
    pub role: RoleRef,
}

/// Removing a person from the organisation.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct RemovePerson {
    /// Whom.
    pub id: UserId,
    /// Their address, typed.
    pub confirm: String,
}

/// A role as somebody wants it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct SaveRole {
    /// Which; none for a new one.
    #[serde(default)]
    pub id: Option<RoleId>,
    /// What it is called.
    pub name: String,
    /// Names of permissions.
    #[serde(default)]
    pub permissions: Vec<String>,
}

/// One role of the organisation.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct CustomRoleRef {
    /// Which.
    pub id: RoleId,
}

/// A group as somebody wants it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct SaveGroup {
    /// Which; none for a new one.
    #[serde(default)]
    pub id: Option<GroupId>,
    /// What it is called.
    pub name: String,
    /// What whoever signs people in calls it.
    #[serde(default)]
    pub external_name: String,
    /// Roles of its members.
    #[serde(default)]
    pub roles: Vec<RoleRef>,
}

/// One group.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct GroupRef {
    /// Which.
    pub id: GroupId,
}

/// Somebody in a group.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct GroupPerson {
    /// Which group.
    pub id: GroupId,
    /// Who.
    pub user_id: UserId,
}

/// One invitation.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct InvitationRef {
    /// Which.
    pub id: InvitationId,
}

/// Accepting an invitation with a new account.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct AcceptInvitation {
    /// The token of the link.
    pub token: SecretText,
    /// One's name.
    pub name: String,
    /// The password to sign in with, at least 12 characters.
    pub password: SecretText,
}

/// Accepting an invitation as who is signed in.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct JoinOrganisation {
    /// The token of the link.
    pub token: SecretText,
}

/// Adding an organisation.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct AddOrganisation {
    /// Its name.
    pub name: String,
}

/// What a page may ask about roles, groups and invitations.
#[async_trait]
pub trait PeoplePort: Send + Sync {
    /// One person.
    async fn person(&self, id: UserId) -> Result<PersonView, Fault>;
    /// Gives a person a role; ends their sessions.
    async fn give_role(&self, request: GiveRole) -> Result<(), Fault>;
    /// Takes a role away; ends their sessions.
    async fn take_role(&self, request: TakeRole) -> Result<(), Fault>;
    /// Removes a person from the organisation, with everything that is theirs to use.
    async fn remove_person(&self, request: RemovePerson) -> Result<(), Fault>;
    /// Every role, the built-in ones first.
    async fn roles(&self) -> Result<Vec<RoleView>, Fault>;
    /// Makes or changes a role.
    async fn save_role(&self, request: SaveRole) -> Result<(), Fault>;
    /// Removes a role.
    async fn remove_role(&self, request: CustomRoleRef) -> Result<(), Fault>;
    /// Every group, by name.
    async fn groups(&self) -> Result<Vec<GroupView>, Fault>;
    /// Makes or changes a group.
    async fn save_group(&self, request: SaveGroup) -> Result<(), Fault>;
    /// Removes a group.
    async fn remove_group(&self, request: GroupRef) -> Result<(), Fault>;
    /// Puts somebody into a group.
    async fn join_group(&self, request: GroupPerson) -> Result<(), Fault>;
    /// Takes somebody out of a group.
    async fn leave_group(&self, request: GroupPerson) -> Result<(), Fault>;
}

/// What a page may ask about invitations and organisations.
#[async_trait]
pub trait InvitationsPort: Send + Sync {
    /// Invitations that wait, the newest first.
    async fn invitations(&self) -> Result<Vec<InvitationView>, Fault>;
    /// Invites somebody.
    async fn invite(&self, request: Invite) -> Result<InvitationLink, Fault>;
    /// Makes and sends a new link; the older one ends.
    async fn renew_invitation(&self, request: InvitationRef) -> Result<InvitationLink, Fault>;
    /// Takes an invitation back.
    async fn revoke_invitation(&self, request: InvitationRef) -> Result<(), Fault>;
    /// What a link says.
    async fn invited(&self, token: SecretText) -> Result<InvitedView, Fault>;
    /// Accepts with a new account.
    async fn accept_invitation(&self, request: AcceptInvitation) -> Result<(), Fault>;
    /// Accepts as who is signed in, and goes to work there.
    async fn join_organisation(&self, request: JoinOrganisation) -> Result<(), Fault>;
    /// Every organisation; only for who runs the installation.
    async fn organisations(&self) -> Result<Vec<OrganisationRow>, Fault>;
    /// Adds one, and makes who asks its first platform operator.
    async fn add_organisation(&self, request: AddOrganisation) -> Result<(), Fault>;
}

/// Gives a person a role.
#[server(name = GiveRoleFn, prefix = "/fn", endpoint = "access/give_role")]
pub async fn give_role(request: GiveRole) -> Result<(), ApiError> {
    let page = format!("/people/{}?done=roles", request.id);
    backend()?.give_role(request).await?;
    crate::redirect_to(&page, ());
    Ok(())
}

/// Takes a role away.
#[server(name = TakeRoleFn, prefix = "/fn", endpoint = "access/take_role")]
pub async fn take_role(request: TakeRole) -> Result<(), ApiError> {
    let page = format!("/people/{}?done=roles", request.id);
    backend()?.take_role(request).await?;
    crate::redirect_to(&page, ());
    Ok(())
}

/// Removes a person.
#[server(name = RemovePersonFn, prefix = "/fn", endpoint = "access/remove_person")]
pub async fn remove_person(request: RemovePerson) -> Result<(), ApiError> {
    backend()?.remove_person(request).await?;
    crate::redirect_to("/settings/people?done=removed", ());
    Ok(())
}

/// Makes or changes a role.
#[server(name = SaveRoleFn, prefix = "/fn", endpoint = "access/save_role")]
pub async fn save_role(request: SaveRole) -> Result<(), ApiError> {
    backend()?.save_role(request).await?;
    crate::redirect_to("/roles?done=saved", ());
    Ok(())
}

/// Removes a role.
#[server(name = RemoveRoleFn, prefix = "/fn", endpoint = "access/remove_role")]
pub async fn remove_role(request: CustomRoleRef) -> Result<(), ApiError> {
    backend()?.remove_role(request).await?;
    crate::redirect_to("/roles?done=removed", ());
    Ok(())
}

/// Makes or changes a group.
#[server(name = SaveGroupFn, prefix = "/fn", endpoint = "access/save_group")]
pub async fn save_group(request: SaveGroup) -> Result<(), ApiError> {
    backend()?.save_group(request).await?;
    crate::redirect_to("/groups?done=saved", ());
    Ok(())
}

/// Removes a group.
#[server(name = RemoveGroupFn, prefix = "/fn", endpoint = "access/remove_group")]
pub async fn remove_group(request: GroupRef) -> Result<(), ApiError> {
    backend()?.remove_group(request).await?;
    crate::redirect_to("/groups?done=removed", ());
    Ok(())
}

/// Puts somebody into a group.
#[server(name = JoinGroupFn, prefix = "/fn", endpoint = "access/join_group")]
pub async fn join_group(request: GroupPerson) -> Result<(), ApiError> {
    backend()?.join_group(request).await?;
    crate::redirect_to("/groups?done=saved", ());
    Ok(())
}

/// Takes somebody out of a group.
#[server(name = LeaveGroupFn, prefix = "/fn", endpoint = "access/leave_group")]
pub async fn leave_group(request: GroupPerson) -> Result<(), ApiError> {
    backend()?.leave_group(request).await?;
    crate::redirect_to("/groups?done=saved", ());
    Ok(())
}

/// Takes an invitation back.
#[server(name = RevokeInvitationFn, prefix = "/fn", endpoint = "access/revoke_invitation")]
pub async fn revoke_invitation(request: InvitationRef) -> Result<(), ApiError> {
    backend()?.revoke_invitation(request).await?;
    crate::redirect_to("/invitations?done=revoked", ());
    Ok(())
}

/// Accepts an invitation with a new account.
#[server(name = AcceptInvitationFn, prefix = "/fn", endpoint = "access/accept_invitation")]
pub async fn accept_invitation(request: AcceptInvitation) -> Result<(), ApiError> {
    backend()?.accept_invitation(request).await?;
    crate::redirect_to("/sign-in?done=password", ());
    Ok(())
}

/// Accepts an invitation as who is signed in.
#[server(name = JoinOrganisationFn, prefix = "/fn", endpoint = "access/join_organisation")]
pub async fn join_organisation(request: JoinOrganisation) -> Result<(), ApiError> {
    backend()?.join_organisation(request).await?;
    crate::redirect_to("/", ());
    Ok(())
}

/// Adds an organisation.
#[server(name = AddOrganisationFn, prefix = "/fn", endpoint = "access/add_organisation")]
pub async fn add_organisation(request: AddOrganisation) -> Result<(), ApiError> {
    backend()?.add_organisation(request).await?;
    crate::redirect_to("/organisations?done=added", ());
    Ok(())
}
