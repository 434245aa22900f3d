//! What was answered so far, read from the address and written back to it.

use std::str::FromStr;

use domain::{BackupId, Fault, Lines, SourceId, id::Id, tenancy::TenantKey};
use leptos::prelude::*;
use leptos_router::location::Url;

use crate::{
    layout::page::Visit,
    restores::request_api::What,
    tenancy::{address::restore_path, api::TenantRow, rows::tenant_name},
    ui::{
        text::{count, name},
        time::when,
    },
};

/// The steps, in their order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Step {
    /// From which point.
    From,
    /// What of it.
    What,
    /// Where to.
    To,
    /// Into the live database: the preview.
    Preview,
    /// Into a new database.
    New,
}

/// Where to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Destination {
    /// The live database.
    Live,
    /// A new one.
    New,
}

/// The answers so far.
pub struct Answers {
    /// Which source.
    pub source: SourceId,
    /// Which tenant.
    pub tenant: TenantKey,
    /// From which backup.
    pub backup: Option<BackupId>,
    /// What of it, once that is complete.
    pub what: Option<What>,
    /// What was asked to be chosen, complete or not.
    pub asked: Option<What>,
    /// Tables, one per line.
    pub tables: Lines,
    /// The table of the rows.
    pub table: String,
    /// Keys of the rows.
    pub keys: Lines,
    /// Why the keys cannot be read, if they cannot.
    pub wrong_line: Option<usize>,
    /// Where to.
    pub to: Option<Destination>,
}

const STEPS: [(Step, &str); 4] = [
    (Step::From, "From when"),
    (Step::What, "What of it"),
    (Step::To, "Where to"),
    (Step::Preview, "Preview"),
];

/// How [`What`] is written in an address.
pub const fn what_key(what: What) -> &'static str {
    match what {
        What::Everything => "everything",
        What::Tables => "tables",
        What::Rows => "rows",
    }
}

impl Answers {
    /// The answers in an address.
    pub fn read(visit: &Visit, source: SourceId, tenant: &TenantKey) -> Self {
        let tables = Lines(visit.asked("tables").unwrap_or_default());
        let table = visit.asked_exactly("table").unwrap_or_default();
        let keys = Lines(visit.asked("keys").unwrap_or_default());
        let asked = visit.asked("what").and_then(|key| {
            [What::Everything, What::Tables, What::Rows].into_iter().find(|what| what_key(*what) == key)
        });
        let wrong_line = keys.rows().err();
        let what = asked.filter(|what| match what {
            What::Everything => true,
            What::Tables => !tables.names().is_empty() && visit.asked("edit").is_none(),
            What::Rows => {
                !table.is_empty()
                    && keys.rows().is_ok_and(|rows| !rows.is_empty())
                    && visit.asked("edit").is_none()
            }
        });
        let to = visit.asked("to").and_then(|to| match to.as_str() {
            "live" => Some(Destination::Live),
            "new" => Some(Destination::New),
            _ => None,
        });
        Self {
            source,
            tenant: tenant.clone(),
            backup: visit.asked("backup").and_then(|text| Id::from_str(&text).ok()),
            what,
            asked,
            tables,
            table,
            keys,
            wrong_line,
            // Rows cannot be told apart in a backup that is loaded as a whole.
            to: to.filter(|to| *to == Destination::Live || what != Some(What::Rows)),
        }
    }

    /// The first step without an answer, or the last one.
    pub fn step(&self) -> Step {
        match (self.backup, self.what, self.to) {
            (None, ..) => Step::From,
            (Some(_), None, _) => Step::What,
            (Some(_), Some(_), None) => Step::To,
            (Some(_), Some(_), Some(Destination::Live)) => Step::Preview,
            (Some(_), Some(_), Some(Destination::New)) => Step::New,
        }
    }

    /// The page without answers.
    pub fn path(&self) -> String {
        restore_path(self.source, &self.tenant, None)
    }

    /// Fields of the answers up to before `step`, to go along in a form.
    pub fn fields(&self, step: Step) -> Vec<(&'static str, String)> {
        let mut fields = Vec::new();
        if step > Step::From {
            fields.extend(self.backup.map(|backup| ("backup", backup.to_string())));
        }
        if step > Step::What {
            fields.extend(self.what.map(|what| ("what", what_key(what).to_owned())));
            fields.extend(self.what_fields());
        }
        fields
    }

