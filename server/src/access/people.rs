//! People of an organisation, and the links by which they set their passwords.

use app::{
    access::api::{AddUser, ChangeUser, PasswordLink, UserRef, UserRow},
    port::SecretText,
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use catalog::{Conflict, NewUser, Scope};
use domain::{Cursor, Fault, Page, UserId, access::may, sources::Label};
use sha2::{Digest, Sha256};

use crate::{
    caller::Caller,
    fault::{Error, Result, Wrong},
};

/// How long a password link is good, in milliseconds.
const LINK_MS: i64 = 24 * 3_600_000;
const LONGEST_ADDRESS: usize = 254;

/// An address as it is stored. Only what is surely no address is refused; the rest is between the person and
/// whoever sends mail.
pub fn check_email(text: &str) -> Result<String, &'static str> {
    let text = text.trim();
    let is_odd =
        |letter: char| letter.is_control() || letter.is_whitespace() || "<>\",;:()[]\\".contains(letter);
    match text.rsplit_once('@') {
        _ if text.len() > LONGEST_ADDRESS => Err("an e-mail address has at most 254 characters"),
        Some((local, host))
            if !local.is_empty()
                && !local.contains('@')
                && !local.starts_with('-')
                && !host.is_empty()
                && !host.starts_with(['.', '-'])
                && !host.ends_with('.')
                && !text.contains(is_odd) =>
        {
            Ok(text.to_lowercase())
        }
        _ => Err("this is not an e-mail address; write it as name@example.org"),
    }
}

/// People, by name.
pub async fn list(
    caller: &Caller,
    scope: Scope<may::ReadUsers>,
    after: Option<Cursor>,
) -> Result<Page<UserRow>> {
    let page = caller.rows(&scope).list_users(after.as_ref()).await?;
    Ok(page.map(|row| UserRow {
        id: row.id,
        name: row.name,
        email: row.email,
        roles: row.roles,
        enabled: row.enabled,
        has_password: row.has_password,
        last_sign_in: row.last_sign_in,
    }))
}

/// Adds a person and makes the link by which they set their password.
pub async fn add(caller: &Caller, scope: Scope<may::ManageUsers>, request: AddUser) -> Result<PasswordLink> {
    let mut wrong = Wrong::default();
    let name = wrong.check("name", Label::new(request.name.trim()));
    let email = wrong.check("email", check_email(&request.email));
    wrong.finish()?;
    let (Some(name), Some(email)) = (name, email) else {
        return Err(Error::Impossible("a field was neither right nor wrong"));
    };
    let new = NewUser { name: name.into(), email, role: request.role, password_hash: None };
    let id = match caller.rows(&scope).create_user(new).await {
        Err(catalog::Error::Conflict(Conflict::Duplicate)) => {
            return Err(Fault::invalid("email", "there is an account with this address already").into());
        }
        result => result?,
    };
    make_link(caller, &scope, id).await
}

/// Changes role or ability to sign in.
pub async fn change(caller: &Caller, scope: Scope<may::ManageUsers>, request: ChangeUser) -> Result<()> {
    if caller.principal()?.user_id() == Some(request.id) {
        return Err(Fault::invalid("role", "somebody else has to change your own role").into());
    }
    caller.rows(&scope).change_user(request.id, request.role, request.enabled).await?;
    Ok(())
}

/// Makes a new password link for a person.
pub async fn link(caller: &Caller, scope: Scope<may::ManageUsers>, request: UserRef) -> Result<PasswordLink> {
    make_link(caller, &scope, request.id).await
}

async fn make_link(caller: &Caller, scope: &Scope<may::ManageUsers>, id: UserId) -> Result<PasswordLink> {
    let mut random = [0u8; 32];
    getrandom::fill(&mut random)
        .map_err(|_| Error::Impossible("the operating system gave no random bytes"))?;
    let token = URL_SAFE_NO_PAD.encode(random);
    let expires_at = caller.services.clock.now().plus_ms(LINK_MS);
    let digest = Sha256::digest(token.as_bytes());
    let email = caller.rows(scope).create_password_link(id, &digest, expires_at).await?;
    Ok(PasswordLink { email, path: SecretText(format!("/reset?token={token}")), expires_at })
}

#[cfg(test)]
mod tests {
    use super::check_email;

    #[test]
    fn addresses_that_could_be_headers_or_options_are_refused() {
        assert_eq!(check_email(" Ann.O'Hara+x@Example.org "), Ok("ann.o'hara+x@example.org".into()));
        for bad in [
            "",
            "ann",
            "@b",
            "a@",
            "a@@b",
            "a b@c",
            "a@b\nBcc: x@y",
            "<a@b>",
            "-a@b",
            "a@-b",
            "a@.b",
            "a,b@c",
        ] {
            assert!(check_email(bad).is_err(), "{bad:?}");
        }
    }
}
