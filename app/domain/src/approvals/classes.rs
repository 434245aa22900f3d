//! Every class of acts that somebody else has to agree to, in one table, and which act is in which.

use serde::{Deserialize, Serialize};

use super::rule::Rule;
use crate::{access::Permission, audit::Act};

/// By whose hand an approved request is carried out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Runs {
    /// By the last agreement itself, or as soon as the time to think is over.
    Itself,
    /// By who asked, later: they choose the moment, and say once more what they mean.
    ByRequester,
}

const HOUR_MS: i64 = 3_600_000;
const DAY_MS: i64 = 24 * HOUR_MS;

macro_rules! classes {
    ($($(#[$doc:meta])* $class:ident = $key:literal, $title:literal, $permission:ident, approvals $approvals:literal, least $least:literal, within $within:expr, cool_off $cool_off:expr, $runs:ident;)+) => {
        /// A class of acts that somebody else has to agree to.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(rename_all = "snake_case")]
        pub enum Class { $($(#[$doc])* $class),+ }
        impl Class {
            /// Every class.
            pub const ALL: &'static [Self] = &[$(Self::$class),+];
            /// How it is stored and sent.
            pub const fn key(self) -> &'static str { match self { $(Self::$class => $key),+ } }
            /// How it is shown.
            pub const fn title(self) -> &'static str { match self { $(Self::$class => $title),+ } }
            /// Who may agree.
            pub const fn permission(self) -> Permission { match self { $(Self::$class => Permission::$permission),+ } }
            /// The rule where an organisation has none of its own.
            pub const fn default_rule(self) -> Rule {
                match self { $(Self::$class => Rule { approvals: $approvals, within_ms: $within, cool_off_ms: $cool_off }),+ }
            }
            /// The fewest approvals that a rule may ask for, where there is somebody who could give them.
            pub const fn least(self) -> u8 { match self { $(Self::$class => $least),+ } }
            /// By whose hand it is carried out.
            pub const fn runs(self) -> Runs { match self { $(Self::$class => Runs::$runs),+ } }
            /// The class stored as `key`.
            pub fn find(key: &str) -> Option<Self> { match key { $($key => Some(Self::$class),)+ _ => None } }
        }
    };
}

classes! {
    /// Rows of a live database are changed.
    RestoreLive = "restore_live", "Restore into a live database", ApproveRestore, approvals 1, least 1, within 3 * DAY_MS, cool_off 0, ByRequester;
    /// Rows of several tenants are put into a new database: nothing is destroyed, but they can be read there.
    RestoreNew = "restore_new", "Restore several tenants into a new database", ApproveRestore, approvals 0, least 0, within 3 * DAY_MS, cool_off 0, ByRequester;
    /// A recovery point ends before its time.
    DeleteBackup = "delete_backup", "Delete a backup", ApproveRestore, approvals 1, least 1, within 3 * DAY_MS, cool_off HOUR_MS, Itself;
    /// Contents of a backup leave as a file.
    TakeAway = "take_away", "Take contents of a backup away", ApproveRestore, approvals 0, least 0, within 3 * DAY_MS, cool_off 0, ByRequester;
    /// Backups are kept for less long.
    ShortenRetention = "shorten_retention", "Keep backups for less long", ApproveChanges, approvals 1, least 1, within 3 * DAY_MS, cool_off HOUR_MS, Itself;
    /// What a court or a contract holds fast is let go.
    LiftHold = "lift_hold", "Lift a hold", ApproveChanges, approvals 2, least 1, within 7 * DAY_MS, cool_off DAY_MS, Itself;
    /// A schedule is switched off or made rarer.
    SlackenSchedule = "slacken_schedule", "Back up less often", ApproveChanges, approvals 1, least 1, within 3 * DAY_MS, cool_off 0, Itself;
    /// Somebody is told less, or somebody else is told.
    SlackenAlerts = "slacken_alerts", "Take a channel of notices away", ApproveChanges, approvals 1, least 1, within 3 * DAY_MS, cool_off 0, Itself;
    /// A key is destroyed, and with it whatever only it opens.
    DestroyKey = "destroy_key", "Destroy a key", ApproveChanges, approvals 2, least 2, within 7 * DAY_MS, cool_off DAY_MS, Itself;
    /// Somebody gets the power to administer or to agree.
    GrantPowers = "grant_powers", "Give somebody powers", ApproveChanges, approvals 1, least 1, within 7 * DAY_MS, cool_off 0, Itself;
    /// A connection leads to another server.
    MoveConnection = "move_connection", "Move a connection to another server", ApproveChanges, approvals 1, least 1, within 3 * DAY_MS, cool_off 0, Itself;
    /// Whose rows are whose is decided anew.
    ChangeMap = "change_map", "Change a confirmed tenant map", ApproveChanges, approvals 1, least 1, within 3 * DAY_MS, cool_off 0, Itself;
    /// These rules themselves.
    ChangeRules = "change_rules", "Change the rules of approval", ApproveChanges, approvals 1, least 1, within 3 * DAY_MS, cool_off 0, Itself;
    /// What somebody did alone in an emergency is looked at.
    ReviewEmergency = "review_emergency", "Review an act done in an emergency", ApproveChanges, approvals 1, least 1, within 14 * DAY_MS, cool_off 0, Itself;
}

impl Class {
    /// Whether its acts ask for approval already. The others stand in the table for acts that are to come, or whose use
    /// case is not led through the engine yet; a rule for one of them would promise what nobody keeps, so none can be set.
    pub const fn is_in_force(self) -> bool {
        match self {
            Self::RestoreLive
            | Self::DeleteBackup
            | Self::SlackenSchedule
            | Self::SlackenAlerts
            | Self::MoveConnection
            | Self::ChangeRules
            | Self::ReviewEmergency => true,
            Self::RestoreNew
            | Self::TakeAway
            | Self::ShortenRetention
            | Self::LiftHold
            | Self::DestroyKey
            | Self::GrantPowers
            | Self::ChangeMap => false,
        }
    }
}

/// The class of an act; none where whoever has the permission may do it alone. There is no arm for "everything else":
/// an act that nobody has thought about does not compile.
#[expect(clippy::match_same_arms, reason = "each group says why it is free")]
pub const fn class_of(act: Act) -> Option<Class> {
    Some(match act {
        Act::TenantRestoreApply => Class::RestoreLive,
        Act::RestoreStart => Class::RestoreNew,
        Act::BackupDelete => Class::DeleteBackup,
        Act::BackupExport | Act::ExportStart | Act::TenantExport => Class::TakeAway,
        // Those of them that make it rarer.
        Act::ScheduleSet => Class::SlackenSchedule,
        // Those of them that take a channel away or lead it elsewhere.
        Act::ChannelsSet => Class::SlackenAlerts,
        // Those of them that give the power to administer or to agree.
        Act::UserCreate
        | Act::UserChange
        | Act::RoleGive
        | Act::RoleChange
        | Act::GroupChange
        | Act::GroupJoin
        | Act::InvitationCreate => Class::GrantPowers,
        // Those of them that lead to another server.
        Act::ConnectionChange => Class::MoveConnection,
        // Where one is confirmed already.
        Act::TenantMapConfirmStart => Class::ChangeMap,
        Act::ApprovalRuleSet => Class::ChangeRules,
        Act::ApprovalReviewed => Class::ReviewEmergency,
        // One's own account, and who is let in by it.
        Act::SessionBegin
        | Act::SessionEnd
        | Act::SessionEndOthers
        | Act::Allow
        | Act::PasswordChange
        | Act::PasswordReset
        | Act::PasswordLinkCreate
        | Act::InvitationAccept
        | Act::SessionConfirm
        | Act::SecondFactorAdd
        | Act::SecondFactorRemove
        | Act::RecoveryCodesMake
        | Act::RecoveryCodeUse
        | Act::TokenCreate
        | Act::TokenRevoke => return None,
        // What takes powers away, or names them without giving them to anybody.
        Act::RoleTake
        | Act::RoleCreate
        | Act::RoleRemove
        | Act::UserRemove
        | Act::GroupCreate
        | Act::GroupLeave
        | Act::GroupRemove
        | Act::InvitationRenew
        | Act::InvitationRevoke => return None,
        // Asks for a fresh proof and is anchored at once; it takes nobody's factor away.
        Act::SignInPolicySet => return None,
        // The installation: done by who runs it, at its machine or at its beginning.
        Act::TenantCreate | Act::InstallationSetUp | Act::RecoveryKeyConfirm | Act::KeysPublish => {
            return None;
        }
        // What adds protection, looks, or prepares what is agreed to later.
        Act::ConnectionCreate
        | Act::ProbeStart
        | Act::SourceCreate
        | Act::SourceEngine
        | Act::ChannelsTest
        | Act::WebhookCreate
        | Act::WebhookRemove
        | Act::WebhookResume
        | Act::TenantMapInfer
        | Act::TenantMapInferred
        | Act::TenantMapSetRoute
        | Act::TenantMapConfirm
        | Act::BackupStart
        | Act::VerificationStart
        | Act::RunCancel
        | Act::RestoreRows
        | Act::TenantRestorePlan
        | Act::RestoreDifference
        | Act::AuditRead
        | Act::AuditExport => return None,
        // What workers and sweeps make of what was begun or agreed to.
        Act::BackupComplete
        | Act::BackupAdopt
        | Act::BackupRemoveCancelled
        | Act::BackupExpire
        | Act::BackupRemove
        | Act::VerificationComplete
        | Act::RunCancelled
        | Act::RunFail
        | Act::RunReclaim
        | Act::RestoreComplete
        | Act::RestoreCleanUp
        | Act::TenantRestorePlanned
        | Act::TenantRestoreExpire
        | Act::TenantRestoreApplied
        | Act::TenantRestoreUndone
        | Act::ExportComplete
        | Act::WebhookSuspend
        | Act::AuditExpire => return None,
        // The way back from what was agreed to: it brings exactly those rows back, and must not wait for anybody.
        Act::TenantRestoreUndo => return None,
        // Steps of approvals themselves.
        Act::TenantRestoreRequest
        | Act::TenantRestoreApprove
        | Act::TenantRestoreReject
        | Act::TenantRestoreWithdraw
        | Act::ApprovalAsk
        | Act::ApprovalAgree
        | Act::ApprovalRefuse
        | Act::ApprovalComment
        | Act::ApprovalWithdraw
        | Act::ApprovalExpire
        | Act::ApprovalExecute
        | Act::ApprovalFail
        | Act::ApprovalAlone
        | Act::ApprovalReopen
        | Act::AbsenceSet
        | Act::AbsenceEnd => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::Risk;

    #[test]
    fn what_needs_a_second_person_is_anchored_at_once_unless_it_only_prepares() {
        for act in Act::ALL.iter().filter(|act| class_of(**act).is_some()) {
            let is_preparing = *act == Act::TenantMapConfirmStart;
            assert!(is_preparing || act.risk() == Risk::High, "{act:?}");
        }
    }

    #[test]
    fn every_rule_of_the_table_is_within_its_own_bounds() {
        for class in Class::ALL {
            assert_eq!(class.default_rule().check(*class), Ok(()), "{class:?}");
            assert_eq!(Class::find(class.key()), Some(*class));
            let role_of_it = class.permission().roles();
            assert!(role_of_it.len() > 1, "{class:?}: one role alone could shut everybody out");
        }
    }
}
