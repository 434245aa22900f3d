//! Tenants and tables in addresses: whatever a database calls them, the address leads back to exactly that.

use domain::{BackupId, Fault, SourceId, tenancy::TenantKey};
use leptos_router::location::Url;

/// The page of a tenant.
pub fn tenant_path(source: SourceId, key: &TenantKey) -> String {
    format!("/sources/{source}/tenants/{}", segment(key))
}

/// The wizard that restores a tenant, from `backup` if that is chosen already.
pub fn restore_path(source: SourceId, key: &TenantKey, backup: Option<BackupId>) -> String {
    let query = backup.map(|backup| format!("?backup={backup}")).unwrap_or_default();
    format!("{}/restore{query}", tenant_path(source, key))
}

/// The editor of one table's route.
pub fn mapping_path(source: SourceId, table: &str) -> String {
    format!("/sources/{source}/map/table?name={}", Url::escape(table))
}

/// A key as one part of a path. Slashes, which proxies decode, per cent signs, which the router decodes twice, and
/// parts of dots alone, which browsers drop, have names of their own.
pub fn segment(key: &TenantKey) -> String {
    let mut text = key.as_str().replace('~', "~0").replace('/', "~1").replace('%', "~3");
    if text.chars().all(|letter| letter == '.') {
        text = text.replace('.', "~2");
    }
    // Tildes need not be encoded anywhere.
    Url::escape(&text).replace("%7E", "~")
}

/// The key that [`segment`] wrote; what is none names nothing.
pub fn key_of(segment: &str) -> Result<TenantKey, Fault> {
    let mut key = String::with_capacity(segment.len());
    let mut letters = segment.chars();
    while let Some(letter) = letters.next() {
        key.push(match letter {
            '~' => match letters.next() {
                Some('0') => '~',
                Some('1') => '/',
                Some('2') => '.',
                Some('3') => '%',
                _ => return Err(Fault::NotFound),
            },
            other => other,
        });
    }
    TenantKey::new(key).map_err(|_| Fault::NotFound)
}

#[cfg(all(test, feature = "ssr"))]
mod tests {
    use super::*;

    #[test]
    fn every_key_is_one_part_of_a_path_and_comes_back() {
        for text in ["7", ".", "..", "a/b", "~1", "%2F", "a b+c", "?#&", "\"'<>", "\u{1f600}", "..a", "\\"] {
            let written = TenantKey::new(text).map(|key| segment(&key)).unwrap_or_default();
            assert!(!written.contains(['/', '?', '#', ' ', '\\', '"', '<']), "{written}");
            assert!(!matches!(written.to_lowercase().replace("%2e", ".").as_str(), "." | ".."), "{written}");
            let read = key_of(&Url::unescape(&written)).map(String::from);
            assert_eq!(read, Ok(text.to_owned()));
        }
        assert_eq!(key_of("a~4"), Err(Fault::NotFound));
        assert_eq!(key_of(""), Err(Fault::NotFound));
    }
}