    /// Fields of what was chosen, whether or not it is complete.
    pub fn what_fields(&self) -> Vec<(&'static str, String)> {
        match self.asked {
            Some(What::Tables) => vec![("tables", self.tables.0.clone())],
            Some(What::Rows) => vec![("table", self.table.clone()), ("keys", self.keys.0.clone())],
            _ => Vec::new(),
        }
    }

    /// The address that asks `step` again.
    pub fn back_to(&self, step: Step) -> String {
        let mut fields = self.fields(step);
        if step == Step::What && matches!(self.asked, Some(What::Tables | What::Rows)) {
            fields.extend(self.asked.map(|what| ("what", what_key(what).to_owned())));
            fields.extend(self.what_fields());
            fields.push(("edit", "true".into()));
        }
        with_fields(&self.path(), &fields)
    }

    /// The line of steps.
    pub fn steps_view(&self) -> AnyView {
        let now = self.step().min(Step::Preview);
        let last = if self.to == Some(Destination::New) { "New database" } else { "Preview" };
        let items = STEPS.iter().map(|(step, title)| {
            let title = if *step == Step::Preview { last } else { title };
            match step.cmp(&now) {
                std::cmp::Ordering::Less => view! { <li class="done"><a href=self.back_to(*step)>{title}</a><span class="visually-hidden">": answered"</span></li> }.into_any(),
                std::cmp::Ordering::Equal => view! { <li class="now" aria-current="step">{title}</li> }.into_any(),
                std::cmp::Ordering::Greater => view! { <li>{title}</li> }.into_any(),
            }
        });
        view! { <ol class="steps" aria-label="Steps to a restore">{items.collect_view()}</ol> }.into_any()
    }

    /// What is chosen so far, each with the way to choose again.
    pub async fn chosen_panel(&self, tenant: &TenantRow, visit: &Visit) -> Result<AnyView, Fault> {
        let from = match self.backup {
            None => None,
            Some(id) => {
                let backup = visit.backend.get_backup(id).await?.row;
                if backup.source_id != self.source {
                    return Err(Fault::NotFound);
                }
                let again = self.again(Step::From, "the point");
                Some(
                    view! { <dt>"From"</dt><dd><a href=format!("/backups/{id}")>{when(backup.snapshot_at, visit.now)}</a>{again}</dd> },
                )
            }
        };
        let what = self.what.map(|what| {
            let words = match what {
                What::Everything => "everything".into_any(),
                What::Tables => count(self.tables.names().len() as u64, "table", "tables").into_any(),
                What::Rows => {
                    let rows = count(self.keys.rows().map_or(0, |rows| rows.len()) as u64, "row", "rows");
                    view! { {rows}" of "{name(&self.table)} }.into_any()
                }
            };
            view! { <dt>"What"</dt><dd>{words}{self.again(Step::What, "what")}</dd> }
        });
        let to = self.to.map(|to| {
            let words = match to {
                Destination::Live => view! { "the live database "{name(&tenant.database)} }.into_any(),
                Destination::New => "a new database".into_any(),
            };
            view! { <dt>"To"</dt><dd>{words}{self.again(Step::To, "the destination")}</dd> }
        });
        Ok(view! {
            <section class="panel c4">
                <header><h2>"Chosen so far"</h2></header>
                <dl class="facts">
                    <dt>"Tenant"</dt><dd>{tenant_name(tenant)}</dd>
                    <dt>"Of"</dt><dd>{name(&tenant.database)}</dd>
                    {from}
                    {what}
                    {to}
                </dl>
            </section>
        }
        .into_any())
    }

    fn again(&self, step: Step, what: &'static str) -> AnyView {
        view! { " "<a class="small" href=self.back_to(step)>"change"<span class="visually-hidden">{format!(" {what}")}</span></a> }
            .into_any()
    }
}

/// `path` with fields after `?`.
pub fn with_fields(path: &str, fields: &[(&'static str, String)]) -> String {
    let pairs = fields.iter().map(|(name, value)| format!("{name}={}", Url::escape(value)));
    let pairs = pairs.collect::<Vec<_>>();
    if pairs.is_empty() { path.to_owned() } else { format!("{path}?{}", pairs.join("&")) }
}

/// Fields that go along unseen in a form that asks by address.
pub fn along(fields: Vec<(&'static str, String)>) -> AnyView {
    fields
        .into_iter()
        .map(|(name, value)| view! { <input type="hidden" name=name value=value /> })
        .collect_view()
        .into_any()
}
