//! The scripted backend.

use app::{
    access::api::{
        AccessPort, AddUser, ChangePassword, ChangeUser, ChooseOrganisation, ConfirmRecoveryKey, EndSession,
        FirstRun, Me, PasswordLink, RecoveryKey, ResetPassword, SessionView, Setup, SignIn, SignedIn,
        UserRef, UserRow,
    },
    alerts::api::{AlertsPort, Channels, SetChannels},
    approvals::api::Outcome,
    backups::api::{
        BackupDetail, BackupFilter, BackupRef, BackupRow, BackupsPort, RunDetail, RunFilter, RunRef, RunRow,
        StartBackup,
    },
    health::api::{HealthPort, Overview},
    policies::api::{PoliciesPort, SetSchedule},
    port::SecretText,
    restores::api::{RestoresPort, StartRestore},
    sources::api::{
        AddConnection, AddSource, ChangeConnection, ConnectionDetail, ConnectionRef, ConnectionRow,
        SourceDetail, SourceRow, SourcesPort,
    },
    vaults::api::{InstallationView, VaultsPort},
};
use async_trait::async_trait;
use domain::{BackupId, ConnectionId, Cursor, Fault, Page, Refusal, RunId, SourceId, access::Role};

use super::data;

/// What is scripted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mood {
    /// Nothing exists yet.
    Empty,
    /// A platform operator looks at everything, names chosen by attackers included.
    Full,
    /// A viewer looks at everything.
    Viewer,
    /// Everything is refused for want of a role.
    Forbidden,
    /// Everything fails on our side.
    Broken,
    /// Nobody is signed in.
    Anonymous,
    /// Nobody has set the installation up.
    Fresh,
    /// The recovery key waits to be typed back.
    KeyShown,
}

impl Mood {
    pub fn find(key: &str) -> Option<Self> {
        Some(match key {
            "empty" => Self::Empty,
            "full" => Self::Full,
            "viewer" => Self::Viewer,
            "forbidden" => Self::Forbidden,
            "broken" => Self::Broken,
            "anonymous" => Self::Anonymous,
            "fresh" => Self::Fresh,
            "key" => Self::KeyShown,
            _ => return None,
        })
    }
}

pub struct Script {
    pub mood: Mood,
}

impl Script {
    pub fn answer<T>(
        &self,
        empty: impl FnOnce() -> Result<T, Fault>,
        full: impl FnOnce() -> T,
    ) -> Result<T, Fault> {
        match self.mood {
            Mood::Empty => empty(),
            Mood::Full | Mood::Viewer | Mood::KeyShown => Ok(full()),
            Mood::Forbidden => Err(Fault::Forbidden),
            Mood::Broken => Err(Fault::Internal { incident: "7f3a9c".into() }),
            Mood::Anonymous | Mood::Fresh => Err(Fault::Unauthenticated),
        }
    }
    pub fn page<T>(&self, rows: Vec<T>, after: Option<&Cursor>) -> Result<Page<T>, Fault> {
        let next = after.is_none().then(|| Cursor("2".into()));
        self.answer(|| Ok(Page::empty()), || Page { rows, next })
    }
    pub const fn refuse<T>() -> Result<T, Fault> {
        Err(Fault::Refused(Refusal::AlreadyRunning))
    }
}

#[async_trait]
impl AccessPort for Script {
    async fn setup(&self) -> Result<Setup, Fault> {
        Ok(match self.mood {
            Mood::Fresh => Setup::Needed,
            Mood::KeyShown => Setup::RecoveryKeyUnconfirmed,
            _ => Setup::Done,
        })
    }
    async fn first_run(&self, _: FirstRun) -> Result<SecretText, Fault> {
        Ok(SecretText("AAAA-BBBB".into()))
    }
    async fn unconfirmed_recovery_key(&self) -> Result<RecoveryKey, Fault> {
        Ok(RecoveryKey {
            key: SecretText("HFR1 K7QD 2M9X PZ4T\n     8WLA 61CE VN3J\n     R5YH 0GKS BU2F".into()),
            signing_key: "3f0c-91aa-5be2-0d17-c644-e8b0-7729-f15d".into(),
        })
    }
    async fn confirm_recovery_key(&self, _: ConfirmRecoveryKey) -> Result<(), Fault> {
        Err(Fault::Refused(Refusal::RecoveryKeyMismatch))
    }
    async fn sign_in(&self, request: SignIn) -> Result<SignedIn, Fault> {
        if request.password.0 == "correct horse battery" {
            Ok(SignedIn::Yes)
        } else {
            Err(Fault::invalid("password", "The address or the password is wrong."))
        }
    }
    async fn sign_out(&self) -> Result<(), Fault> {
        Ok(())
    }
    async fn choose_organisation(&self, _: ChooseOrganisation) -> Result<(), Fault> {
        Ok(())
    }
    async fn me(&self) -> Result<Option<Me>, Fault> {
        // A real answer is never there at once; what waits takes another road through the renderer.
        tokio::task::yield_now().await;
        Ok(match self.mood {
            Mood::Anonymous | Mood::Fresh => None,
            Mood::Viewer => Some(data::me(Role::Viewer)),
            _ => Some(data::me(Role::PlatformOperator)),
        })
    }
    async fn own_sessions(&self) -> Result<Vec<SessionView>, Fault> {
        Ok(data::own_sessions())
    }
    async fn end_session(&self, _: EndSession) -> Result<(), Fault> {
        Ok(())
    }
    async fn end_other_sessions(&self) -> Result<(), Fault> {
        Ok(())
    }
    async fn change_password(&self, _: ChangePassword) -> Result<(), Fault> {
        Ok(())
    }
    async fn reset_password(&self, _: ResetPassword) -> Result<(), Fault> {
        Ok(())
    }
    async fn list_users(&self, after: Option<Cursor>) -> Result<Page<UserRow>, Fault> {
        self.page(data::users(), after.as_ref())
    }
    async fn add_user(&self, _: AddUser) -> Result<PasswordLink, Fault> {
        Ok(data::password_link())
    }
    async fn change_user(&self, _: ChangeUser) -> Result<(), Fault> {
        Err(Fault::Refused(Refusal::LastAdministrator))
    }
    async fn make_password_link(&self, _: UserRef) -> Result<PasswordLink, Fault> {
        Ok(data::password_link())
    }
}

