//! Passwords: what is accepted, how they are stored, how they are checked.
//!
//! Argon2id with 19 MiB, two passes, one lane. Each check costs that memory and some tens of milliseconds, so only
//! as many run at once as the machine has cores; the rest wait. A check against nobody costs the same as one
//! against somebody: who is known here cannot be told by the time of the answer.

use std::sync::Arc;

use argon2::{
    Algorithm, Argon2, Params, Version,
    password_hash::{PasswordHasher, PasswordVerifier, phc::PasswordHash},
};
use domain::Fault;
use secrecy::{ExposeSecret, SecretString};
use tokio::sync::Semaphore;
use zxcvbn::Score;

use super::breached;
use crate::{
    config::Config,
    fault::{Error, Result},
};

const MEMORY_KIB: u32 = 19 * 1024;
const PASSES: u32 = 2;
/// Characters at least.
pub const SHORTEST: usize = 12;
/// What is said of a password that somebody else lost.
const BREACHED: &str =
    "this password is known from a breach, so it is tried early; choose another that you use nowhere else";
/// Characters at most; hashing more would be free work for a stranger.
pub const LONGEST: usize = 200;

/// Whether a new password may be used by the person with this address and name. Asked wherever a password is set; what
/// it refuses it refuses in one sentence that says what to do.
pub fn check_rules(
    config: &Config,
    field: &str,
    password: &SecretString,
    email: &str,
    name: &str,
) -> Result<(), Fault> {
    check_form(field, password, email, name)?;
    check_strength(field, password, email, name)?;
    let Some(list) = &config.breached_passwords else { return Ok(()) };
    match breached::is_listed(list, password.expose_secret()) {
        Ok(false) => Ok(()),
        Ok(true) => Err(Fault::invalid(field, BREACHED)),
        Err(error) => {
            tracing::error!(list = %list.display(), %error, "the list of breached passwords cannot be read");
            Err(Fault::Unavailable { what: "the list of breached passwords".into() })
        }
    }
}

fn check_form(field: &str, password: &SecretString, email: &str, name: &str) -> Result<(), Fault> {
    let text = password.expose_secret();
    let length = text.chars().count();
    let folded = text.to_lowercase();
    let owned = [email.to_lowercase(), name.to_lowercase()];
    if length < SHORTEST {
        Err(Fault::invalid(field, format!("use at least {SHORTEST} characters; this has {length}")))
    } else if length > LONGEST {
        Err(Fault::invalid(field, format!("use at most {LONGEST} characters; this has {length}")))
    } else if owned.iter().any(|own| !own.is_empty() && folded.trim() == own.trim()) {
        Err(Fault::invalid(field, "your name or address is the first thing that is tried; choose another"))
    } else if text.chars().all(|letter| text.starts_with(letter)) {
        Err(Fault::invalid(field, "one letter repeated is guessed at once; choose another"))
    } else {
        Ok(())
    }
}

/// Guessed as those do who guess: words, names, dates, keyboards, what was changed in them, and the passwords that are
/// used most. Parts of the person's own name and address count as known.
fn check_strength(field: &str, password: &SecretString, email: &str, name: &str) -> Result<(), Fault> {
    let own = format!("{email} {name} holdfast").to_lowercase();
    let mut known: Vec<&str> = own.split(|letter: char| !letter.is_alphanumeric()).collect();
    known.extend(own.split_whitespace());
    known.retain(|part| part.chars().count() > 2);
    let strength = zxcvbn::zxcvbn(password.expose_secret(), &known);
    let is_own = is_mostly_of(password, &known);
    if strength.score() >= Score::Three && !is_own {
        return Ok(());
    }
    let mut message = "this would be guessed too soon".to_owned();
    if is_own {
        message.push_str(": it is mostly your name or address");
    } else if let Some(feedback) = strength.feedback() {
        if let Some(warning) = feedback.warning() {
            message.push_str(&format!(": {}", plain(&warning.to_string())));
        }
        for suggestion in feedback.suggestions() {
            message.push_str(&format!("; {}", plain(&suggestion.to_string())));
        }
    }
    message.push_str("; four or five words that have nothing to do with each other are good");
    Err(Fault::invalid(field, message))
}

/// Whether little is left of it without what everybody knows of its person. The estimator takes a name with a year for two
/// independent things.
fn is_mostly_of(password: &SecretString, known: &[&str]) -> bool {
    let whole = password.expose_secret().to_lowercase();
    let mut parts = known.to_vec();
    parts.sort_by_key(|part| std::cmp::Reverse(part.len()));
    let rest = parts.iter().fold(whole.clone(), |rest, part| rest.replace(part, ""));
    rest.len() < whole.len() && rest.chars().count() < SHORTEST / 2
}

/// A sentence of the estimator as a part of ours.
fn plain(sentence: &str) -> String {
    let mut letters = sentence.trim_end_matches('.').chars();
    let first = letters.next().map(|first| first.to_lowercase().collect::<String>()).unwrap_or_default();
    first + letters.as_str()
}

fn hasher() -> Result<Argon2<'static>> {
    let params = Params::new(MEMORY_KIB, PASSES, 1, None)
        .map_err(|_| Error::Impossible("the parameters of Argon2 were refused"))?;
    Ok(Argon2::new(Algorithm::Argon2id, Version::V0x13, params))
}

/// The string that is stored. Takes some tens of milliseconds of a core: not for a thread that serves requests.
pub fn hash_blocking(password: &SecretString) -> Result<String> {
    let hash: PasswordHash = hasher()?
        .hash_password(password.expose_secret().as_bytes())
        .map_err(|_| Error::Impossible("Argon2 refused to hash a password"))?;
    Ok(hash.to_string())
}

