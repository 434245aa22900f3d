//! The schema, from nothing, twice, and from the future.

use catalog::Catalog;

use crate::world::{contract, raw};

contract! {
    migrating_again_changes_nothing(world) {
        let catalog: &Catalog = &world.catalog;
        assert_eq!(catalog.pending_migrations().await.unwrap(), Vec::<String>::new());
        catalog.migrate().await.unwrap();
        catalog.ping().await.unwrap();
        assert!(["SQLite", "Postgres"].contains(&catalog.database()));
    }

    a_schema_of_the_future_is_refused(world) {
        let forged = "insert into _sqlx_migrations (version, description, success, checksum, execution_time) \
            select 99999999999999, 'later', success, checksum, execution_time from _sqlx_migrations limit 1";
        raw(&world.url, forged).await.unwrap();
        assert!(world.catalog.pending_migrations().await.is_err());
        assert!(world.catalog.migrate().await.is_err());
    }
}

#[tokio::test]
async fn pending_migrations_are_told_before_they_are_applied() {
    let dir = tempfile::tempdir().unwrap();
    let url = format!("sqlite://{}/new.db", dir.path().display());
    let clock = std::sync::Arc::new(domain::FixedClock::at(crate::world::NOON));
    let catalog = Catalog::open(&url, clock).await.unwrap();
    let pending = catalog.pending_migrations().await.unwrap();
    assert!(pending.len() > 1 && pending[0] == "20261124000001 spine" && pending.is_sorted(), "{pending:?}");
    catalog.migrate().await.unwrap();
    assert!(catalog.pending_migrations().await.unwrap().is_empty());
}

#[tokio::test]
async fn addresses_that_cannot_hold_a_catalog_are_refused_without_repeating_them() {
    for url in ["sqlite::memory:", "mysql://root:secret@host/db", "", "postgres://u:secret@[host"] {
        let clock = std::sync::Arc::new(domain::FixedClock::at(crate::world::NOON));
        let error = Catalog::open(url, clock).await.unwrap_err();
        assert!(!format!("{error:?} {error}").contains("secret"), "{error:?}");
    }
}

#[test]
fn both_databases_have_the_same_migrations() {
    let names = |database: &str| {
        let dir = format!("{}/../../migrations/{database}", env!("CARGO_MANIFEST_DIR"));
        let mut names: Vec<_> = std::fs::read_dir(dir)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    };
    assert_eq!(names("sqlite"), names("postgres"));
    assert!(!names("sqlite").is_empty());
}
