//! Counts the statements that the catalog sends.

use std::sync::{
    Once,
    atomic::{AtomicU64, Ordering},
};

use tracing::{
    Event, Metadata, Subscriber,
    field::{Field, Visit},
    span,
};

static SELECTS: AtomicU64 = AtomicU64::new(0);

struct Counting;

/// Whether the text of the statement begins as a query does.
#[derive(Default)]
struct Summary(bool);

impl Visit for Summary {
    fn record_debug(&mut self, field: &Field, value: &dyn std::fmt::Debug) {
        if field.name() == "summary" {
            self.0 = format!("{value:?}").trim_start_matches('"').to_lowercase().starts_with("select");
        }
    }
}

impl Subscriber for Counting {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target() == "sqlx::query"
    }
    fn new_span(&self, _: &span::Attributes<'_>) -> span::Id {
        span::Id::from_u64(1)
    }
    fn record(&self, _: &span::Id, _: &span::Record<'_>) {}
    fn record_follows_from(&self, _: &span::Id, _: &span::Id) {}
    fn event(&self, event: &Event<'_>) {
        let mut summary = Summary::default();
        event.record(&mut summary);
        SELECTS.fetch_add(u64::from(summary.0), Ordering::AcqRel);
    }
    fn enter(&self, _: &span::Id) {}
    fn exit(&self, _: &span::Id) {}
}

/// Queries of this process so far; those of other tests count too, so each needs a process of its own (nextest).
pub fn selects() -> u64 {
    static BEGIN: Once = Once::new();
    BEGIN.call_once(|| tracing::subscriber::set_global_default(Counting).unwrap());
    SELECTS.load(Ordering::Acquire)
}
