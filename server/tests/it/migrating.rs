//! `holdfast migrate` that dies at every step, and several at once: the vault is whole, and its recovery key is the one
//! that is shown.
#![expect(clippy::disallowed_methods, reason = "tests start the program itself")]

use std::{
    path::Path,
    process::{Child, Command, Stdio},
    sync::Arc,
};

use catalog::Catalog;
use engine::{
    pipeline::Vault,
    seal::{LocalRoot, keyring::Opener, recovery},
    storage::{self, VaultConfig},
};
use server::clock::SystemClock;

fn migrate(directory: &Path, dies_at: Option<&str>) -> Child {
    let file = directory.join("holdfast.toml");
    std::fs::write(&file, format!("state_dir = \"{}/state\"\n", directory.display())).unwrap();
    let mut program = Command::new(env!("CARGO_BIN_EXE_holdfast"));
    program.arg("--config").arg(file).arg("migrate").stdout(Stdio::null()).stderr(Stdio::piped());
    if let Some(point) = dies_at {
        program.env("HOLDFAST_FAILPOINT", point);
    }
    program.spawn().unwrap()
}

fn succeeds(migrate: Child) {
    let output = migrate.wait_with_output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

/// The key that the first run will show opens the vault, whose keys all belong together.
async fn is_whole(directory: &Path) {
    let state = directory.join("state");
    let url = format!("sqlite://{}", state.join("catalog.db").display());
    let catalog = Catalog::open(&url, Arc::new(SystemClock)).await.unwrap();
    let installation = catalog.installation().await.unwrap();
    catalog.close().await;
    let storage = storage::open(&VaultConfig::Local { path: state.join("vault") }).await.unwrap();
    let root = LocalRoot::open(&state.join("root.key")).unwrap();
    let wrapped = server::access::pending::find(&storage).await.unwrap().unwrap();
    let shown = server::access::pending::open(&root, installation.id, &wrapped).await.unwrap();
    let key = recovery::from_text(&shown).unwrap();
    let by_root = Vault::open(Arc::clone(&storage), Arc::new(root), Arc::new(SystemClock)).await.unwrap();
    assert_eq!(by_root.installation(), installation.id);
    assert_eq!(*by_root.recovery_public(), key.public().unwrap());
    let by_paper =
        Vault::open_for_recovery(storage, Opener::Recovery(key), Arc::new(SystemClock)).await.unwrap();
    assert_eq!(by_paper.signing_fingerprint(), by_root.signing_fingerprint());
    by_paper.worker_key().await.unwrap();
    assert_eq!(installation.worker_public.as_deref(), Some(by_root.worker_public().0.as_slice()));
    assert_eq!(installation.signing_public.as_deref(), Some(by_root.signing_public().as_slice()));
}

#[tokio::test(flavor = "multi_thread")]
async fn several_at_once_make_one_vault() {
    let directory = tempfile::tempdir().unwrap();
    let all: Vec<Child> = (0..4).map(|_| migrate(directory.path(), None)).collect();
    all.into_iter().for_each(succeeds);
    is_whole(directory.path()).await;
}

#[cfg(feature = "failpoints")]
#[tokio::test(flavor = "multi_thread")]
async fn one_that_is_killed_at_any_step_is_finished_by_the_next() {
    use std::os::unix::process::ExitStatusExt as _;
    let points = [
        "migrate.catalog",
        "migrate.root",
        "migrate.pending",
        "vault.keyring",
        "migrate.vault",
        "migrate.published",
    ];
    for point in points {
        let directory = tempfile::tempdir().unwrap();
        // Twice: what an interrupted one left may be interrupted again, unless it is past that step.
        let status = migrate(directory.path(), Some(point)).wait().unwrap();
        assert_eq!(status.signal(), Some(9), "{point}");
        let again = migrate(directory.path(), Some(point)).wait().unwrap();
        assert!(again.success() || again.signal() == Some(9), "{point}");
        succeeds(migrate(directory.path(), None));
        is_whole(directory.path()).await;
    }
}
