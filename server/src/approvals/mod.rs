//! What needs a second person: asked, decided, told, carried out. The rules are in `domain::approvals`, their rows in
//! `catalog`; here are the use cases of the pages and of programs.

pub mod ask;
pub mod decide;
pub mod read;
pub mod rules;
pub mod sweep;

use app::approvals::{
    api::{
        ActAlone, ApprovalDetail, ApprovalFilter, ApprovalRef, ApprovalRow, ApprovalsPort, CommentApproval,
        DecideApproval, DeleteBackup, Outcome,
    },
    rules_api::{AddAbsence, ApprovalRules, EndAbsence, SetRule, WorkAlone},
};
use async_trait::async_trait;
use domain::{
    BackupId, Fault, Page,
    approvals::{Preview, State, Verdict},
    id::ApprovalId,
};

use crate::{caller::Caller, fault::Result};

impl Caller {
    async fn waiting_approvals(&self) -> Result<u64> {
        read::waiting(self, self.allow().await?).await
    }
    async fn approvals(&self, filter: ApprovalFilter) -> Result<Page<ApprovalRow>> {
        read::list(self, self.allow().await?, filter).await
    }
    async fn approval(&self, id: ApprovalId) -> Result<ApprovalDetail> {
        read::get(self, self.allow().await?, id).await
    }
    async fn decided(&self, request: DecideApproval, verdict: Verdict) -> Result<State> {
        decide::decide(self, self.allow().await?, request, verdict).await
    }
    async fn commented(&self, request: CommentApproval) -> Result<()> {
        decide::comment(self, self.allow().await?, request).await
    }
    async fn withdrawn(&self, request: ApprovalRef) -> Result<()> {
        decide::withdraw(self, self.allow().await?, request).await
    }
    async fn done_alone(&self, request: ActAlone) -> Result<State> {
        decide::act_alone(self, self.allow().await?, request).await
    }
    async fn deletion_asked(&self, request: DeleteBackup) -> Result<Outcome> {
        ask::delete_backup(self, self.allow().await?, request).await
    }
    async fn deletion_preview(&self, id: BackupId) -> Result<Preview> {
        ask::preview_deletion(self, self.allow().await?, id).await
    }
    async fn rules_of_approval(&self) -> Result<ApprovalRules> {
        rules::read(self, self.allow().await?).await
    }
    async fn rule_set(&self, request: SetRule) -> Result<Outcome> {
        rules::set(self, self.allow().await?, request).await
    }
    async fn alone_said(&self, request: WorkAlone) -> Result<()> {
        rules::work_alone(self, self.allow().await?, request).await
    }
    async fn absence_added(&self, request: AddAbsence) -> Result<()> {
        rules::add_absence(self, self.allow().await?, request).await
    }
    async fn absence_ended(&self, request: EndAbsence) -> Result<()> {
        rules::end_absence(self, self.allow().await?, request).await
    }
}

#[async_trait]
impl ApprovalsPort for Caller {
    async fn approvals_waiting(&self) -> Result<u64, Fault> {
        self.answer("count requests", self.waiting_approvals().await)
    }
    async fn list_approvals(&self, filter: ApprovalFilter) -> Result<Page<ApprovalRow>, Fault> {
        self.answer("list requests", self.approvals(filter).await)
    }
    async fn get_approval(&self, id: ApprovalId) -> Result<ApprovalDetail, Fault> {
        self.answer("show a request", self.approval(id).await)
    }
    async fn approve(&self, request: DecideApproval) -> Result<State, Fault> {
        self.answer("agree to a request", self.decided(request, Verdict::Agree).await)
    }
    async fn reject(&self, request: DecideApproval) -> Result<State, Fault> {
        self.answer("refuse a request", self.decided(request, Verdict::Refuse).await)
    }
    async fn comment_approval(&self, request: CommentApproval) -> Result<(), Fault> {
        self.answer("comment on a request", self.commented(request).await)
    }
    async fn withdraw_approval(&self, request: ApprovalRef) -> Result<(), Fault> {
        self.answer("withdraw a request", self.withdrawn(request).await)
    }
    async fn act_alone(&self, request: ActAlone) -> Result<State, Fault> {
        self.answer("act alone", self.done_alone(request).await)
    }
    async fn delete_backup(&self, request: DeleteBackup) -> Result<Outcome, Fault> {
        self.answer("delete a backup", self.deletion_asked(request).await)
    }
    async fn preview_deletion(&self, id: BackupId) -> Result<Preview, Fault> {
        self.answer("show what a deletion loses", self.deletion_preview(id).await)
    }
    async fn approval_rules(&self) -> Result<ApprovalRules, Fault> {
        self.answer("show the rules of approval", self.rules_of_approval().await)
    }
    async fn set_rule(&self, request: SetRule) -> Result<Outcome, Fault> {
        self.answer("change a rule of approval", self.rule_set(request).await)
    }
    async fn work_alone(&self, request: WorkAlone) -> Result<(), Fault> {
        self.answer("work alone", self.alone_said(request).await)
    }
    async fn add_absence(&self, request: AddAbsence) -> Result<(), Fault> {
        self.answer("say who is away", self.absence_added(request).await)
    }
    async fn end_absence(&self, request: EndAbsence) -> Result<(), Fault> {
        self.answer("end an absence", self.absence_ended(request).await)
    }
}
