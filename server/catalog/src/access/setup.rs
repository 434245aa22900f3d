//! The installation and its first hour.

use domain::{
    InstallationId, TenantId, Timestamp, UserId,
    access::Role,
    audit::{Act, Deed, Field, Origin},
    powers::RoleRef,
};

use super::people::{canonical, insert_tenant};
use crate::{
    Catalog, Conflict, Principal, Sealed,
    audit::Actor,
    db::{Tx, exec, first},
    decode::{id, storable, word},
    error::{Error, Result},
};

/// How far set-up is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SetupState {
    /// There is no operator yet.
    Needed,
    /// The first operator exists; the recovery key was shown and waits to be typed back.
    RecoveryKeyUnconfirmed,
    /// Done.
    Done,
}

/// This installation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Installation {
    /// Part of every archive's identity.
    pub id: InstallationId,
    /// Name of the organisation that runs it; empty before set-up.
    pub name: String,
    /// When the catalog was made.
    pub created_at: Timestamp,
    /// How far set-up is.
    pub setup: SetupState,
    /// Recovery public key, once there is one.
    pub recovery_public: Option<Vec<u8>>,
    /// The workers' public key, to which credentials are sealed.
    pub worker_public: Option<Vec<u8>>,
    /// The key that checks manifests.
    pub signing_public: Option<Vec<u8>>,
}

/// Who is first.
#[derive(Debug, Clone)]
pub struct FirstOperator {
    /// Name of the organisation that runs the platform.
    pub organisation: String,
    /// The operator's name.
    pub name: String,
    /// Their address.
    pub email: String,
    /// PHC string of Argon2id.
    pub password_hash: String,
    /// Recovery public key.
    pub recovery_public: Vec<u8>,
    /// The recovery key, sealed, kept until it was typed back.
    pub recovery_pending: Sealed,
}

impl SetupState {
    fn find(key: &str) -> Option<Self> {
        match key {
            "needed" => Some(Self::Needed),
            "recovery_unconfirmed" => Some(Self::RecoveryKeyUnconfirmed),
            "done" => Some(Self::Done),
            _ => None,
        }
    }
}

#[derive(sqlx::FromRow)]
struct Row {
    id: String,
    name: String,
    created_at: i64,
    setup: String,
    recovery_public: Option<Vec<u8>>,
    worker_public: Option<Vec<u8>>,
    signing_public: Option<Vec<u8>>,
}

impl Catalog {
    /// This installation; its row is made on the first call.
    pub async fn installation(&self) -> Result<Installation> {
        if let Some(row) = self.find_installation().await? {
            return Ok(row);
        }
        let mut tx = self.db.begin().await?;
        exec!(
            &mut tx,
            "insert into installation (one, id, name, created_at, setup) values (1, $1, '', $2, 'needed') \
             on conflict do nothing",
            self.clock.uuid().to_string(),
            self.clock.now().0,
        )?;
        tx.commit().await?;
        self.find_installation().await?.ok_or(Error::NotFound { what: "installation" })
    }

    async fn find_installation(&self) -> Result<Option<Installation>> {
        let mut reader = self.db.read().await?;
        let row = first!(
            &mut reader,
            Row,
            "select id, name, created_at, setup, recovery_public, worker_public, signing_public from installation"
        )?;
        let read = |row: Row| {
            Ok(Installation {
                id: id("installation", &row.id)?,
                name: row.name,
                created_at: Timestamp(row.created_at),
                setup: word("installation", &row.setup, SetupState::find)?,
                recovery_public: row.recovery_public,
                worker_public: row.worker_public,
                signing_public: row.signing_public,
            })
        };
        row.map(read).transpose()
    }

    /// Publishes the workers' public keys. The same keys again are fine; different ones are
    /// [`crate::Conflict::Stale`] unless `replace`.
    pub async fn publish_keys(
        &self,
        worker_public: &[u8],
        signing_public: &[u8],
        replace: bool,
    ) -> Result<()> {
        let present = self.installation().await?;
        if present.worker_public.as_deref() == Some(worker_public)
            && present.signing_public.as_deref() == Some(signing_public)
        {
            return Ok(());
        }
        let mut tx = self.db.begin().await?;
        let changed = exec!(
            &mut tx,
            "update installation set worker_public = $1, signing_public = $2 \
             where worker_public is null or $3 = 1 or (worker_public = $1 and signing_public = $2)",
            worker_public.to_vec(),
            signing_public.to_vec(),
            i64::from(replace),
        )?;
        if changed == 0 {
            return Err(Conflict::Stale.into());
        }
        let deed = Deed::done(Act::KeysPublish, present.id);
        self.audit(&mut tx, &Actor::system("startup"), &Origin::here(), deed).await?;
        tx.commit().await
    }

