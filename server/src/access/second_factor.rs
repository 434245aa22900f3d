//! The authenticator app (RFC 6238) and the recovery codes that stand in for it.
//!
//! The app and the server share a secret and the time; the code of half a minute is good once, and so is the one before
//! and after, because clocks differ. Which interval was used last is stored, and nothing older is taken.

use app::access::security_api::{AppOffer, SecurityView};
use catalog::{Principal, Sealed};
use domain::{Fault, UserId};
use engine::seal::secret::fill_random;
use qrcodegen::{QrCode, QrCodeEcc};
use totp_rs::{Builder, Totp};
use zeroize::Zeroizing;

use super::{
    letters::{self, Letter},
    secrets::{For, SignInKey},
};
use crate::{
    caller::Caller,
    fault::{Error, Result},
};

/// Bytes of a secret, as the standard recommends.
const SECRET: usize = 20;
/// Recovery codes of a person.
pub const CODES: usize = 10;
/// Crockford's base 32: no letter looks like a digit.
const LETTERS: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const CODE_LETTERS: usize = 12;

/// What a code that was typed turned out to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Used {
    /// A code of the app.
    App,
    /// A recovery code.
    Recovery,
}

fn totp(secret: &[u8], email: &str) -> Result<Totp> {
    let account = email.replace(':', "");
    let builder = Builder::new().with_secret(secret.to_vec()).with_skew(1).with_account_name(account);
    builder
        .with_issuer(Some("Holdfast"))
        .build()
        .map_err(|_| Error::Impossible("the secret of an authenticator app cannot be used"))
}

/// The interval whose code this is.
fn step_of(secret: &[u8], email: &str, code: &str, now_ms: i64) -> Result<Option<i64>> {
    let seconds = u64::try_from(now_ms / 1_000).unwrap_or_default();
    let step = totp(secret, email)?.check(code, seconds);
    Ok(step.and_then(|step| i64::try_from(step).ok()))
}

/// Letters and digits of what was typed.
fn typed(code: &str) -> String {
    let kept = code.chars().filter(|letter| !letter.is_whitespace() && *letter != '-');
    kept.take(64).map(|letter| letter.to_ascii_uppercase()).collect()
}

/// Uses a code of the app or a recovery code up. Nothing if it is neither, or was used.
pub async fn use_code(caller: &Caller, user: UserId, email: &str, code: &str) -> Result<Option<Used>> {
    let services = &caller.services;
    let (catalog, code) = (&services.catalog, typed(code));
    let key = services.sign_in_key().await?;
    if code.len() == CODE_LETTERS {
        // Letters that are taken for others when they are written down by hand.
        let code = code.replace('O', "0").replace(['I', 'L'], "1");
        let hash = key.code_hash(user, &code)?;
        if !catalog.use_recovery_code(user, &hash, &caller.origin()).await? {
            return Ok(None);
        }
        let left = catalog.second_factors(user).await?.codes_left;
        let text = format!(
            "One of your recovery codes was used just now, from {}. {left} are left.\n\nIf it was not you, change your \
             password and make new codes at once.",
            caller.address
        );
        let letter = Letter { subject: "a recovery code was used", text, path: "/profile/security" };
        letters::send(services, email, user, letter);
        return Ok(Some(Used::Recovery));
    }
    let Some(stored) = catalog.find_totp(user).await?.filter(|stored| stored.is_confirmed) else {
        return Ok(None);
    };
    let secret = key.open(For::App(user), &stored.sealed.0)?;
    match step_of(&secret, email, &code, services.clock.now().0)? {
        Some(step) if catalog.use_totp_step(user, step).await? => Ok(Some(Used::App)),
        _ => Ok(None),
    }
}

fn person(caller: &Caller) -> Result<(&Principal, UserId, &str)> {
    let principal = caller.principal()?;
    match (principal.user_id(), principal.email()) {
        (Some(user), Some(email)) if !principal.is_token() => Ok((principal, user, email)),
        _ => Err(Fault::Unauthenticated.into()),
    }
}

/// What one has.
pub async fn view(caller: &Caller) -> Result<SecurityView> {
    let (principal, user, _) = person(caller)?;
    let catalog = &caller.services.catalog;
    let factors = catalog.second_factors(user).await?;
    Ok(SecurityView {
        app_since: factors.app_since,
        codes_left: factors.codes_left,
        is_asked: catalog.asks_second_factor(user).await?,
        due: principal.second_factor_due(caller.tenant()?),
    })
}

/// Begins to set up an authenticator app: keeps a fresh secret that waits for its first code.
pub async fn offer(caller: &Caller) -> Result<()> {
    caller.require_proof().await?;
    let (principal, user, _) = person(caller)?;
    let mut secret = Zeroizing::new([0u8; SECRET]);
    fill_random(secret.as_mut_slice())?;
    let sealed = caller.services.sign_in_key().await?.seal(For::App(user), secret.as_slice())?;
    caller.services.catalog.offer_totp(principal, Sealed(sealed)).await?;
    Ok(())
}

