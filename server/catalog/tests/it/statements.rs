//! Every statement that names a table of an organisation also names the organisation.

/// Tables whose rows belong to an organisation.
const TABLES: [&str; 43] = [
    "connections",
    "sources",
    "schedules",
    "missed_slots",
    "runs",
    "run_events",
    "new_databases",
    "backups",
    "copies",
    "physical_backups",
    "evidence",
    "channels",
    "notices",
    "memberships",
    "custom_roles",
    "member_roles",
    "people_groups",
    "group_roles",
    "group_members",
    "invitations",
    "tenants",
    "audit",
    "audit_chains",
    "audit_entries",
    "audit_marks",
    "audit_removed",
    "tenant_maps",
    "map_tables",
    "map_versions",
    "source_tenants",
    "backup_tenants",
    "restore_requests",
    "restore_events",
    "restore_tables",
    "run_columns",
    "api_tokens",
    "api_answers",
    "webhooks",
    "approval_requests",
    "approval_decisions",
    "approval_rules",
    "approval_alone",
    "approval_absences",
];

/// Statements that name one of them, at least: fewer means that this test has lost sight of some.
const AT_LEAST: usize = 130;

/// Text of every string literal of a source file; `concat!` and line continuations join by themselves because
/// neighbouring literals within one call are one statement.
fn statements(source: &str) -> Vec<String> {
    let mut found = Vec::new();
    for (at, _) in source.match_indices('"') {
        let before = source[..at].matches('"').count() - source[..at].matches("\\\"").count();
        if before % 2 == 1 {
            continue;
        }
        let literal: String = source[at + 1..].chars().take_while(|c| *c != '"').collect();
        found.push(literal.split_whitespace().collect::<Vec<_>>().join(" "));
    }
    found
}

fn is_statement(text: &str) -> bool {
    let verbs = ["select ", "insert into ", "update ", "delete from ", "with ", " from "];
    verbs.iter().any(|verb| text.starts_with(verb.trim_end()) || text.starts_with(verb)) && text.contains(' ')
}

fn names(text: &str, table: &str) -> bool {
    ["from ", "into ", "update ", "join "].iter().any(|word| {
        text.match_indices(&format!("{word}{table}")).any(|(at, found)| {
            !text[at + found.len()..].starts_with(|c: char| c.is_alphanumeric() || c == '_')
        })
    })
}

fn files(dir: &std::path::Path, found: &mut Vec<std::path::PathBuf>) {
    for entry in std::fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { files(&path, found) } else { found.push(path) }
    }
}

#[test]
fn every_statement_about_an_organisation_names_it() {
    let mut sources = Vec::new();
    files(&std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut sources);
    let (mut counted, mut wrong) = (0, Vec::new());
    for path in sources {
        let text = std::fs::read_to_string(&path).unwrap();
        // Without comments, whose quotation marks are not literals.
        let code: Vec<_> = text.lines().filter(|line| !line.trim_start().starts_with("//")).collect();
        for statement in statements(&code.join("\n")) {
            if is_statement(&statement) && TABLES.iter().any(|table| names(&statement, table)) {
                counted += 1;
                if !statement.contains("tenant_id") {
                    wrong.push(format!("{}: {statement}", path.display()));
                }
            }
        }
    }
    // Old answers are removed whosever they are. Claiming goes by a run's own id: the organisation comes from the row. The age of the oldest verification at
    // work is a time and nothing else: it says which leftovers on a verification server nobody can own any more.
    let across = [
        "delete from api_answers where begun_at <= $1",
        "update runs set state = 'running', starts = starts + 1",
        "select min(claimed_at) from runs where state = 'running' and kind in ('verify', 'restore')",
    ];
    wrong.retain(|line| !across.iter().any(|statement| line.contains(statement)));
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert!(counted >= AT_LEAST, "only {counted} statements were found");
}