fn fits_blocking(password: &SecretString, stored: &str) -> Result<bool> {
    let stored =
        PasswordHash::new(stored).map_err(|_| Error::Impossible("a stored password hash cannot be read"))?;
    Ok(hasher()?.verify_password(password.expose_secret().as_bytes(), &stored).is_ok())
}

/// Hashes and checks beside the threads that serve requests, a few at once.
#[derive(Debug)]
pub struct Passwords {
    seats: Arc<Semaphore>,
    of_nobody: String,
}

impl Passwords {
    /// As many at once as there are cores, eight at most: 150 MiB.
    pub fn new() -> Result<Self> {
        let cores = std::thread::available_parallelism().map_or(2, |cores| cores.get().min(8));
        let mut random = [0u8; 16];
        getrandom::fill(&mut random)
            .map_err(|_| Error::Impossible("the operating system gave no random bytes"))?;
        let of_nobody = hash_blocking(&SecretString::from(hex::encode(random)))?;
        Ok(Self { seats: Arc::new(Semaphore::new(cores)), of_nobody })
    }

    /// The string that is stored.
    pub async fn hash(&self, password: SecretString) -> Result<String> {
        self.seated(move || hash_blocking(&password)).await
    }

    /// Whether a password is the stored one. Nobody's stored password takes as long to refuse.
    pub async fn fits(&self, password: SecretString, stored: Option<String>) -> Result<bool> {
        let is_somebody = stored.is_some();
        let stored = stored.unwrap_or_else(|| self.of_nobody.clone());
        // Longer ones are never stored; refusing them before hashing would be told by the time.
        let fits = self.seated(move || fits_blocking(&password, &stored)).await?;
        Ok(fits && is_somebody)
    }

    async fn seated<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let seat = Arc::clone(&self.seats)
            .acquire_owned()
            .await
            .map_err(|_| Error::Impossible("the seats for hashing were closed"))?;
        tokio::task::spawn_blocking(move || {
            let _seat = seat;
            work()
        })
        .await?
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, clippy::panic, reason = "tests")]
    use super::*;

    fn config(settings: &str) -> Config {
        Config::from_parts(settings, "test", []).unwrap()
    }

    fn why(text: &str, config: &Config) -> Option<String> {
        match check_rules(config, "new", &SecretString::from(text), "mona.lisa@louvre.example", "Mona Lisa") {
            Ok(()) => None,
            Err(Fault::Invalid(faults)) => Some(faults[0].message.clone()),
            Err(fault) => Some(fault.to_string()),
        }
    }

    #[test]
    fn what_is_guessed_soon_is_refused_with_a_way_out() {
        let config = config("");
        for weak in [
            "passwordpassword",
            "qwertyuiopasdf",
            "Password12345!",
            "mona.lisa2024",
            "louvre.monalisa",
            "aaaaaaaaaaaaab",
            "123456789012345",
            "iloveyouiloveyou",
        ] {
            let why = why(weak, &config).unwrap_or_else(|| panic!("{weak} was taken"));
            assert!(why.contains("words"), "{weak}: {why}");
            assert!(!why.contains(weak), "{why}");
        }
        for strong in
            ["correct horse battery", "vM8#kd02!pQz", "four words and a horse", "an entirely new one"]
        {
            assert_eq!(why(strong, &config), None, "{strong}");
        }
    }

    #[test]
    fn a_password_of_the_list_is_refused_and_a_lost_list_refuses_all() {
        let dir = tempfile::tempdir().unwrap();
        let list = dir.path().join("pwned.txt");
        let password = "four words and a horse";
        let mut lines: Vec<String> = (0..2_000u32)
            .map(|n| format!("{}:{n}", breached::hash_of(&n.to_string())))
            .chain([format!("{}:7", breached::hash_of(password))])
            .collect();
        lines.sort();
        std::fs::write(&list, lines.join("\r\n")).unwrap();
        let config = config(&format!("[passwords]\nbreached = '{}'", list.display()));
        assert_eq!(why(password, &config).as_deref(), Some(BREACHED));
        assert_eq!(why("five words and a horse", &config), None);
        std::fs::remove_file(&list).unwrap();
        assert!(why("five words and a horse", &config).unwrap().contains("list of breached passwords"));
    }

    #[test]
    fn short_long_and_own_names_are_refused() {
        let check = |text: &str| {
            check_rules(&config(""), "new", &SecretString::from(text), "Ann@Example.org", "Ann Example-Smith")
        };
        assert!(check("correct horse battery").is_ok());
        assert!(check("ünïcödé öf twelve").is_ok());
        for bad in ["short", "ann@example.org", "ANN EXAMPLE-SMITH", "aaaaaaaaaaaaaa", &"x y".repeat(100)] {
            assert!(check(bad).is_err(), "{bad}");
        }
    }

    #[tokio::test]
    async fn only_the_stored_password_fits_and_nobody_has_one() {
        let passwords = Passwords::new().unwrap();
        let stored = passwords.hash("correct horse battery".into()).await.unwrap();
        assert!(stored.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"));
        assert!(passwords.fits("correct horse battery".into(), Some(stored.clone())).await.unwrap());
        assert!(!passwords.fits("correct horse batterz".into(), Some(stored)).await.unwrap());
        assert!(!passwords.fits("correct horse battery".into(), None).await.unwrap());
        assert!(passwords.fits("x".into(), Some("nonsense".into())).await.is_err());
    }
}
