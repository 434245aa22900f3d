//! What a backup tells while it runs: the source's words and the store's, put together.

use std::sync::{Arc, Mutex};

use domain::backups::Progress;

use super::{Control, count};
use crate::source::{OnProgress, SourceProgress};

/// Puts what the source and the store say together into one progress.
pub(super) struct Meter {
    state: Arc<Mutex<Progress>>,
    tell: Arc<dyn Fn(Progress) + Send + Sync>,
}

impl Meter {
    pub fn new(control: &Control, phase: &str) -> Self {
        let state = Progress { phase: phase.to_owned(), ..Progress::default() };
        Self { state: Arc::new(Mutex::new(state)), tell: control.progress.clone() }
    }
    fn update(&self, change: impl FnOnce(&mut Progress)) {
        update(&self.state, &*self.tell, change);
    }
    pub fn listener(&self) -> OnProgress {
        let (state, tell) = (self.state.clone(), self.tell.clone());
        Arc::new(move |source: SourceProgress| {
            update(&state, &*tell, |progress| {
                progress.bytes = source.bytes;
                progress.tables = count(source.tables_done);
                progress.tables_expected = count(source.tables_total);
                progress.table = source.current_table;
            });
        })
    }
    pub fn expect(&self, bytes: u64) {
        self.update(|progress| progress.bytes_expected = (bytes > 0).then_some(bytes));
    }
    pub fn phase(&self, phase: &str) {
        self.update(|progress| phase.clone_into(&mut progress.phase));
    }
    pub fn stored(&self, bytes: u64) {
        self.update(|progress| progress.stored_bytes = bytes);
    }
}

fn update(
    state: &Mutex<Progress>,
    tell: &(dyn Fn(Progress) + Send + Sync),
    change: impl FnOnce(&mut Progress),
) {
    let Ok(mut progress) = state.lock() else { return };
    change(&mut progress);
    let now = progress.clone();
    drop(progress);
    tell(now);
}
