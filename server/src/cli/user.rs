//! People, from the command line. The first one sets the installation up.

use std::{process::ExitCode, sync::Arc};

use anyhow::{Context as _, Result, bail};
use app::access::api::titles;
use catalog::{FirstOperator, NewUser, Sealed, SetupState, TenantCatalog, UserRow};
use clap::{Args, Subcommand};
use domain::access::{Role, may};
use secrecy::SecretString;
use serde_json::json;

use super::{
    Organisation, PasswordFile,
    choose::{self, Here},
    screen,
};
use crate::{
    access::{password, pending},
    services::Services,
};

/// Name of the organisation if the first person names none.
const FIRST_ORGANISATION: &str = "Holdfast";

/// `holdfast user …`
#[derive(Debug, Subcommand)]
pub enum User {
    /// Adds a person. The first one must be a platform operator and sets the installation up
    Add(Add),
    /// Shows people
    List {
        /// As JSON
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        organisation: Organisation,
    },
    /// Sets a password and ends the person's sessions
    Password {
        /// Address
        #[arg(long)]
        email: String,
        #[command(flatten)]
        password: PasswordFile,
    },
    /// Takes away all second factors of a person who lost them, and ends their sessions: the password alone signs them in
    ForgetFactors {
        /// Address
        #[arg(long)]
        email: String,
    },
    /// Makes this a person's only role of their own; groups keep theirs
    Role {
        /// Address
        #[arg(long)]
        email: String,
        /// viewer, operator, tenant-admin, approver, compliance-officer, platform-operator
        #[arg(long, value_parser = role)]
        role: Role,
        #[command(flatten)]
        organisation: Organisation,
    },
    /// Ends a person's sessions and lets them in no more
    Disable(Whom),
    /// Lets a person in again
    Enable(Whom),
}

/// `holdfast user add …`
#[derive(Debug, Args)]
pub struct Add {
    /// Address
    #[arg(long)]
    email: String,
    /// Name
    #[arg(long)]
    name: String,
    /// viewer, operator, tenant-admin, approver, compliance-officer, platform-operator
    #[arg(long, value_parser = role)]
    role: Role,
    #[command(flatten)]
    password: PasswordFile,
    #[command(flatten)]
    organisation: Organisation,
}

/// A person.
#[derive(Debug, Args)]
pub struct Whom {
    /// Address
    #[arg(long)]
    email: String,
    #[command(flatten)]
    organisation: Organisation,
}

fn role(text: &str) -> Result<Role, String> {
    Role::find(&text.replace('-', "_")).ok_or_else(|| {
        let all: Vec<_> = Role::ALL.iter().map(|role| role.key().replace('_', "-")).collect();
        format!("a role is one of {}", all.join(", "))
    })
}

/// Runs it.
pub async fn run(services: &Arc<Services>, command: User) -> Result<ExitCode> {
    match command {
        User::Add(add) => self::add(services, add).await?,
        User::List { json, organisation } => {
            let here = Here::find(services, &organisation).await?;
            list(&services.catalog.tenant(&here.may::<may::ReadUsers>()?), json).await?;
        }
        User::Password { email, password } => {
            let hash = hash(services, &choose::secret(&password.password_file)?, &email, "")?;
            services.catalog.set_password_of(&choose::person(services).await?, &email, &hash).await?;
            screen::print(format!("{email} has a new password."));
        }
        User::ForgetFactors { email } => {
            services.catalog.forget_second_factors(&choose::person(services).await?, &email).await?;
            screen::print(format!("{email} has no second factor any more and signs in by password alone."));
        }
        User::Role { email, role, organisation } => {
            change(services, &Whom { email, organisation }, Change::Role(role)).await?;
        }
        User::Disable(whom) => change(services, &whom, Change::Enabled(false)).await?,
        User::Enable(whom) => change(services, &whom, Change::Enabled(true)).await?,
    }
    Ok(ExitCode::SUCCESS)
}

fn hash(services: &Services, password: &SecretString, email: &str, name: &str) -> Result<String> {
    match password::check_rules(&services.config, "password", password, email, name) {
        Ok(()) => {}
        Err(domain::Fault::Invalid(wrong)) => {
            let why: Vec<_> = wrong.into_iter().map(|fault| fault.message).collect();
            bail!("this password is not accepted: {}", why.join("; "));
        }
        Err(fault) => bail!("the password cannot be checked: {fault}"),
    }
    password::hash_blocking(password).context("hash the password")
}

