//! The command that brings a backup back when this server is gone, exactly as it has to be typed.

use domain::BackupId;
use engine::storage::VaultConfig;

use crate::config::{Config, RootKeyConfig};

/// `holdfast-recover restore …` for one backup. What only the reader can know stands between angle brackets.
pub fn recover_command(config: &Config, backup: BackupId, database: &str) -> String {
    let mut words = vec!["holdfast-recover restore".to_owned()];
    words.extend(from_where(config));
    words.push(format!("--backup {backup}"));
    words.push("--host <server> --user <account> --password-file <file>".into());
    words.push(format!("--database {}", quoted(database)));
    words.join(" \\\n  ")
}

/// `holdfast-recover files …`: the same for the files of a whole server.
pub fn recover_files_command(config: &Config, backup: BackupId) -> String {
    let mut words = vec!["holdfast-recover files".to_owned()];
    words.extend(from_where(config));
    words.push(format!("--backup {backup}"));
    words.push("--to <empty directory>".into());
    words.join(" \\\n  ")
}

/// `holdfast physical restore …`, on a machine that has this installation's configuration.
pub fn files_command(backup: BackupId) -> String {
    format!("holdfast physical restore {backup} --to <empty directory>")
}

/// Vault and key.
fn from_where(config: &Config) -> Vec<String> {
    let mut words = Vec::new();
    match &config.vault {
        VaultConfig::Local { path } => words.push(format!("--vault {}", quoted(&path.to_string_lossy()))),
        VaultConfig::S3(bucket) => {
            let prefix = bucket.prefix.trim_matches('/');
            let place =
                if prefix.is_empty() { bucket.bucket.clone() } else { format!("{}/{prefix}", bucket.bucket) };
            words.push(format!("--s3 {}", quoted(&place)));
            words.extend(bucket.endpoint.iter().map(|url| format!("--s3-endpoint {}", quoted(url))));
            words.extend(bucket.region.iter().map(|region| format!("--s3-region {}", quoted(region))));
            if bucket.access_key.is_some() {
                words.push("--s3-access-key-file <file> --s3-secret-key-file <file>".into());
            }
        }
    }
    match &config.root_key {
        RootKeyConfig::File(path) => words.push(format!("--key-file {}", quoted(&path.to_string_lossy()))),
        RootKeyConfig::Kms { key, endpoint, region } => {
            words.push(format!("--kms-key {}", quoted(key)));
            words.extend(endpoint.iter().map(|url| format!("--kms-endpoint {}", quoted(url))));
            words.extend(region.iter().map(|region| format!("--kms-region {}", quoted(region))));
        }
    }
    words
}

/// As one word of a POSIX shell, whatever is in it.
fn quoted(word: &str) -> String {
    let is_plain = |letter: char| letter.is_ascii_alphanumeric() || "/._-:@=+,".contains(letter);
    if !word.is_empty() && !word.starts_with('-') && word.chars().all(is_plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::quoted;

    #[test]
    fn every_name_is_one_word_of_the_shell() {
        assert_eq!(quoted("/srv/vault"), "/srv/vault");
        assert_eq!(quoted("a b"), "'a b'");
        assert_eq!(quoted("it's $(rm -rf /)`"), r"'it'\''s $(rm -rf /)`'");
        assert_eq!(quoted(""), "''");
    }
}
