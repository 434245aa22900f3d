//! Requests that somebody else has to agree to.
//!
//! What is agreed to is a digest over the exact change and everything that the page shows of it.

use async_trait::async_trait;
use domain::{
    BackupId, Cursor, Fault, Page, Timestamp,
    approvals::{Class, Preview, State, Verdict},
    id::ApprovalId,
};
use leptos::prelude::*;
use serde::{Deserialize, Serialize};

use super::rules_api::{AddAbsence, ApprovalRules, EndAbsence, SetRule, WorkAlone};
use crate::port::ApiError;
#[cfg(feature = "ssr")]
use crate::port::backend;

/// Which requests to list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Drawer {
    /// Those that wait for the reader.
    #[default]
    ForMe,
    /// Those that the reader asked for.
    ByMe,
    /// All that are open.
    Open,
    /// All that are over.
    Decided,
}

impl Drawer {
    /// Every one.
    pub const ALL: [Self; 4] = [Self::ForMe, Self::ByMe, Self::Open, Self::Decided];
    /// As addresses have it.
    pub const fn key(self) -> &'static str {
        match self {
            Self::ForMe => "for_me",
            Self::ByMe => "by_me",
            Self::Open => "open",
            Self::Decided => "decided",
        }
    }
    /// As it is shown.
    pub const fn title(self) -> &'static str {
        match self {
            Self::ForMe => "Waiting for me",
            Self::ByMe => "Asked by me",
            Self::Open => "All open",
            Self::Decided => "Decided",
        }
    }
    /// The one of this key.
    pub fn find(key: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|which| which.key() == key)
    }
}

/// Which requests to list, newest first; every field narrows.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct ApprovalFilter {
    /// Which of them.
    pub which: Drawer,
    /// In one class.
    pub class: Option<Class>,
    /// Where to go on.
    pub after: Option<Cursor>,
}

/// One request in a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ApprovalRow {
    /// Which.
    pub id: ApprovalId,
    /// In which class.
    pub class: Class,
    /// In one line.
    pub title: String,
    /// Who asked.
    pub requester: String,
    /// Whether the reader did.
    pub is_mine: bool,
    /// Where it stands.
    pub state: State,
    /// How many have to agree.
    pub needed: u8,
    /// How many have.
    pub agreed: u8,
    /// When it was asked.
    pub created_at: Timestamp,
    /// Until when it waits.
    pub expires_at: Timestamp,
    /// Whether somebody acted alone.
    pub is_emergency: bool,
}

/// What somebody said to a request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Said {
    /// When.
    pub at: Timestamp,
    /// Who.
    pub by: String,
    /// For whom who is away.
    pub instead_of: Option<String>,
    /// What.
    pub verdict: Verdict,
    /// In words.
    pub comment: Option<String>,
    /// Whether it counts no more.
    pub is_void: bool,
}

/// Somebody who could still agree.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Candidate {
    /// Name.
    pub name: String,
    /// Until when they are away, if they are.
    pub away_until: Option<Timestamp>,
}

/// One request with everything that its page shows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ApprovalDetail {
    /// As in the list.
    pub row: ApprovalRow,
    /// Why it is asked.
    pub reason: String,
    /// The page of what it is about.
    pub path: String,
    /// What would happen.
    pub preview: Preview,
    /// What is agreed to.
    pub digest: String,
    /// What was said, oldest first.
    pub said: Vec<Said>,
    /// Who could still agree.
    pub could_agree: Vec<Candidate>,
    /// Why the reader may not decide, in words; nothing if they may.
    pub why_not: Option<String>,
    /// Whether the reader may say something to it: who asked, and whose role lets them agree to anything.
    pub may_comment: bool,
    /// Whether the reader may take it back.
    pub may_withdraw: bool,
    /// Whether the reader may do it alone in an emergency.
    pub may_act_alone: bool,
    /// When it was approved.
    pub approved_at: Option<Timestamp>,
    /// When it will be done by itself, if it rests.
    pub done_at: Option<Timestamp>,
    /// When it was over.
    pub settled_at: Option<Timestamp>,
    /// Why it could not be done.
    pub problem: Option<String>,
}

/// What became of something that may need a second person.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outcome {
    /// The request that somebody has to agree to; nothing if it is done.
    pub asked: Option<ApprovalId>,
}

impl Outcome {
    /// It is done.
    pub const DONE: Self = Self { asked: None };
}

/// A verdict that says what was looked at.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct DecideApproval {
    /// Which request.
    pub id: ApprovalId,
    /// The digest of what was looked at.
    pub digest: String,
    /// What is said to it.
    #[serde(default)]
    pub comment: String,
}

/// Something said to a request.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct CommentApproval {
    /// Which request.
    pub id: ApprovalId,
    /// What.
    pub comment: String,
}

/// One request.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ApprovalRef {
    /// Which.
    pub id: ApprovalId,
}