/// The secret that waits for its first code, as a picture and as text.
pub async fn offered(caller: &Caller) -> Result<AppOffer> {
    let (_, user, email) = person(caller)?;
    let services = &caller.services;
    let waiting = services.catalog.find_totp(user).await?.filter(|stored| !stored.is_confirmed);
    let sealed = waiting.ok_or(Fault::NotFound)?.sealed;
    let secret = services.sign_in_key().await?.open(For::App(user), &sealed.0)?;
    let totp = totp(&secret, email)?;
    let address = totp.to_url().map_err(|_| Error::Impossible("the address of an authenticator app"))?;
    let picture = QrCode::encode_text(&address, QrCodeEcc::Medium)
        .map_err(|_| Error::Impossible("the address of an authenticator app is too long for a picture"))?;
    let side = picture.size();
    let rows = (0..side).map(|y| (0..side).map(|x| picture.get_module(x, y)).collect()).collect();
    Ok(AppOffer { rows, secret: app::port::SecretText(spaced(&totp.secret().to_base32())) })
}

/// The first code of the app. Gives fresh recovery codes.
pub async fn confirm(caller: &Caller, code: &str) -> Result<Vec<String>> {
    let (principal, user, email) = person(caller)?;
    caller.gate.limits.for_account(&format!("code of {user}"))?;
    let services = &caller.services;
    let waiting = services.catalog.find_totp(user).await?.filter(|stored| !stored.is_confirmed);
    let sealed = waiting.ok_or(Fault::NotFound)?.sealed;
    let key = services.sign_in_key().await?;
    let secret = key.open(For::App(user), &sealed.0)?;
    let Some(step) = step_of(&secret, email, &typed(code), services.clock.now().0)? else {
        return Err(Fault::invalid(
            "code",
            "this is not the code that the app shows now; if it is, the clock of one of the two is wrong",
        )
        .into());
    };
    let (codes, hashes) = fresh_codes(key, user)?;
    services.catalog.confirm_totp(principal, (&sealed, step), &hashes, &caller.origin()).await?;
    let text = "An authenticator app was set up for your account: from now on signing in asks for its code.\n\nIf it \
                was not you, tell an administrator of your organisation at once."
        .into();
    let letter = Letter { subject: "an authenticator app was set up", text, path: "/profile/security" };
    letters::send(services, email, user, letter);
    Ok(codes)
}

/// Takes the app away.
pub async fn remove(caller: &Caller) -> Result<()> {
    caller.require_proof().await?;
    let (principal, user, email) = person(caller)?;
    let services = &caller.services;
    if services.catalog.asks_second_factor(user).await? {
        let why = "your organisation asks for a second factor; add another one before you remove this";
        return Err(Fault::invalid("app", why).into());
    }
    services.catalog.remove_totp(principal, &caller.origin()).await?;
    let text = "The authenticator app of your account was removed.\n\nIf it was not you, change your password and tell \
                an administrator of your organisation at once."
        .into();
    letters::send(
        services,
        email,
        user,
        Letter { subject: "a second factor was removed", text, path: "/profile/security" },
    );
    Ok(())
}

/// Makes fresh recovery codes; the old ones end.
pub async fn new_codes(caller: &Caller) -> Result<Vec<String>> {
    caller.require_proof().await?;
    let (principal, user, _) = person(caller)?;
    let services = &caller.services;
    let (codes, hashes) = fresh_codes(services.sign_in_key().await?, user)?;
    services.catalog.replace_recovery_codes(principal, &hashes, &caller.origin()).await?;
    Ok(codes)
}

/// Ten codes of sixty random bits, as they are shown and as they are stored.
fn fresh_codes(key: &SignInKey, user: UserId) -> Result<(Vec<String>, Vec<Vec<u8>>)> {
    let (mut shown, mut stored) = (Vec::new(), Vec::new());
    for _ in 0..CODES {
        let mut random = Zeroizing::new([0u8; CODE_LETTERS]);
        fill_random(random.as_mut_slice())?;
        let code: String = random.iter().map(|byte| char::from(LETTERS[usize::from(byte % 32)])).collect();
        stored.push(key.code_hash(user, &code)?);
        shown.push(format!("{}-{}-{}", &code[..4], &code[4..8], &code[8..]));
    }
    Ok((shown, stored))
}

/// In groups of four, to be typed.
fn spaced(text: &str) -> String {
    let letters: Vec<char> = text.chars().collect();
    letters.chunks(4).map(|group| group.iter().collect::<String>()).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn the_codes_are_those_of_the_standard() {
        // RFC 6238, appendix B, the last six digits of the SHA-1 column.
        let secret = b"12345678901234567890";
        for (second, code) in [(59, "287082"), (1_111_111_109, "081804"), (20_000_000_000, "353130")] {
            assert_eq!(step_of(secret, "a@b.example", code, second * 1_000).unwrap(), Some(second / 30));
            for (off, known) in [(-60, false), (-30, true), (30, true), (60, false)] {
                let step = step_of(secret, "a@b.example", code, (second + off).max(0) * 1_000).unwrap();
                assert!(second < 60 || step.is_some() == known, "{second} {off}");
            }
        }
        for wrong in ["", "28708", "2870822", "abcdef", "000000"] {
            assert_eq!(step_of(secret, "a@b.example", wrong, 59_000).unwrap(), None, "{wrong}");
        }
    }

    #[test]
    fn what_is_typed_is_read_kindly() {
        assert_eq!(typed(" 287 082\n"), "287082");
        assert_eq!(typed("abcd-efgh-jkmn"), "ABCDEFGHJKMN");
        assert_eq!(spaced("ABCDEFGHIJ"), "ABCD EFGH IJ");
    }
}
