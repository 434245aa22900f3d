//! The rules of approval, who is away, and that an organisation works alone.

use app::approvals::{
    api::Outcome,
    rules_api::{AbsenceView, AddAbsence, ApprovalRules, EndAbsence, RuleView, SetRule, WorkAlone},
};
use catalog::{NewAbsence, Scope};
use domain::{
    Fault, Timestamp, UserId,
    access::{Permission, may},
    approvals::{Change, Rule},
};

use super::ask::ask_or_do;
use crate::{
    caller::Caller,
    fault::{Result, Wrong},
};

const HOUR_MS: i64 = 3_600_000;
const DAY_MS: i64 = 24 * HOUR_MS;
/// Days of an absence at most.
const LONGEST_DAYS: i64 = 366;

/// The rules, and who is away.
pub async fn read(caller: &Caller, scope: Scope<may::ReadBackups>) -> Result<ApprovalRules> {
    let rows = caller.rows(&scope);
    let rules = rows.list_rules().await?;
    let own = caller.principal()?.user_id();
    let may_end = |user: UserId| Some(user) == own || scope.permits(Permission::ManageUsers);
    let absences = rows.list_absences().await?.into_iter().map(|one| AbsenceView {
        id: one.id,
        name: one.name,
        from: one.from,
        until: one.until,
        deputy: one.deputy.map(|(_, name)| name),
        may_end: may_end(one.user),
    });
    let agrees = Permission::ALL
        .iter()
        .filter(|one| matches!(one, Permission::ApproveRestore | Permission::ApproveChanges))
        .any(|permission| scope.permits(*permission));
    // Names of others are for those who have a voice to leave.
    let mut deputies = if agrees { rows.deputies().await? } else { Vec::new() };
    deputies.retain(|(user, _)| Some(*user) != own);
    Ok(ApprovalRules {
        nobody_could: rules.iter().all(|rule| rule.could_agree == 0),
        rules: rules
            .into_iter()
            .map(|row| RuleView {
                class: row.class,
                rule: row.rule,
                is_default: row.is_default,
                could_agree: row.could_agree,
            })
            .collect(),
        alone: rows.works_alone().await?.map(|alone| (alone.since, alone.reason)),
        absences: absences.collect(),
        has_voice: agrees,
        deputies,
    })
}

/// Asks that a rule be changed: that, too, needs somebody else.
pub async fn set(caller: &Caller, scope: Scope<may::ManageUsers>, request: SetRule) -> Result<Outcome> {
    let rule = Rule {
        approvals: request.approvals,
        within_ms: i64::from(request.within_hours).saturating_mul(HOUR_MS),
        cool_off_ms: i64::from(request.cool_off_hours).saturating_mul(HOUR_MS),
    };
    if !request.class.is_in_force() {
        return Err(Fault::invalid("class", "nothing of this kind asks for approval yet").into());
    }
    rule.check(request.class).map_err(|wrong| {
        let field = match wrong {
            domain::approvals::WrongRule::Approvals { .. } => "approvals",
            domain::approvals::WrongRule::Within => "within_hours",
            domain::approvals::WrongRule::CoolOff => "cool_off_hours",
        };
        Fault::invalid(field, wrong.to_string())
    })?;
    ask_or_do(caller, &scope, &Change::SetRule { class: request.class, rule }, &request.reason).await
}

/// Says whether the organisation works alone.
pub async fn work_alone(caller: &Caller, scope: Scope<may::ManageUsers>, request: WorkAlone) -> Result<()> {
    let rows = caller.rows(&scope);
    if request.alone {
        rows.work_alone(&request.reason).await?;
    } else {
        rows.stop_working_alone().await?;
    }
    Ok(())
}

fn day(text: &str) -> Result<Timestamp, String> {
    let date = chrono::NaiveDate::parse_from_str(text.trim(), "%Y-%m-%d")
        .map_err(|_| "enter a day as 2026-12-24".to_owned())?;
    let midnight = date.and_hms_opt(0, 0, 0).ok_or_else(|| "there is no such day".to_owned())?;
    Ok(Timestamp(midnight.and_utc().timestamp_millis()))
}

/// Says that the caller is away, and who agrees in their place.
pub async fn add_absence(caller: &Caller, scope: Scope<may::ReadBackups>, request: AddAbsence) -> Result<()> {
    let user = caller.principal()?.user_id().ok_or(Fault::Forbidden)?;
    let mut wrong = Wrong::default();
    let from = wrong.check("from", day(&request.from));
    let through = wrong.check("through", day(&request.through));
    let deputy = request.deputy.trim();
    let deputy = if deputy.is_empty() {
        None
    } else {
        wrong.check("deputy", deputy.parse::<UserId>().map_err(|_| "choose somebody of the list"))
    };
    if let (Some(from), Some(through)) = (from, through) {
        let days = through.since_ms(from) / DAY_MS + 1;
        if days < 1 || through.plus_ms(DAY_MS) <= caller.services.clock.now() {
            wrong.note("through", "the last day is not before the first, and not over");
        } else if days > LONGEST_DAYS {
            wrong.note("through", "an absence lasts a year at most");
        }
    }
    if deputy == Some(user) {
        wrong.note("deputy", "nobody is their own deputy");
    }
    wrong.finish()?;
    let (Some(from), Some(through)) = (from, through) else { return Err(Fault::Conflict.into()) };
    let new = NewAbsence { user, from, until: through.plus_ms(DAY_MS), deputy };
    caller.rows(&scope).add_absence(new).await?;
    Ok(())
}

/// Ends an absence.
pub async fn end_absence(caller: &Caller, scope: Scope<may::ReadBackups>, request: EndAbsence) -> Result<()> {
    Ok(caller.rows(&scope).end_absence(request.id).await?)
}
