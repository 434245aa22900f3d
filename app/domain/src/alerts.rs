//! What people are told without asking.

use serde::{Deserialize, Serialize};

/// Why a notice is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NoticeKind {
    /// A backup failed for good.
    BackupFailed,
    /// A verification failed: the backup is not restorable.
    VerificationFailed,
    /// A restore failed for good.
    RestoreFailed,
    /// A source has no new backup although one was due.
    BackupOverdue,
    /// Tables without a usable route: rows of tenants may lie among the shared ones.
    CoverageBroken,
    /// A webhook could not be told what happened for a day and a half.
    WebhookSuspended,
    /// Somebody has to agree to something, or it was decided.
    Approval,
    /// Somebody did alone what needs a second person.
    Emergency,
    /// A person asked for a test.
    Test,
}

impl NoticeKind {
    /// How it is stored and sent.
    pub const fn key(self) -> &'static str {
        match self {
            Self::BackupFailed => "backup_failed",
            Self::VerificationFailed => "verification_failed",
            Self::RestoreFailed => "restore_failed",
            Self::BackupOverdue => "backup_overdue",
            Self::CoverageBroken => "coverage_broken",
            Self::WebhookSuspended => "webhook_suspended",
            Self::Approval => "approval",
            Self::Emergency => "emergency",
            Self::Test => "test",
        }
    }
    /// The kind stored as `key`.
    pub fn find(key: &str) -> Option<Self> {
        [
            Self::BackupFailed,
            Self::VerificationFailed,
            Self::RestoreFailed,
            Self::BackupOverdue,
            Self::CoverageBroken,
            Self::WebhookSuspended,
            Self::Approval,
            Self::Emergency,
            Self::Test,
        ]
        .into_iter()
        .find(|kind| kind.key() == key)
    }
}

/// How late a scheduled backup may be before somebody is told, in milliseconds: two hours.
pub const OVERDUE_AFTER_MS: i64 = 2 * 3_600_000;
