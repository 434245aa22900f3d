//! The scripted backend's requests for approval.

use app::approvals::{
    api::{
        ActAlone, ApprovalDetail, ApprovalFilter, ApprovalRef, ApprovalRow, ApprovalsPort, Candidate,
        CommentApproval, DecideApproval, DeleteBackup, Outcome, Said,
    },
    rules_api::{AbsenceView, AddAbsence, ApprovalRules, EndAbsence, RuleView, SetRule, WorkAlone},
};
use async_trait::async_trait;
use domain::{
    BackupId, Fault, Page, Refusal,
    approvals::{Class, Preview, State, Verdict},
    id::ApprovalId,
};

use super::{
    data::{self, DAY, HOUR, MARKUP, NOW, TURNED},
    script::{Mood, Script},
};

fn row(n: u32, class: Class, state: State) -> ApprovalRow {
    ApprovalRow {
        id: data::id(n),
        class,
        title: format!("{} {MARKUP}", class.title()),
        requester: "Bo Lindqvist".into(),
        is_mine: false,
        state,
        needed: 2,
        agreed: 1,
        created_at: NOW.plus_ms(-5 * HOUR),
        expires_at: NOW.plus_ms(2 * DAY),
        is_emergency: class == Class::ReviewEmergency,
    }
}

fn rows() -> Vec<ApprovalRow> {
    let of = |(n, class): (usize, &Class)| {
        row(500 + u32::try_from(n).unwrap(), *class, State::ALL[n % State::ALL.len()])
    };
    Class::ALL.iter().enumerate().map(of).collect()
}

fn preview() -> Preview {
    Preview::of("The backup of grc2 as of 20 Nov 2026, 02:00:00 UTC is deleted from every vault.")
        .fact("Tenants in it", "1,204")
        .fact("Label", MARKUP)
        .loses("The recovery point itself.")
        .loses(TURNED)
}

fn detail(id: ApprovalId, state: State) -> ApprovalDetail {
    ApprovalDetail {
        row: ApprovalRow { id, ..row(0, Class::DeleteBackup, state) },
        reason: "Ticket 4711".into(),
        path: "/backups/019ab3c4-5d6e-7f00-8a9b-000000000047".into(),
        preview: preview(),
        digest: "ab".repeat(32),
        said: vec![Said {
            at: NOW.plus_ms(-HOUR),
            by: TURNED.into(),
            instead_of: Some("Ada".into()),
            verdict: Verdict::Agree,
            comment: Some(MARKUP.into()),
            is_void: false,
        }],
        could_agree: vec![Candidate { name: MARKUP.into(), away_until: Some(NOW.plus_ms(DAY)) }],
        why_not: None,
        may_comment: true,
        may_withdraw: false,
        may_act_alone: true,
        approved_at: None,
        done_at: None,
        settled_at: state.is_settled().then_some(NOW),
        problem: None,
    }
}

fn rules(is_full: bool) -> ApprovalRules {
    let view = |class: &Class| RuleView {
        class: *class,
        rule: class.default_rule(),
        is_default: true,
        could_agree: usize::from(is_full),
    };
    let away = AbsenceView {
        id: data::id(601),
        name: MARKUP.into(),
        from: NOW,
        until: NOW.plus_ms(DAY),
        deputy: Some(TURNED.into()),
        may_end: true,
    };
    ApprovalRules {
        rules: Class::ALL.iter().map(view).collect(),
        alone: None,
        nobody_could: !is_full,
        absences: if is_full { vec![away] } else { Vec::new() },
        has_voice: true,
        deputies: vec![(data::id(602), MARKUP.into())],
    }
}

#[async_trait]
impl ApprovalsPort for Script {
    async fn approvals_waiting(&self) -> Result<u64, Fault> {
        self.answer(|| Ok(0), || 3)
    }
    async fn list_approvals(&self, filter: ApprovalFilter) -> Result<Page<ApprovalRow>, Fault> {
        self.page(rows(), filter.after.as_ref())
    }
    async fn get_approval(&self, id: ApprovalId) -> Result<ApprovalDetail, Fault> {
        let seen = |detail: ApprovalDetail| match self.mood {
            Mood::Viewer => ApprovalDetail {
                why_not: Some("Your role does not let you agree to this.".into()),
                may_comment: false,
                may_act_alone: false,
                ..detail
            },
            _ => detail,
        };
        self.answer(|| Ok(detail(id, State::Withdrawn)), || seen(detail(id, State::Waiting)))
    }
    async fn approve(&self, _: DecideApproval) -> Result<State, Fault> {
        Err(Fault::Refused(Refusal::DifferenceChanged))
    }
    async fn reject(&self, _: DecideApproval) -> Result<State, Fault> {
        Ok(State::Rejected)
    }
    async fn comment_approval(&self, _: CommentApproval) -> Result<(), Fault> {
        Ok(())
    }
    async fn withdraw_approval(&self, _: ApprovalRef) -> Result<(), Fault> {
        Err(Fault::Refused(Refusal::NotYours))
    }
    async fn act_alone(&self, _: ActAlone) -> Result<State, Fault> {
        Ok(State::Executed)
    }
    async fn delete_backup(&self, request: DeleteBackup) -> Result<Outcome, Fault> {
        if request.confirm == "grc2" {
            Ok(Outcome { asked: Some(data::id(500)) })
        } else {
            Err(Fault::invalid("confirm", "type the name of the database exactly as above"))
        }
    }
    async fn preview_deletion(&self, _: BackupId) -> Result<Preview, Fault> {
        self.answer(|| Ok(preview()), preview)
    }
    async fn approval_rules(&self) -> Result<ApprovalRules, Fault> {
        let has_voice = self.mood != Mood::Viewer;
        let seen = |mut rules: ApprovalRules| {
            rules.has_voice = has_voice;
            rules.absences.iter_mut().for_each(|absence| absence.may_end = has_voice);
            rules
        };
        self.answer(|| Ok(rules(false)), || seen(rules(true)))
    }
    async fn set_rule(&self, _: SetRule) -> Result<Outcome, Fault> {
        Ok(Outcome { asked: Some(data::id(500)) })
    }
    async fn work_alone(&self, _: WorkAlone) -> Result<(), Fault> {
        Err(Fault::Refused(Refusal::NotAlone))
    }
    async fn add_absence(&self, _: AddAbsence) -> Result<(), Fault> {
        Ok(())
    }
    async fn end_absence(&self, _: EndAbsence) -> Result<(), Fault> {
        Ok(())
    }
}