    /// Creates organisation and first operator, in one transaction and once:
    /// [`crate::Conflict::AlreadySetUp`] for everybody who comes later.
    pub async fn first_run(&self, first: FirstOperator, origin: &Origin) -> Result<(TenantId, UserId)> {
        let present = self.installation().await?;
        let now = self.clock.now().0;
        let (tenant, user) = (TenantId::new(self.clock.uuid()), UserId::new(self.clock.uuid()));
        let mut tx = self.db.begin().await?;
        let won = exec!(
            &mut tx,
            "update installation set name = $1, setup = 'recovery_unconfirmed', recovery_public = $2, \
             recovery_pending = $3, recovery_pending_for = $4 where setup = 'needed'",
            storable(&first.organisation),
            first.recovery_public,
            first.recovery_pending.0,
            user.to_string(),
        )?;
        if won == 0 {
            return Err(Conflict::AlreadySetUp.into());
        }
        insert_tenant(&mut tx, tenant, &first.organisation, now).await?;
        let person = Person {
            id: user,
            name: &first.name,
            email: &first.email,
            password_hash: Some(&first.password_hash),
            added_by: None,
        };
        person.insert(&mut tx, tenant, now).await?;
        give(&mut tx, (tenant, user), Role::PlatformOperator.into(), None, (now, None)).await?;
        let deed = Deed::done(Act::InstallationSetUp, present.id).after(Field::Organisation, tenant);
        self.audit(&mut tx, &Actor::user(user, &first.name), origin, deed).await?;
        tx.commit().await?;
        Ok((tenant, user))
    }

    /// The sealed recovery key while it is unconfirmed, for the operator who created it and nobody else.
    pub async fn unconfirmed_recovery_key(&self, principal: &Principal) -> Result<Sealed> {
        let mut reader = self.db.read().await?;
        let row = first!(
            &mut reader,
            (Vec<u8>,),
            "select recovery_pending from installation where setup = 'recovery_unconfirmed' \
             and recovery_pending is not null and recovery_pending_for = $1",
            principal.user_id().map(|user| user.to_string()),
        )?;
        row.map(|(bytes,)| Sealed(bytes)).ok_or(Error::NotFound { what: "recovery key" })
    }

    /// The recovery key was typed back: forgets it here; set-up is done.
    pub async fn confirm_recovery_key(&self, principal: &Principal, origin: &Origin) -> Result<()> {
        let present = self.installation().await?;
        let mut tx = self.db.begin().await?;
        let changed = exec!(
            &mut tx,
            "update installation set setup = 'done', recovery_pending = null, recovery_pending_for = null \
             where setup = 'recovery_unconfirmed' and recovery_pending_for = $1",
            principal.user_id().map(|user| user.to_string()),
        )?;
        if changed == 0 {
            return Err(Conflict::AlreadySetUp.into());
        }
        let deed = Deed::done(Act::RecoveryKeyConfirm, present.id);
        self.audit(&mut tx, principal.actor(), origin, deed).await?;
        tx.commit().await
    }
}

/// A person to be stored.
pub(crate) struct Person<'a> {
    pub id: UserId,
    pub name: &'a str,
    pub email: &'a str,
    pub password_hash: Option<&'a str>,
    /// Who adds them, as [`Actor::key`] says it; nobody for the first one.
    pub added_by: Option<&'a str>,
}

impl Person<'_> {
    /// Stores the person as a member without a role. [`Conflict::Duplicate`] if the address is taken.
    pub async fn insert(&self, tx: &mut Tx, tenant: TenantId, now: i64) -> Result<()> {
        let made = exec!(
            tx,
            "insert into users (id, name, email, password_hash, enabled, created_at) values ($1, $2, $3, $4, 1, $5) \
             on conflict do nothing",
            self.id.to_string(),
            storable(self.name),
            canonical(self.email),
            self.password_hash,
            now,
        )?;
        if made == 0 {
            return Err(Conflict::Duplicate.into());
        }
        join(tx, (tenant, self.id), (now, self.added_by)).await
    }
}

/// Makes a person a member, without a role. A member already stays as they are.
pub(crate) async fn join(
    tx: &mut Tx,
    (tenant, user): (TenantId, UserId),
    (now, by): (i64, Option<&str>),
) -> Result<()> {
    exec!(
        tx,
        "insert into memberships (tenant_id, user_id, created_at, added_by, role_by) \
         values ($1, $2, $3, cast($4 as text), cast($4 as text)) on conflict do nothing",
        tenant.to_string(),
        user.to_string(),
        now,
        by,
    )
    .map(drop)
}

/// Gives a member a role of their own. The same role again gets the new end.
pub(crate) async fn give(
    tx: &mut Tx,
    (tenant, user): (TenantId, UserId),
    role: RoleRef,
    expires_at: Option<Timestamp>,
    (now, by): (i64, Option<&str>),
) -> Result<()> {
    exec!(
        tx,
        "insert into member_roles (tenant_id, user_id, role, expires_at, given_at, given_by) \
         values ($1, $2, $3, $4, $5, $6) on conflict (tenant_id, user_id, role) do update set \
         expires_at = excluded.expires_at, given_at = excluded.given_at, given_by = excluded.given_by",
        tenant.to_string(),
        user.to_string(),
        role.key(),
        expires_at.map(|at| at.0),
        now,
        by,
    )
    .map(drop)
}
