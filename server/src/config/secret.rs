//! Secrets in files: one per file, without the line break at its end.

use std::path::Path;

use secrecy::SecretString;
use zeroize::Zeroizing;

use super::ConfigError;

/// Reads the secret in a file.
pub(super) fn read(place: &str, path: &Path) -> Result<SecretString, ConfigError> {
    let text = std::fs::read_to_string(path).map(Zeroizing::new).map_err(|error| {
        ConfigError::new(
            place,
            format!("the file {} cannot be read: {error}", path.display()),
            "Put the secret alone into that file, readable by the account that Holdfast runs under (chmod 0400).",
        )
    })?;
    let secret = text.trim_end_matches(['\n', '\r']);
    if secret.is_empty() {
        return Err(ConfigError::new(
            place,
            format!("the file {} is empty", path.display()),
            "Put the secret alone into that file.",
        ));
    }
    Ok(SecretString::from(secret))
}

/// The secret from the environment, else the one in the file, else none.
pub(super) fn either(
    place: &str,
    variable: Option<SecretString>,
    path: Option<&Path>,
) -> Result<Option<SecretString>, ConfigError> {
    match (variable, path) {
        (Some(secret), _) => Ok(Some(secret)),
        (None, Some(path)) => read(place, path).map(Some),
        (None, None) => Ok(None),
    }
}
