//! What is asked for, to the letter, and what is shown of it.

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::{classes::Class, rule::Rule};
use crate::{BackupId, ConnectionId, RestoreId, SourceId, audit::Hash, id::ApprovalId, sources::TlsMode};

/// A change that somebody else has to agree to: everything that is needed to carry it out, and nothing that could be
/// filled in later. Passwords are in it only as they are stored, sealed to the workers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "change", rename_all = "snake_case")]
pub enum Change {
    /// Put rows of a tenant back into the live database.
    RestoreLive {
        /// The request that computed what would change.
        restore_id: RestoreId,
        /// The digest of that difference.
        difference: String,
    },
    /// Delete a backup before its time.
    DeleteBackup {
        /// Which.
        backup_id: BackupId,
    },
    /// Set a schedule.
    SetSchedule {
        /// Of which source.
        source_id: SourceId,
        /// Of what changes between full backups.
        incremental: bool,
        /// When.
        cron: String,
        /// Whether at all.
        enabled: bool,
    },
    /// Set where notices go.
    SetChannels {
        /// Address for e-mail.
        email_to: Option<String>,
        /// URL of the webhook.
        webhook_url: Option<String>,
        /// A new signing secret, sealed, in hex.
        webhook_secret: Option<String>,
    },
    /// Lead a connection to another server.
    MoveConnection {
        /// Which.
        connection_id: ConnectionId,
        /// The version that was looked at.
        version: i64,
        /// Its name.
        name: String,
        /// Where it leads.
        host: String,
        /// By which port.
        port: u16,
        /// As which account.
        user: String,
        /// How it is protected.
        tls: TlsMode,
        /// A new password, sealed, in hex.
        credential: Option<String>,
    },
    /// Change a rule of approval.
    SetRule {
        /// Of which class.
        class: Class,
        /// The rule.
        rule: Rule,
    },
    /// Close the review of what was done in an emergency.
    ReviewEmergency {
        /// What was done.
        approval_id: ApprovalId,
    },
}

impl Change {
    /// The class that it is in.
    pub const fn class(&self) -> Class {
        match self {
            Self::RestoreLive { .. } => Class::RestoreLive,
            Self::DeleteBackup { .. } => Class::DeleteBackup,
            Self::SetSchedule { .. } => Class::SlackenSchedule,
            Self::SetChannels { .. } => Class::SlackenAlerts,
            Self::MoveConnection { .. } => Class::MoveConnection,
            Self::SetRule { .. } => Class::ChangeRules,
            Self::ReviewEmergency { .. } => Class::ReviewEmergency,
        }
    }
}

/// A named value of a preview.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fact {
    /// What it is of.
    pub name: String,
    /// As it is read.
    pub value: String,
}

/// What is shown to whoever has to agree: consequences, never bare ids. Part of what they agree to.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Preview {
    /// What happens, in one sentence.
    pub what: String,
    /// In figures and names.
    pub facts: Vec<Fact>,
    /// What cannot be undone.
    pub lost: Vec<String>,
}

impl Preview {
    /// A preview that says this.
    pub fn of(what: impl Into<String>) -> Self {
        Self { what: what.into(), ..Self::default() }
    }
    /// And this value.
    #[must_use]
    pub fn fact(mut self, name: &str, value: impl Into<String>) -> Self {
        self.facts.push(Fact { name: name.to_owned(), value: value.into() });
        self
    }
    /// And this loss.
    #[must_use]
    pub fn loses(mut self, what: impl Into<String>) -> Self {
        self.lost.push(what.into());
        self
    }
}

/// What is agreed to: SHA-256 over the change and its preview as they are stored, in hex.
pub fn digest(change: &str, preview: &str) -> String {
    let mut hash = Sha256::new_with_prefix(b"holdfast approval 1\0");
    // Each with its length, so that nothing can be moved from one to the other.
    for part in [change, preview] {
        hash.update((part.len() as u64).to_le_bytes());
        hash.update(part.as_bytes());
    }
    Hash(hash.finalize().into()).to_string()
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn a_digest_covers_every_letter_and_where_it_stands() {
        let all =
            [digest("ab", "c"), digest("a", "bc"), digest("ab", "d"), digest("", "abc"), digest("abc", "")];
        for (index, one) in all.iter().enumerate() {
            assert_eq!(one.len(), 64);
            assert!(all.iter().skip(index + 1).all(|other| other != one), "{index}");
        }
    }

    #[test]
    fn a_change_reads_back_as_it_was_written() {
        let change = Change::SetRule { class: Class::DeleteBackup, rule: Class::DeleteBackup.default_rule() };
        let text = serde_json::to_string(&change).unwrap();
        assert_eq!(serde_json::from_str::<Change>(&text).unwrap(), change);
        assert!(text.contains("\"change\":\"set_rule\""), "{text}");
    }
}
