//! Everything that is audited, in one table. What is not in it cannot be written down, and a new act is a new row.

use serde::{Deserialize, Serialize};

/// How soon an act is anchored outside the database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Risk {
    /// With the hour.
    Normal,
    /// At once: it can destroy data, take it away, or weaken what protects it.
    High,
}

macro_rules! acts {
    ($($(#[$doc:meta])* $act:ident = $key:literal, $title:literal, $risk:ident;)+) => {
        /// One thing that is done, or tried.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        pub enum Act { $($(#[$doc])* #[serde(rename = $key)] $act),+ }
        impl Act {
            /// Every act.
            pub const ALL: &'static [Self] = &[$(Self::$act),+];
            /// How it is stored, hashed and sent. Never changed once released: old entries say it.
            pub const fn key(self) -> &'static str { match self { $(Self::$act => $key),+ } }
            /// How it is shown.
            pub const fn title(self) -> &'static str { match self { $(Self::$act => $title),+ } }
            /// How soon it is anchored.
            pub const fn risk(self) -> Risk { match self { $(Self::$act => Risk::$risk),+ } }
            /// The act stored as `key`.
            pub fn find(key: &str) -> Option<Self> { match key { $($key => Some(Self::$act),)+ _ => None } }
        }
    };
}

acts! {
    /// Signing in.
    SessionBegin = "session.begin", "Sign in", Normal;
    /// Ending a session.
    SessionEnd = "session.end", "End a session", Normal;
    /// Ending all sessions but one.
    SessionEndOthers = "session.end_others", "End the other sessions", Normal;
    /// Proving once more who one is.
    SessionConfirm = "session.confirm", "Confirm one's identity", Normal;
    /// Adding a second factor.
    SecondFactorAdd = "second_factor.add", "Add a second factor", High;
    /// Removing a second factor.
    SecondFactorRemove = "second_factor.remove", "Remove a second factor", High;
    /// Making recovery codes; older ones end.
    RecoveryCodesMake = "recovery_codes.make", "Make recovery codes", High;
    /// Using a recovery code in place of a second factor.
    RecoveryCodeUse = "recovery_code.use", "Use a recovery code", High;
    /// Changing who needs a second factor.
    SignInPolicySet = "sign_in_policy.set", "Change who needs a second factor", High;
    /// Making a token.
    TokenCreate = "token.create", "Make a token", High;
    /// Revoking a token.
    TokenRevoke = "token.revoke", "Revoke a token", Normal;
    /// Asking for something that the role does not allow.
    Allow = "allow", "Ask for permission", Normal;
    /// Changing one's own password.
    PasswordChange = "password.change", "Change the password", Normal;
    /// Setting a password by a link or from the command line.
    PasswordReset = "password.reset", "Reset a password", High;
    /// Making a link that sets a password.
    PasswordLinkCreate = "password_link.create", "Make a password link", High;
    /// Adding a person.
    UserCreate = "user.create", "Add a person", High;
    /// Changing a person's role or whether they may sign in.
    UserChange = "user.change", "Change a person", High;
    /// Giving a person a role.
    RoleGive = "role.give", "Give a role", High;
    /// Taking a role away from a person.
    RoleTake = "role.take", "Take a role away", High;
    /// Removing a person from the organisation, with everything that was theirs to use.
    UserRemove = "user.remove", "Remove a person", High;
    /// Making a role.
    RoleCreate = "role.create", "Make a role", High;
    /// Changing what a role may.
    RoleChange = "role.change", "Change a role", High;
    /// Removing a role.
    RoleRemove = "role.remove", "Remove a role", High;
    /// Making a group.
    GroupCreate = "group.create", "Make a group", High;
    /// Changing a group's name or roles.
    GroupChange = "group.change", "Change a group", High;
    /// Putting somebody into a group.
    GroupJoin = "group.join", "Put into a group", High;
    /// Taking somebody out of a group.
    GroupLeave = "group.leave", "Take out of a group", High;
    /// Removing a group.
    GroupRemove = "group.remove", "Remove a group", High;
    /// Inviting somebody.
    InvitationCreate = "invitation.create", "Invite somebody", High;
    /// Making a new link for an invitation.
    InvitationRenew = "invitation.renew", "Renew an invitation", High;
    /// Taking an invitation back.
    InvitationRevoke = "invitation.revoke", "Revoke an invitation", Normal;
    /// Accepting an invitation.
    InvitationAccept = "invitation.accept", "Accept an invitation", High;
    /// Adding an organisation.
    TenantCreate = "tenant.create", "Add an organisation", High;
    /// Setting the installation up.
    InstallationSetUp = "installation.set_up", "Set the installation up", High;
    /// Confirming that the recovery key was written down.
    RecoveryKeyConfirm = "recovery_key.confirm", "Confirm the recovery key", High;
    /// Publishing the installation's public keys.
    KeysPublish = "keys.publish", "Publish the public keys", High;
    /// Adding a connection.
    ConnectionCreate = "connection.create", "Add a connection", Normal;
    /// Changing a connection.
    ConnectionChange = "connection.change", "Change a connection", High;
    /// Testing a connection.
    ProbeStart = "probe.start", "Test a connection", Normal;
    /// Protecting a database.
    SourceCreate = "source.create", "Protect a database", Normal;
    /// Choosing how a database is read.
    SourceEngine = "source.engine", "Choose the engine", Normal;
    /// Changing a schedule.
    ScheduleSet = "schedule.set", "Change the schedule", High;
    /// Changing where notices go.
    ChannelsSet = "channels.set", "Change where notices go", High;
    /// Sending a notice as a test.
    ChannelsTest = "channels.test", "Test the notices", Normal;
    /// Having what happens posted somewhere.
    WebhookCreate = "webhook.create", "Add a webhook", High;
    /// No longer having it posted.
    WebhookRemove = "webhook.remove", "Remove a webhook", High;
    /// A webhook was given up.
    WebhookSuspend = "webhook.suspend", "Suspend a webhook", Normal;
    /// Trying it again.
    WebhookResume = "webhook.resume", "Resume a webhook", Normal;
    /// Reading a schema for a tenant map.
    TenantMapInfer = "tenant_map.infer", "Read the schema for the map", Normal;
    /// A draft of a tenant map was made.
    TenantMapInferred = "tenant_map.inferred", "Draft a tenant map", Normal;
    /// Saying whose a table's rows are.
    TenantMapSetRoute = "tenant_map.set_route", "Change the tenant map", High;
    /// Asking that a tenant map be confirmed.
    TenantMapConfirmStart = "tenant_map.confirm.start", "Ask to confirm the map", Normal;
    /// Confirming a tenant map.
    TenantMapConfirm = "tenant_map.confirm", "Confirm the tenant map", High;
    /// Starting a backup.
    BackupStart = "backup.start", "Start a backup", Normal;
    /// A backup was taken.
    BackupComplete = "backup.complete", "Take a backup", Normal;
    /// A published backup of a failed run was taken up.
    BackupAdopt = "backup.adopt", "Adopt a backup", Normal;
    /// A published backup of a cancelled run is removed.
    BackupRemoveCancelled = "backup.remove_cancelled", "Remove a cancelled backup", High;
    /// A backup is no longer kept.
    BackupExpire = "backup.expire", "Let a backup expire", Normal;
    /// Deleting a backup before its time.
    BackupDelete = "backup.delete", "Delete a backup", High;
    /// A backup's objects are gone.
    BackupRemove = "backup.remove", "Remove a backup", High;
    /// Taking a backup's content away as a file.
    BackupExport = "backup.export", "Take a backup away", High;
    /// Starting a verification.
    VerificationStart = "verification.start", "Start a verification", Normal;
    /// A backup was verified.
    VerificationComplete = "verification.complete", "Verify a backup", Normal;
    /// Asking a run to stop.
    RunCancel = "run.cancel", "Cancel a run", Normal;
    /// A run stopped because somebody asked.
    RunCancelled = "run.cancelled", "Stop a cancelled run", Normal;
    /// A run failed.
    RunFail = "run.fail", "Fail a run", Normal;
    /// A run was taken from a worker that is not heard of any more.
    RunReclaim = "run.reclaim", "Take a run back", Normal;
    /// Restoring into a new database.
    RestoreStart = "restore.start", "Start a restore", High;
    /// Restored into a new database.
    RestoreComplete = "restore.complete", "Restore into a new database", High;
    /// Removed what a restore left half-way.
    RestoreCleanUp = "restore.clean_up", "Clean up after a restore", Normal;
    /// Looking at rows of a backup or of a difference.
    RestoreRows = "restore.rows", "Look at rows", High;
    /// Looking at what a tenant's restore would change: tables with their figures, and keys of chosen rows.
    RestoreDifference = "restore.difference", "Look at a difference", Normal;
    /// Computing what a tenant's restore would change.
    TenantRestorePlan = "tenant_restore.plan", "Compute a difference", Normal;
    /// The difference is there.
    TenantRestorePlanned = "tenant_restore.planned", "Show a difference", Normal;
    /// Asking that it be applied.
    TenantRestoreRequest = "tenant_restore.request", "Ask for a restore", High;
    /// Agreeing to it.
    TenantRestoreApprove = "tenant_restore.approve", "Approve a restore", High;
    /// Refusing it.
    TenantRestoreReject = "tenant_restore.reject", "Reject a restore", High;
    /// Taking the request back.
    TenantRestoreWithdraw = "tenant_restore.withdraw", "Withdraw a restore", Normal;
    /// Nobody applied it in time.
    TenantRestoreExpire = "tenant_restore.expire", "Let a request expire", Normal;
    /// Applying it to the live database.
    TenantRestoreApply = "tenant_restore.apply", "Apply a restore", High;
    /// It is applied.
    TenantRestoreApplied = "tenant_restore.applied", "Change the live database", High;
    /// Undoing it.
    TenantRestoreUndo = "tenant_restore.undo", "Undo a restore", High;
    /// It is undone.
    TenantRestoreUndone = "tenant_restore.undone", "Take back a change", High;
    /// Writing a tenant's rows as a file.
    ExportStart = "export.start", "Start an export", High;
    /// The file is written.
    ExportComplete = "export.complete", "Export a tenant", High;
    /// Taking the file away.
    TenantExport = "tenant.export", "Take an export away", High;
    /// Asking that somebody else agree to something.
    ApprovalAsk = "approval.ask", "Ask for approval", High;
    /// Agreeing to what somebody else asked for.
    ApprovalAgree = "approval.agree", "Agree to a request", High;
    /// Refusing it.
    ApprovalRefuse = "approval.refuse", "Refuse a request", High;
    /// Saying something to it.
    ApprovalComment = "approval.comment", "Comment on a request", Normal;
    /// Taking it back.
    ApprovalWithdraw = "approval.withdraw", "Withdraw a request", Normal;
    /// Nobody agreed to it, or used it, in time.
    ApprovalExpire = "approval.expire", "Let a request expire", Normal;
    /// Somebody who had agreed may not any more, so it waits again.
    ApprovalReopen = "approval.reopen", "Ask for approval again", High;
    /// What was agreed to is carried out.
    ApprovalExecute = "approval.execute", "Carry out what was approved", High;
    /// What was agreed to could not be carried out.
    ApprovalFail = "approval.fail", "Fail to carry out what was approved", High;
    /// Doing in an emergency what needs a second person, without one.
    ApprovalAlone = "approval.alone", "Act alone in an emergency", High;
    /// Closing the review of that.
    ApprovalReviewed = "approval.reviewed", "Review what was done in an emergency", High;
    /// Changing a rule of approval.
    ApprovalRuleSet = "approval.rule_set", "Change a rule of approval", High;
    /// Saying who is away, and who agrees in their place.
    AbsenceSet = "absence.set", "Say who is away", High;
    /// Ending an absence.
    AbsenceEnd = "absence.end", "End an absence", Normal;
    /// Reading the audit trail.
    AuditRead = "audit.read", "Read the audit trail", Normal;
    /// Taking the audit trail away as a file.
    AuditExport = "audit.export", "Export the audit trail", High;
    /// Entries whose time is over are removed.
    AuditExpire = "audit.expire", "Let old entries of the trail go", High;
}
