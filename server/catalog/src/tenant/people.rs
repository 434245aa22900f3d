//! People of an organisation.

use domain::{
    Cursor, Page, Timestamp, UserId,
    access::{Permission, Role},
    audit::{Act, Deed, Field},
    powers::{HeldRole, Powers},
};

use crate::{
    Conflict, Denied, Refused, TenantCatalog,
    access::{Person, give, roles_in, roles_of, together},
    db::{AsConn, Tx, all, dialect, exec, first},
    decode::{After, id, page, page_size},
    error::{Error, Result},
};

/// One person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UserRow {
    /// Which.
    pub id: UserId,
    /// Name.
    pub name: String,
    /// Address.
    pub email: String,
    /// Roles here that are in force, the strongest first.
    pub roles: Vec<HeldRole>,
    /// Whether they may sign in.
    pub enabled: bool,
    /// Whether they have set a password yet.
    pub has_password: bool,
    /// When they last signed in.
    pub last_sign_in: Option<Timestamp>,
}

impl UserRow {
    /// What all of their roles let them do.
    pub fn powers(&self) -> Powers {
        together(&self.roles)
    }
}

/// A person to add.
#[derive(Debug, Clone)]
pub struct NewUser {
    /// Name.
    pub name: String,
    /// Address.
    pub email: String,
    /// Role here.
    pub role: Role,
    /// PHC string of Argon2id, if a password is set at once (command line).
    pub password_hash: Option<String>,
}

#[derive(sqlx::FromRow)]
struct Row {
    id: String,
    name: String,
    email: String,
    enabled: i64,
    has_password: i64,
    last_sign_in: Option<i64>,
}

impl Row {
    fn with(self, roles: Vec<HeldRole>) -> Result<UserRow> {
        Ok(UserRow {
            id: id("users", &self.id)?,
            name: self.name,
            email: self.email,
            roles,
            enabled: self.enabled == 1,
            has_password: self.has_password == 1,
            last_sign_in: self.last_sign_in.map(Timestamp),
        })
    }
}

macro_rules! user_columns {
    () => {
        "u.id, u.name, u.email, u.enabled, u.last_sign_in, \
         cast(case when u.password_hash is null then 0 else 1 end as bigint) as has_password \
         from memberships m join users u on u.id = m.user_id where m.tenant_id = $1"
    };
}

