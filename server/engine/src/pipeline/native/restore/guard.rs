//! What can be known to fail before anything is made on the target.

use std::collections::BTreeSet;

use crate::{
    Error, Kind, Result,
    pipeline::{DatabaseContent, Target},
    source::mysql::{
        inspect::{Session, text},
        native::ddl,
    },
};

/// Checks that the target knows every collation, and has room where that can be seen. Returns what could not be seen.
pub(in crate::pipeline) async fn check(content: &DatabaseContent, target: &Target) -> Result<Option<String>> {
    let who = target.endpoint.shown();
    let attempt = format!("restore {} on {who}", content.database);
    let mut conn = target.endpoint.connect().await?;
    let mut session = Session { conn: &mut conn, who: &who, attempt: attempt.clone() };
    let rows = session.rows("SELECT COLLATION_NAME FROM information_schema.COLLATIONS", &[]).await?;
    let mut known: BTreeSet<String> = rows.iter().map(|row| text(row, 0).to_ascii_lowercase()).collect();
    let wanted = collations(content);
    if wanted.iter().any(|name| !known.contains(name)) {
        // Newer versions of MariaDB list some names without their character set. Others do not have this column.
        let full = "SELECT FULL_COLLATION_NAME FROM information_schema.COLLATION_CHARACTER_SET_APPLICABILITY";
        if let Ok(rows) = session.rows(full, &[]).await {
            known.extend(rows.iter().map(|row| text(row, 0).to_ascii_lowercase()));
        }
    }
    let missing: Vec<&str> =
        wanted.iter().filter(|name| !known.contains(*name)).map(String::as_str).collect();
    if !missing.is_empty() {
        let message = format!("the server does not know these collations: {}", missing.join(", "));
        return Err(Error::new(Kind::Input, attempt, message).hint(
            "Choose a server at least as new as the source, or one with its character sets installed.",
        ));
    }
    let place = session.row("SELECT @@datadir").await.map(|row| text(&row, 0))?;
    let _closed = conn.disconnect().await;
    space(content, target, &attempt, &place)
}

/// The collations of everything that is restored.
fn collations(content: &DatabaseContent) -> BTreeSet<String> {
    let inventory = &content.inventory;
    let mut all: BTreeSet<String> = std::iter::once(&inventory.collation)
        .chain(inventory.tables.iter().map(|table| &table.collation))
        .chain(content.objects.iter().map(|object| &object.collation))
        .map(|name| name.to_ascii_lowercase())
        .collect();
    for table in &inventory.tables {
        all.extend(named(&table.create_sql));
    }
    all.retain(|name| {
        !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
    });
    all
}

/// The collations that a definition names.
fn named(create: &str) -> BTreeSet<String> {
    let text = ddl::unquoted(create);
    let mut words =
        text.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).filter(|word| !word.is_empty());
    let mut all = BTreeSet::new();
    while let Some(word) = words.next() {
        if word == "COLLATE" {
            all.extend(words.next().map(str::to_ascii_lowercase));
        }
    }
    all
}

fn space(content: &DatabaseContent, target: &Target, attempt: &str, datadir: &str) -> Result<Option<String>> {
    let unseen = || Some("whether the server has room for it could not be seen beforehand".to_owned());
    // Only a server on this machine has its files here.
    if target.endpoint.socket.is_none() {
        return Ok(unseen());
    }
    let Ok(found) = rustix::fs::statvfs(datadir) else { return Ok(unseen()) };
    let free = found.f_bavail.saturating_mul(found.f_frsize);
    let needed: u64 = content.inventory.tables.iter().map(|table| table.bytes_estimate).sum();
    if free < needed {
        let mib = |bytes: u64| bytes.div_ceil(1 << 20);
        let message =
            format!("the server has {} MiB of room, and the source needed {} MiB", mib(free), mib(needed));
        return Err(Error::new(Kind::Space, attempt, message).hint("Free some space on the database server."));
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use super::named;

    #[test]
    fn collations_are_found_outside_of_quotes() {
        let create = "CREATE TABLE `COLLATE x` (\n  `a` text COLLATE utf8mb4_uca1400_ai_ci DEFAULT 'it\\'s COLLATE no',\n  \
                      `b` char(1) GENERATED ALWAYS AS (`a` COLLATE latin1_bin)\n) COLLATE=utf8mb4_bin COMMENT='COLLATE never'";
        let found: Vec<_> = named(create).into_iter().collect();
        assert_eq!(found, ["latin1_bin", "utf8mb4_bin", "utf8mb4_uca1400_ai_ci"]);
    }
}