#[async_trait]
impl SourcesPort for Script {
    async fn list_sources(&self) -> Result<Vec<SourceRow>, Fault> {
        self.answer(|| Ok(Vec::new()), data::sources)
    }
    async fn get_source(&self, id: SourceId) -> Result<SourceDetail, Fault> {
        self.answer(|| Ok(data::new_source(id)), || data::source(id))
    }
    async fn list_connections(&self) -> Result<Vec<ConnectionRow>, Fault> {
        self.answer(|| Ok(Vec::new()), data::connections)
    }
    async fn get_connection(&self, id: ConnectionId) -> Result<ConnectionDetail, Fault> {
        self.answer(|| Ok(data::untested_connection(id)), || data::connection_detail(id))
    }
    async fn add_connection(&self, _: AddConnection) -> Result<ConnectionId, Fault> {
        Err(Fault::invalid(
            "host",
            "db.internal has no address. Check the name, or enter the address itself.",
        ))
    }
    async fn change_connection(&self, _: ChangeConnection) -> Result<Outcome, Fault> {
        Err(Fault::Conflict)
    }
    async fn probe_connection(&self, _: ConnectionRef) -> Result<RunId, Fault> {
        Self::refuse()
    }
    async fn add_source(&self, _: AddSource) -> Result<SourceId, Fault> {
        Ok(data::id(1))
    }
    async fn add_server(&self, _: ConnectionRef) -> Result<SourceId, Fault> {
        Ok(data::id(1))
    }
}

#[async_trait]
impl PoliciesPort for Script {
    async fn set_schedule(&self, _: SetSchedule) -> Result<Outcome, Fault> {
        Ok(Outcome::DONE)
    }
}

#[async_trait]
impl BackupsPort for Script {
    async fn list_backups(&self, filter: BackupFilter) -> Result<Page<BackupRow>, Fault> {
        self.page(data::backups(), filter.after.as_ref())
    }
    async fn get_backup(&self, id: BackupId) -> Result<BackupDetail, Fault> {
        self.answer(
            || Ok(data::unproven_backup(id)),
            || {
                if id == data::id(121) { data::files_backup(id) } else { data::backup(id) }
            },
        )
    }
    async fn start_backup(&self, _: StartBackup) -> Result<RunId, Fault> {
        Self::refuse()
    }
    async fn verify_backup(&self, _: BackupRef) -> Result<RunId, Fault> {
        Ok(data::id(3))
    }
    async fn list_runs(&self, filter: RunFilter) -> Result<Page<RunRow>, Fault> {
        self.page(data::runs(), filter.after.as_ref())
    }
    async fn get_run(&self, id: RunId) -> Result<RunDetail, Fault> {
        self.answer(|| Ok(data::queued_run(id)), || data::run(id))
    }
    async fn cancel_run(&self, _: RunRef) -> Result<(), Fault> {
        Err(Fault::Refused(Refusal::RunFinished))
    }
}

#[async_trait]
impl RestoresPort for Script {
    async fn start_restore(&self, request: StartRestore) -> Result<RunId, Fault> {
        if request.database == request.confirm {
            Ok(data::id(3))
        } else {
            Err(Fault::invalid("confirm", "This is not the same name."))
        }
    }
}

#[async_trait]
impl VaultsPort for Script {
    async fn installation(&self) -> Result<InstallationView, Fault> {
        self.answer(|| Ok(data::installation(false)), || data::installation(true))
    }
}

#[async_trait]
impl HealthPort for Script {
    async fn overview(&self) -> Result<Overview, Fault> {
        self.answer(|| Ok(data::empty_overview()), data::overview)
    }
}

#[async_trait]
impl AlertsPort for Script {
    async fn channels(&self) -> Result<Channels, Fault> {
        self.answer(|| Ok(data::no_channels()), data::channels)
    }
    async fn set_channels(&self, _: SetChannels) -> Result<Outcome, Fault> {
        Ok(Outcome::DONE)
    }
    async fn test_channels(&self) -> Result<(), Fault> {
        Ok(())
    }
}
