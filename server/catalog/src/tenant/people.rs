//! People of an organisation.

use domain::{
    Cursor, Page, Timestamp, UserId,
    access::{Permission, Role},
};

use crate::{
    Conflict, Denied, Refused, TenantCatalog,
    access::Person,
    db::{AsConn, all, dialect, exec, first},
    decode::{After, id, page, page_size, word},
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
    /// Role here.
    pub role: Role,
    /// Whether they may sign in.
    pub enabled: bool,
    /// Whether they have set a password yet.
    pub has_password: bool,
    /// When they last signed in.
    pub last_sign_in: Option<Timestamp>,
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
    role: String,
    enabled: i64,
    has_password: i64,
    last_sign_in: Option<i64>,
}

impl TryFrom<Row> for UserRow {
    type Error = Error;
    fn try_from(row: Row) -> Result<Self> {
        Ok(Self {
            id: id("users", &row.id)?,
            name: row.name,
            email: row.email,
            role: word("memberships", &row.role, Role::find)?,
            enabled: row.enabled == 1,
            has_password: row.has_password == 1,
            last_sign_in: row.last_sign_in.map(Timestamp),
        })
    }
}

macro_rules! user_columns {
    () => {
        "u.id, u.name, u.email, m.role, u.enabled, u.last_sign_in, \
         cast(case when u.password_hash is null then 0 else 1 end as bigint) as has_password \
         from memberships m join users u on u.id = m.user_id where m.tenant_id = $1"
    };
}

/// Whether somebody with this role can give others theirs.
fn administers(role: Role) -> bool {
    Permission::ManageUsers.allows(role)
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
        let users = rows.into_iter().map(UserRow::try_from).collect::<Result<Vec<_>>>()?;
        Ok(page(users, limit, |user| (user.name.clone(), user.id.to_string())))
    }

    /// One person.
    pub async fn get_user(&self, id: UserId) -> Result<UserRow> {
        let mut reader = self.read().await?;
        self.find_user(&mut reader, id).await
    }

    async fn find_user(&self, on: &mut impl AsConn, id: UserId) -> Result<UserRow> {
        let row = first!(
            on,
            Row,
            concat!("select ", user_columns!(), " and m.user_id = $2"),
            self.key(),
            id.to_string(),
        )?;
        row.ok_or(Error::NotFound { what: "person" })?.try_into()
    }

    /// The role that runs the installation is given, and taken away, only by somebody who has it.
    fn may_give(&self, role: Role) -> Result<()> {
        if role != Role::PlatformOperator || self.role == Some(Role::PlatformOperator) {
            return Ok(());
        }
        Err(Error::Denied(Denied {
            reason: Refused::Forbidden,
            actor: self.actor.clone(),
            tenant: Some(self.tenant),
            permission: Permission::ManageUsers,
        }))
    }

    /// Adds a person. [`crate::Conflict::Duplicate`] if the address is taken.
    pub async fn create_user(&self, new: NewUser) -> Result<UserId> {
        self.may_give(new.role)?;
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
        person.insert(&mut tx, self.tenant, new.role, self.now()).await?;
        self.note(&mut tx, "user.create", format!("user {user}"), new.role.title().to_owned()).await?;
        tx.commit().await?;
        Ok(user)
    }

    /// Changes role or ability to sign in; ends the person's sessions.
    /// [`crate::Conflict::LastAdministrator`] if nobody who administers would remain.
    pub async fn change_user(&self, id: UserId, role: Role, enabled: bool) -> Result<()> {
        let mut tx = self.begin().await?;
        // Two administrators who remove each other at the same moment must not both succeed.
        first!(
            &mut tx,
            (String,),
            dialect!(
                &tx,
                sqlite: "select tenant_id from tenants where tenant_id = $1",
                postgres: "select tenant_id from tenants where tenant_id = $1 for update"
            ),
            self.key(),
        )?;
        let present = self.find_user(&mut tx, id).await?;
        if present.role != role {
            self.may_give(role)?;
        }
        self.may_give(present.role)?;
        if present.enabled && administers(present.role) && !(enabled && administers(role)) {
            let others = all!(
                &mut tx,
                (String,),
                "select m.role from memberships m join users u on u.id = m.user_id \
                 where m.tenant_id = $1 and m.user_id <> $2 and u.enabled = 1",
                self.key(),
                id.to_string(),
            )?;
            if !others.iter().any(|(other,)| Role::find(other).is_some_and(administers)) {
                return Err(Conflict::LastAdministrator.into());
            }
        }
        // Letting somebody in again is vouching for them as much as giving the role is.
        let is_vouched = present.role != role || (enabled && !present.enabled);
        exec!(
            &mut tx,
            "update memberships set role = $3, role_by = coalesce(cast($4 as text), role_by) \
             where tenant_id = $1 and user_id = $2",
            self.key(),
            id.to_string(),
            role.key(),
            is_vouched.then(|| self.actor.key()),
        )?;
        exec!(&mut tx, "update users set enabled = $2 where id = $1", id.to_string(), i64::from(enabled))?;
        exec!(&mut tx, "delete from sessions where user_id = $1", id.to_string())?;
        let detail = format!("{}, {}", role.title(), if enabled { "may sign in" } else { "may not sign in" });
        self.note(&mut tx, "user.change", format!("user {id}"), detail).await?;
        tx.commit().await
    }

    /// Stores a password link (SHA-256 of its token), good once until `expires_at`; older links of the person
    /// end. Returns the person's address.
    pub async fn create_password_link(
        &self,
        id: UserId,
        token_sha256: &[u8],
        expires_at: Timestamp,
    ) -> Result<String> {
        let mut tx = self.begin().await?;
        let user = self.find_user(&mut tx, id).await?;
        self.may_give(user.role)?;
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
        self.note(&mut tx, "password_link.create", format!("user {id}"), String::new()).await?;
        tx.commit().await?;
        Ok(user.email)
    }
}