/// Doing it alone.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ActAlone {
    /// Which request.
    pub id: ApprovalId,
    /// Why it cannot wait.
    #[serde(default)]
    pub reason: String,
}

/// A backup to delete.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct DeleteBackup {
    /// Which.
    pub id: BackupId,
    /// The name of its database, typed by the person who means it.
    #[serde(default)]
    pub confirm: String,
    /// Why.
    #[serde(default)]
    pub reason: String,
}

/// What a page may ask about approvals.
#[async_trait]
pub trait ApprovalsPort: Send + Sync {
    /// How many wait for the reader.
    async fn approvals_waiting(&self) -> Result<u64, Fault>;
    /// Requests, newest first.
    async fn list_approvals(&self, filter: ApprovalFilter) -> Result<Page<ApprovalRow>, Fault>;
    /// One request.
    async fn get_approval(&self, id: ApprovalId) -> Result<ApprovalDetail, Fault>;
    /// Agrees to it, as a second person.
    async fn approve(&self, request: DecideApproval) -> Result<State, Fault>;
    /// Refuses it.
    async fn reject(&self, request: DecideApproval) -> Result<State, Fault>;
    /// Says something to it.
    async fn comment_approval(&self, request: CommentApproval) -> Result<(), Fault>;
    /// Takes it back.
    async fn withdraw_approval(&self, request: ApprovalRef) -> Result<(), Fault>;
    /// Does it alone, in an emergency.
    async fn act_alone(&self, request: ActAlone) -> Result<State, Fault>;
    /// Asks that a backup be deleted.
    async fn delete_backup(&self, request: DeleteBackup) -> Result<Outcome, Fault>;
    /// What would be lost with a backup.
    async fn preview_deletion(&self, id: BackupId) -> Result<Preview, Fault>;
    /// The rules, and who is away.
    async fn approval_rules(&self) -> Result<ApprovalRules, Fault>;
    /// Asks that a rule be changed.
    async fn set_rule(&self, request: SetRule) -> Result<Outcome, Fault>;
    /// Says that the organisation works alone, or does not any more.
    async fn work_alone(&self, request: WorkAlone) -> Result<(), Fault>;
    /// Says that somebody is away.
    async fn add_absence(&self, request: AddAbsence) -> Result<(), Fault>;
    /// Ends an absence.
    async fn end_absence(&self, request: EndAbsence) -> Result<(), Fault>;
}

/// Agrees.
#[server(name = ApproveFn, prefix = "/fn", endpoint = "approvals/approve")]
pub async fn approve(request: DecideApproval) -> Result<State, ApiError> {
    let path = page_of(request.id);
    let state = backend()?.approve(request).await?;
    Ok(crate::redirect_to(&path, state))
}

/// Refuses.
#[server(name = RejectFn, prefix = "/fn", endpoint = "approvals/reject")]
pub async fn reject(request: DecideApproval) -> Result<State, ApiError> {
    let path = page_of(request.id);
    let state = backend()?.reject(request).await?;
    Ok(crate::redirect_to(&path, state))
}

/// Says something.
#[server(name = CommentFn, prefix = "/fn", endpoint = "approvals/comment")]
pub async fn comment_approval(request: CommentApproval) -> Result<(), ApiError> {
    let path = page_of(request.id);
    backend()?.comment_approval(request).await?;
    crate::redirect_to(&path, ());
    Ok(())
}

/// Takes it back.
#[server(name = WithdrawFn, prefix = "/fn", endpoint = "approvals/withdraw")]
pub async fn withdraw_approval(request: ApprovalRef) -> Result<(), ApiError> {
    let path = page_of(request.id);
    backend()?.withdraw_approval(request).await?;
    crate::redirect_to(&path, ());
    Ok(())
}

/// Does it alone.
#[server(name = ActAloneFn, prefix = "/fn", endpoint = "approvals/act_alone")]
pub async fn act_alone(request: ActAlone) -> Result<State, ApiError> {
    let path = page_of(request.id);
    let state = backend()?.act_alone(request).await?;
    Ok(crate::redirect_to(&path, state))
}

/// Asks that a backup be deleted.
#[server(name = DeleteBackupFn, prefix = "/fn", endpoint = "approvals/delete_backup")]
pub async fn delete_backup(request: DeleteBackup) -> Result<Outcome, ApiError> {
    let path = format!("/backups/{}", request.id);
    let outcome = backend()?.delete_backup(request).await?;
    Ok(crate::redirect_to(&went_to(outcome, &path), outcome))
}

/// The page to go on to: that of the request, or the one where it is done.
#[cfg(feature = "ssr")]
pub fn went_to(outcome: Outcome, done: &str) -> String {
    outcome.asked.map_or_else(|| done.to_owned(), page_of)
}

#[cfg(feature = "ssr")]
fn page_of(id: ApprovalId) -> String {
    format!("/approvals/{id}")
}