async fn add(services: &Arc<Services>, add: Add) -> Result<()> {
    if !add.email.contains('@') || add.email.chars().any(char::is_whitespace) {
        bail!("{:?} is not an e-mail address", add.email);
    }
    let hash = hash(services, &choose::secret(&add.password.password_file)?, &add.email, &add.name)?;
    if services.catalog.installation().await?.setup == SetupState::Needed {
        return set_up(services, add, hash).await;
    }
    let here = Here::find(services, &add.organisation).await?;
    let rows = services.catalog.tenant(&here.may::<may::ManageUsers>()?);
    let new = NewUser { name: add.name, email: add.email.clone(), role: add.role, password_hash: Some(hash) };
    rows.create_user(new).await?;
    screen::print(format!("{} can sign in as {}.", add.email, add.role.title()));
    Ok(())
}

/// The first person: the same step as the first page of the console.
async fn set_up(services: &Arc<Services>, add: Add, password_hash: String) -> Result<()> {
    if add.role != Role::PlatformOperator {
        bail!(
            "this installation has nobody yet\n  What to do: add a platform-operator first, or open the console"
        );
    }
    let wrapped = pending::find(services.vault.storage())
        .await?
        .context("the recovery key made by `holdfast migrate` is not in the vault any more")?;
    let organisation = add.organisation.organisation.unwrap_or_else(|| FIRST_ORGANISATION.into());
    let first = FirstOperator {
        organisation: organisation.clone(),
        name: add.name,
        email: add.email.clone(),
        password_hash,
        recovery_public: services.vault.recovery_public().0.to_vec(),
        recovery_pending: Sealed(wrapped),
    };
    services.catalog.first_run(first, &domain::audit::Origin::here()).await?;
    // From now on it waits in the catalog, from where it goes when it is typed back.
    pending::forget(services.vault.storage()).await?;
    screen::print(format!("{} can sign in as {} of {organisation}.", add.email, add.role.title()));
    screen::warn("The recovery key waits to be written down: `holdfast recovery-key show`, or sign in.");
    Ok(())
}

async fn person(rows: &TenantCatalog<'_>, email: &str) -> Result<UserRow> {
    let found =
        everybody(rows).await?.into_iter().find(|person| person.email.eq_ignore_ascii_case(email.trim()));
    found.with_context(|| format!("nobody here has the address {email}"))
}

async fn everybody(rows: &TenantCatalog<'_>) -> Result<Vec<UserRow>> {
    let (mut all, mut after) = (Vec::new(), None);
    loop {
        let page = rows.list_users(after.as_ref()).await?;
        all.extend(page.rows);
        after = page.next;
        if after.is_none() {
            return Ok(all);
        }
    }
}

enum Change {
    /// To this role and no other of their own.
    Role(Role),
    /// Let in, or not.
    Enabled(bool),
}

async fn change(services: &Arc<Services>, whom: &Whom, to: Change) -> Result<()> {
    let here = Here::find(services, &whom.organisation).await?;
    let rows = services.catalog.tenant(&here.may::<may::ManageUsers>()?);
    let person = person(&rows, &whom.email).await?;
    match to {
        Change::Role(role) => rows.change_user(person.id, role, person.enabled).await?,
        Change::Enabled(enabled) => rows.enable_user(person.id, enabled).await?,
    }
    let person = rows.get_user(person.id).await?;
    let can = if person.enabled { "can sign in" } else { "cannot sign in" };
    screen::print(format!("{} is {} and {can}.", person.email, titles(&person.roles)));
    Ok(())
}

async fn list(rows: &TenantCatalog<'_>, json: bool) -> Result<()> {
    let all = everybody(rows).await?;
    if json {
        let people: Vec<_> = all
            .iter()
            .map(|person| json!({"id": person.id, "name": person.name, "email": person.email, "roles": person.roles.iter().map(|held| held.role.key()).collect::<Vec<_>>(), "enabled": person.enabled}))
            .collect();
        screen::print_json(&json!(people));
        return Ok(());
    }
    let lines: Vec<_> = all
        .iter()
        .map(|person| {
            let last = person.last_sign_in.map_or_else(|| "never".to_owned(), domain::Timestamp::exact);
            let state = if person.enabled { "may sign in" } else { "disabled" };
            vec![person.email.clone(), person.name.clone(), titles(&person.roles), state.into(), last]
        })
        .collect();
    screen::table(&["ADDRESS", "NAME", "ROLES", "STATE", "LAST SIGN-IN"], &lines);
    Ok(())
}
