//! By which rules people agree, and who is away.

use domain::{
    Timestamp, UserId,
    approvals::{Class, Rule},
    id::AbsenceId,
};
use leptos::prelude::*;
use serde::{Deserialize, Serialize};

use super::api::Outcome;
use crate::port::ApiError;
#[cfg(feature = "ssr")]
use crate::{approvals::api::went_to, port::backend};

/// The rule of a class.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct RuleView {
    /// Of which class.
    pub class: Class,
    /// As it counts now.
    pub rule: Rule,
    /// Whether the organisation has said nothing of its own.
    pub is_default: bool,
    /// How many people could agree to what the reader asks for.
    pub could_agree: usize,
}

/// A time in which somebody is away.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AbsenceView {
    /// Which.
    pub id: AbsenceId,
    /// Who.
    pub name: String,
    /// From when.
    pub from: Timestamp,
    /// Until when.
    pub until: Timestamp,
    /// Who agrees in their place.
    pub deputy: Option<String>,
    /// Whether the reader may end it.
    pub may_end: bool,
}

/// The rules, and who is away.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ApprovalRules {
    /// Every class.
    pub rules: Vec<RuleView>,
    /// Since when and why the organisation works alone.
    pub alone: Option<(Timestamp, String)>,
    /// Whether nobody could agree to what the reader asks for.
    pub nobody_could: bool,
    /// Who is away now or soon.
    pub absences: Vec<AbsenceView>,
    /// Whether the reader has a voice that somebody could miss.
    pub has_voice: bool,
    /// Who could agree in the reader's place.
    pub deputies: Vec<(UserId, String)>,
}

/// A rule to be set, as a form says it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct SetRule {
    /// Of which class.
    pub class: Class,
    /// How many have to agree.
    pub approvals: u8,
    /// Within how many hours.
    pub within_hours: u32,
    /// After how many hours of rest it is done.
    pub cool_off_hours: u32,
    /// Why.
    #[serde(default)]
    pub reason: String,
}

/// Whether the organisation works alone.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct WorkAlone {
    /// Whether it does from now on.
    #[serde(default)]
    pub alone: bool,
    /// Why.
    #[serde(default)]
    pub reason: String,
}

/// An absence of the reader's own.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct AddAbsence {
    /// From which day, as `2026-12-24`, UTC.
    pub from: String,
    /// Through which day.
    pub through: String,
    /// Who agrees in their place; empty for nobody.
    #[serde(default)]
    pub deputy: String,
}

/// An absence to end.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct EndAbsence {
    /// Which.
    pub id: AbsenceId,
}

/// Asks that a rule be changed.
#[server(name = SetRuleFn, prefix = "/fn", endpoint = "approvals/set_rule")]
pub async fn set_rule(request: SetRule) -> Result<Outcome, ApiError> {
    let outcome = backend()?.set_rule(request).await?;
    Ok(crate::redirect_to(&went_to(outcome, "/settings/approvals?done=rule"), outcome))
}

/// Says whether the organisation works alone.
#[server(name = WorkAloneFn, prefix = "/fn", endpoint = "approvals/work_alone")]
pub async fn work_alone(request: WorkAlone) -> Result<(), ApiError> {
    backend()?.work_alone(request).await?;
    crate::redirect_to("/settings/approvals?done=alone", ());
    Ok(())
}

/// Says that the reader is away.
#[server(name = AddAbsenceFn, prefix = "/fn", endpoint = "approvals/add_absence")]
pub async fn add_absence(request: AddAbsence) -> Result<(), ApiError> {
    backend()?.add_absence(request).await?;
    crate::redirect_to("/settings/approvals?done=absence", ());
    Ok(())
}

/// Ends an absence.
#[server(name = EndAbsenceFn, prefix = "/fn", endpoint = "approvals/end_absence")]
pub async fn end_absence(request: EndAbsence) -> Result<(), ApiError> {
    backend()?.end_absence(request).await?;
    crate::redirect_to("/settings/approvals?done=absence", ());
    Ok(())
}
