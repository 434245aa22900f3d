//! How long each phase of a verb took.

use std::sync::Arc;

use domain::{Clock, Timestamp, backups::Phase};

/// Measures phases that follow each other.
pub struct Phases {
    clock: Arc<dyn Clock>,
    done: Vec<Phase>,
    current: Option<(&'static str, Timestamp)>,
}

impl Phases {
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self { clock, done: Vec::new(), current: None }
    }
    /// Ends the current phase and begins another.
    pub fn begin(&mut self, name: &'static str) {
        self.end();
        self.current = Some((name, self.clock.now()));
    }
    fn end(&mut self) {
        if let Some((name, began_at)) = self.current.take() {
            let took_ms = self.clock.now().since_ms(began_at);
            self.done.push(Phase { name: name.to_owned(), began_at, took_ms });
        }
    }
    /// Ends the current phase and gives them all.
    pub fn finish(mut self) -> Vec<Phase> {
        self.end();
        self.done
    }
}