impl TenantCatalog<'_> {
    /// People, by name, 50 at a time.
    pub async fn list_users(&self, after: Option<&Cursor>) -> Result<Page<UserRow>> {
        let limit = page_size(0);
        let (name, user) = After::read(after)?.map(|after| (after.key, after.id)).unzip();
        let mut reader = self.read().await?;
        let rows = all!(
            &mut reader,
            Row,
            concat!(
                "select ",
                user_columns!(),
                " and (cast($2 as text) is null or u.name > $2 or (u.name = $2 and u.id > $3)) \
                 order by u.name, u.id limit $4"
            ),
            self.key(),
            name,
            user,
            i64::from(limit) + 1,
        )?;
        let mut held = roles_in(&mut reader, &self.key(), self.now()).await?;
        let users = rows.into_iter().map(|row| {
            let roles = held.remove(&id("users", &row.id)?).unwrap_or_default();
            row.with(roles)
        });
        let users = users.collect::<Result<Vec<_>>>()?;
        Ok(page(users, limit, |user| (user.name.clone(), user.id.to_string())))
    }

    /// One person.
    pub async fn get_user(&self, id: UserId) -> Result<UserRow> {
        let mut reader = self.read().await?;
        self.find_user(&mut reader, id).await
    }

    pub(super) async fn find_user(&self, on: &mut impl AsConn, id: UserId) -> Result<UserRow> {
        let row = first!(
            on,
            Row,
            concat!("select ", user_columns!(), " and m.user_id = $2"),
            self.key(),
            id.to_string(),
        )?;
        let row = row.ok_or(Error::NotFound { what: "person" })?;
        let roles = roles_of(on, &self.key(), &id.to_string(), self.now()).await?;
        row.with(roles.unwrap_or_default())
    }

    /// Fails unless who asks may give, change and take away what has these powers.
    pub(super) fn may_give(&self, powers: &Powers) -> Result<()> {
        if self.powers.is_some_and(|own| own.may_give(powers)) {
            return Ok(());
        }
        Err(Error::Denied(Denied {
            reason: Refused::Forbidden,
            actor: self.actor.clone(),
            tenant: Some(self.tenant),
            permission: Permission::ManageUsers,
        }))
    }

    /// Holds the organisation's row: two administrators who remove each other at the same moment must not both succeed.
    pub(super) async fn hold_people(&self, tx: &mut Tx) -> Result<()> {
        first!(
            tx,
            (String,),
            dialect!(
                tx,
                sqlite: "select tenant_id from tenants where tenant_id = $1",
                postgres: "select tenant_id from tenants where tenant_id = $1 for update"
            ),
            self.key(),
        )
        .map(drop)
    }

    /// [`Conflict::LastAdministrator`] unless somebody else than `gone` can sign in and give roles, without an end.
    pub(super) async fn check_administrators(&self, tx: &mut Tx, gone: Option<UserId>) -> Result<()> {
        let enabled = all!(
            tx,
            (String,),
            "select m.user_id from memberships m join users u on u.id = m.user_id \
             where m.tenant_id = $1 and u.enabled = 1",
            self.key(),
        )?;
        // What is in force at the end of time has no end.
        let held = roles_in(tx, &self.key(), i64::MAX).await?;
        for (user,) in enabled {
            let user = id("memberships", &user)?;
            let is_admin = held.get(&user).is_some_and(|roles| together(roles).may(Permission::ManageUsers));
            if is_admin && Some(user) != gone {
                return Ok(());
            }
        }
        Err(Conflict::LastAdministrator.into())
    }

    /// [`Conflict::BelongsElsewhere`] if a person is a member of another organisation too: what is theirs everywhere
    /// (whether they may sign in, their password) is not for one organisation to change, but for who runs all of them.
    pub(super) async fn check_only_here(&self, id: UserId) -> Result<()> {
        if self.powers.is_some_and(|powers| powers.runs_installation) {
            return Ok(());
        }
        if self.is_only_here(id).await? { Ok(()) } else { Err(Conflict::BelongsElsewhere.into()) }
    }

    /// Adds a person. [`crate::Conflict::Duplicate`] if the address is taken.
    pub async fn create_user(&self, new: NewUser) -> Result<UserId> {
        self.may_give(&Powers::of(new.role))?;
        let user = UserId::new(self.catalog.clock.uuid());
        let added_by = self.actor.key();
        let mut tx = self.begin().await?;
        let person = Person {
            id: user,
            name: &new.name,
            email: &new.email,
            password_hash: new.password_hash.as_deref(),
            added_by: Some(&added_by),
        };
        person.insert(&mut tx, self.tenant, self.now()).await?;
        let by = (self.now(), Some(added_by.as_str()));
        give(&mut tx, (self.tenant, user), new.role.into(), None, by).await?;
        self.audit(&mut tx, Deed::done(Act::UserCreate, user).after(Field::Role, new.role)).await?;
        tx.commit().await?;
        Ok(user)
    }

    /// Makes `role` a person's only role of their own, and lets them in or not; ends the person's sessions.
    /// [`crate::Conflict::LastAdministrator`] if nobody who administers would remain.
    pub async fn change_user(&self, id: UserId, role: Role, enabled: bool) -> Result<()> {
        self.change_roles(id, &[super::GivenRole { role: role.into(), expires_at: None }], enabled).await
    }

    /// Stores a password link (SHA-256 of its token), good once until `expires_at`; older links of the person
    /// end. Returns the person's address.
    pub async fn create_password_link(
        &self,
        id: UserId,
        token_sha256: &[u8],
        expires_at: Timestamp,
    ) -> Result<String> {
        // Whoever is not of this organisation is not found, wherever else they are.
        self.get_user(id).await?;
        self.check_only_here(id).await?;
        let mut tx = self.begin().await?;
        let user = self.find_user(&mut tx, id).await?;
        self.may_give(&user.powers())?;
        exec!(&mut tx, "delete from password_links where user_id = $1", id.to_string())?;
        exec!(
            &mut tx,
            "insert into password_links (token_hash, user_id, created_at, expires_at) values ($1, $2, $3, $4)",
            token_sha256.to_vec(),
            id.to_string(),
            self.now(),
            expires_at.0,
        )?;
        // Whoever has the link can be this person.
        let by = self.actor.key();
        exec!(&mut tx, "update users set password_by = $2 where id = $1", id.to_string(), by)?;
        self.audit(&mut tx, Deed::done(Act::PasswordLinkCreate, id).after(Field::Until, expires_at)).await?;
        tx.commit().await?;
        Ok(user.email)
    }
}
