//! One line for each endpoint: what it needs, and a body that names things of the first organisation.

use domain::access::Permission;

use crate::world::{Tenant, form};

/// Who may come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Needs {
    /// Anybody, signed in or not.
    Nothing,
    /// Whoever is signed in.
    SignIn,
    /// A permission, and what it is about lies in the organisation of the body.
    Of(Permission),
    /// The role that runs the installation, in whichever organisation.
    Platform,
    /// A permission; it is about the caller's own organisation, so there is nothing foreign to name.
    Own(Permission),
}

/// An endpoint.
pub struct Case {
    pub path: String,
    pub needs: Needs,
    /// What is posted; none for what is fetched.
    pub body: Option<String>,
}

fn post(path: &str, needs: Needs, fields: &[(&str, &str)]) -> Case {
    Case { path: path.into(), needs, body: Some(form(fields)) }
}

/// Every server function.
pub fn functions(of: &Tenant) -> Vec<Case> {
    use Needs::{Nothing, Of, Own, Platform, SignIn};
    use Permission as P;
    let (connection, source, run, backup) =
        (of.connection.to_string(), of.source.to_string(), of.run.to_string(), of.backup.to_string());
    let user = of.users[&domain::access::Role::Viewer].to_string();
    let webhook = of.webhook.to_string();
    // No request of a restore has the id of a run; whoever names one is told that there is none.
    let restore = of.restore.to_string();
    let decide_request =
        [("request[id]", run.as_str()), ("request[digest]", "00"), ("request[comment]", "no")];
    let decide = [("request[id]", restore.as_str()), ("request[digest]", "00")];
    let change = [
        ("request[id]", restore.as_str()),
        ("request[digest]", "00"),
        ("request[database]", "grc2"),
        ("request[tenant]", "7"),
    ];
    vec![
        post(
            "/fn/access/first_run",
            Nothing,
            &[
                ("request[organisation]", "Us"),
                ("request[name]", "Ann"),
                ("request[email]", "ann@us.example"),
                ("request[password]", "a long password"),
                ("request[code]", "wrong"),
            ],
        ),
        post("/fn/access/confirm_recovery_key", SignIn, &[("request[recovery_key]", "wrong")]),
        post(
            "/fn/access/sign_in",
            Nothing,
            &[("request[email]", "x@y.example"), ("request[password]", "wrong")],
        ),
        post("/fn/access/sign_out", Nothing, &[]),
        post("/fn/access/end_session", SignIn, &[("request[handle]", "wrong")]),
        post("/fn/access/choose_organisation", SignIn, &[("request[id]", &run)]),
        post("/fn/access/end_other_sessions", SignIn, &[]),
        post(
            "/fn/access/give_role",
            Of(P::ManageUsers),
            &[("request[id]", &user), ("request[role]", "viewer")],
        ),
        post(
            "/fn/access/take_role",
            Of(P::ManageUsers),
            &[("request[id]", &user), ("request[role]", "operator")],
        ),
        // What is typed is not the person's address: nobody is removed, and whoever may is told so.
        post(
            "/fn/access/remove_person",
            Of(P::ManageUsers),
            &[("request[id]", &user), ("request[confirm]", "nobody")],
        ),
        post("/fn/access/save_role", Own(P::ManageUsers), &[("request[name]", "Nothing")]),
        post("/fn/access/remove_role", Of(P::ManageUsers), &[("request[id]", &run)]),
        post("/fn/access/save_group", Own(P::ManageUsers), &[("request[name]", "Nobody")]),
        post("/fn/access/remove_group", Of(P::ManageUsers), &[("request[id]", &run)]),
        post(
            "/fn/access/join_group",
            Of(P::ManageUsers),
            &[("request[id]", &run), ("request[user_id]", &user)],
        ),
        post(
            "/fn/access/leave_group",
            Of(P::ManageUsers),
            &[("request[id]", &run), ("request[user_id]", &user)],
        ),
        post("/fn/access/revoke_invitation", Of(P::ManageUsers), &[("request[id]", &run)]),
        post(
            "/fn/access/accept_invitation",
            Nothing,
            &[
                ("request[token]", "wrong"),
                ("request[name]", "Eve"),
                ("request[password]", "another password"),
            ],
        ),
        post("/fn/access/join_organisation", SignIn, &[("request[token]", "wrong")]),
        post("/fn/access/add_organisation", Platform, &[("request[name]", "Ours")]),
        post("/fn/access/second_step", SignIn, &[("request[code]", "000000")]),
        post("/fn/access/confirm_identity", SignIn, &[("request[proof]", "wrong")]),
        post("/fn/access/begin_passkey", SignIn, &[]),
        post("/fn/access/add_passkey", SignIn, &[("request[name]", "phone"), ("request[credential]", "{}")]),
        post("/fn/access/remove_passkey", SignIn, &[("request[id]", &run)]),
        post("/fn/access/ask_passkey", Nothing, &[]),
        post("/fn/access/use_passkey", Nothing, &[("request[credential]", "{}")]),
        post("/fn/access/offer_app", SignIn, &[]),
        post("/fn/access/remove_app", SignIn, &[]),
        post(
            "/fn/access/set_sign_in_policy",
            Own(P::ManageUsers),
            &[("request[requires]", "nobody"), ("request[grace_days]", "7")],
        ),
        post("/fn/access/revoke_token", SignIn, &[("request[id]", &run)]),
        post(
            "/fn/access/change_password",
            SignIn,
            &[("request[current]", "wrong"), ("request[new]", "another password")],
        ),
        post(
            "/fn/access/reset_password",
            Nothing,
            &[("request[token]", "wrong"), ("request[new]", "another password")],
        ),
        post(
            "/fn/access/change_user",
            Of(P::ManageUsers),
            &[("request[id]", &user), ("request[role]", "viewer"), ("request[enabled]", "true")],
        ),
        post("/fn/approvals/approve", Of(P::ReadBackups), &decide_request),
        post("/fn/approvals/reject", Of(P::ReadBackups), &decide_request),
        post(
            "/fn/approvals/comment",
            Of(P::ReadBackups),
            &[("request[id]", &run), ("request[comment]", "why?")],
        ),
        post("/fn/approvals/withdraw", Of(P::ReadBackups), &decide_request[..1]),
        post(
            "/fn/approvals/act_alone",
            Of(P::ActAlone),
            &[("request[id]", &run), ("request[reason]", "fire")],
        ),
        post(
            "/fn/approvals/delete_backup",
            Of(P::ManagePolicies),
            &[("request[id]", &backup), ("request[confirm]", "wrong"), ("request[reason]", "why")],
        ),
        post(
            "/fn/approvals/set_rule",
            Own(P::ManageUsers),
            &[
                ("request[class]", "delete_backup"),
                ("request[approvals]", "2"),
                ("request[within_hours]", "24"),
                ("request[cool_off_hours]", "1"),
                ("request[reason]", "safer"),
            ],
        ),
        post("/fn/approvals/work_alone", Own(P::ManageUsers), &[("request[alone]", "true")]),
        post(
            "/fn/approvals/add_absence",
            Own(P::ReadBackups),
            &[("request[from]", "wrong"), ("request[through]", "wrong")],
        ),
        post("/fn/approvals/end_absence", Of(P::ReadBackups), &[("request[id]", &run)]),
        post("/fn/alerts/set_channels", Own(P::ManageAlerts), &[("request[email_to]", "")]),
        post("/fn/alerts/test", Own(P::ManageAlerts), &[]),
        post(
            "/fn/alerts/add_webhook",
            Own(P::ManageAlerts),
            &[
                ("request[url]", "https://hook.example/y"),
                ("request[secret]", "sixteen letters."),
                ("request[acts][]", "backup.complete"),
            ],
        ),
        post("/fn/alerts/remove_webhook", Of(P::ManageAlerts), &[("request[id]", &webhook)]),
        post("/fn/alerts/resume_webhook", Of(P::ManageAlerts), &[("request[id]", &webhook)]),
        post("/fn/backups/start", Of(P::StartBackup), &[("request[source_id]", &source)]),
        post("/fn/backups/verify", Of(P::VerifyBackup), &[("request[id]", &backup)]),
        post("/fn/backups/cancel_run", Of(P::StartBackup), &[("request[id]", &run)]),
        post("/fn/backups/run", Of(P::ReadBackups), &[("request[id]", &run)]),
        post("/fn/layout/appearance", Nothing, &[("theme", "dark")]),
        post(
            "/fn/policies/set_schedule",
            Of(P::ManagePolicies),
            &[("request[source_id]", &source), ("request[cron]", "0 3 * * *"), ("request[enabled]", "true")],
        ),
        post(
            "/fn/restores/start",
            Of(P::RequestRestore),
            &[
                ("request[backup_id]", &backup),
                ("request[connection_id]", &connection),
                ("request[database]", "copy"),
                ("request[confirm]", "copy"),
            ],
        ),
        post(
            "/fn/restores/plan",
            Of(P::RequestRestore),
            &[("request[backup_id]", &backup), ("request[tenant]", "7"), ("request[what]", "everything")],
        ),
        post("/fn/restores/request", Of(P::RequestRestore), &decide),
        post("/fn/restores/approve", Of(P::ApproveRestore), &decide),
        post("/fn/restores/reject", Of(P::ApproveRestore), &decide),
        post("/fn/restores/withdraw", Of(P::RequestRestore), &decide[..1]),
        post("/fn/restores/apply", Of(P::ApplyRestore), &change),
        post("/fn/restores/undo", Of(P::ApplyRestore), &change),
        post(
            "/fn/tenancy/export",
            Of(P::ExportBackup),
            &[("request[backup_id]", &backup), ("request[tenant]", "7"), ("request[format]", "csv")],
        ),
        post(
            "/fn/tenancy/set_mapping",
            Of(P::ManageTenantMap),
            &[
                ("request[source_id]", &source),
                ("request[version]", "1"),
                ("request[table]", "control"),
                ("request[route]", "shared"),
            ],
        ),
        post(
            "/fn/tenancy/infer_map",
            Of(P::ManageTenantMap),
            &[("request[source_id]", &source), ("request[tenant_column]", "TenantId")],
        ),
        post(
            "/fn/tenancy/confirm_map",
            Of(P::ManageTenantMap),
            &[("request[source_id]", &source), ("request[version]", "1")],
        ),
        post(
            "/fn/tenancy/set_engine",
            Of(P::ManageSources),
            &[("request[source_id]", &source), ("request[engine]", "native")],
        ),
        post(
            "/fn/sources/add_connection",
            Own(P::ManageSources),
            &[
                ("request[name]", "Second"),
                ("request[host]", "db2.example"),
                ("request[port]", "3306"),
                ("request[user]", "backup"),
                ("request[password]", "x"),
                ("request[tls]", "verify"),
            ],
        ),
        post(
            "/fn/sources/change_connection",
            Of(P::ManageSources),
            &[
                ("request[id]", &connection),
                ("request[version]", "1"),
                ("request[name]", "Renamed"),
                ("request[host]", "db1.example"),
                ("request[port]", "3306"),
                ("request[user]", "backup"),
                ("request[password]", ""),
                ("request[tls]", "verify"),
            ],
        ),
        post("/fn/sources/probe_connection", Of(P::ProbeSources), &[("request[id]", &connection)]),
        post(
            "/fn/sources/add_source",
            Of(P::ManageSources),
            &[("request[connection_id]", &connection), ("request[database]", "tprm_integration")],
        ),
        post("/fn/sources/add_server", Of(P::ManageSources), &[("request[id]", &connection)]),
    ]
}

/// Every page, with the ids of an organisation in its path.
pub fn pages(of: &Tenant) -> Vec<(&'static str, Case)> {
    use Needs::{Nothing, Of, Own, Platform, SignIn};
    use Permission as P;
    let user = of.users[&domain::access::Role::Viewer].to_string();
    let page = |pattern: &'static str, id: String, needs| {
        let path = pattern.replace("{id}", &id).replace("{key}", "7");
        let path = if pattern.ends_with("/table") { path + "?name=control" } else { path };
        (pattern, Case { path, needs, body: None })
    };
    let none = String::new;
    vec![
        page("/", none(), Own(P::ReadBackups)),
        page("/sources", none(), Own(P::ReadSources)),
        page("/sources/{id}", of.source.to_string(), Of(P::ReadSources)),
        page("/sources/{id}/tenants", of.source.to_string(), Of(P::ReadBackups)),
        page("/sources/{id}/tenants/{key}", of.source.to_string(), Of(P::ReadBackups)),
        page("/sources/{id}/tenants/{key}/restore", of.source.to_string(), Of(P::RequestRestore)),
        page("/sources/{id}/map", of.source.to_string(), Of(P::ReadSources)),
        page("/sources/{id}/map/table", of.source.to_string(), Of(P::ReadSources)),
        page("/sources/{id}/map/confirm", of.source.to_string(), Of(P::ManageTenantMap)),
        page("/tenants", none(), Own(P::ReadBackups)),
        page("/restores", none(), Own(P::ReadBackups)),
        page("/restores/{id}", of.restore.to_string(), Of(P::ReadBackups)),
        page("/restores/{id}/table", of.restore.to_string(), Of(P::ReadContents)),
        page("/connections/new", none(), Own(P::ManageSources)),
        page("/connections/{id}", of.connection.to_string(), Of(P::ReadSources)),
        page("/backups", none(), Own(P::ReadBackups)),
        page("/backups/{id}", of.backup.to_string(), Of(P::ReadBackups)),
        page("/backups/{id}/delete", of.backup.to_string(), Of(P::ManagePolicies)),
        page("/approvals", none(), Own(P::ReadBackups)),
        page("/approvals/{id}", of.run.to_string(), Of(P::ReadBackups)),
        page("/settings/approvals", none(), Own(P::ReadBackups)),
        page("/runs", none(), Own(P::ReadBackups)),
        page("/runs/{id}", of.run.to_string(), Of(P::ReadBackups)),
        page("/audit", none(), Own(P::ReadAudit)),
        page("/audit/{id}", "1".to_owned(), Own(P::ReadAudit)),
        page("/settings", none(), Own(P::ReadSettings)),
        page("/settings/webhooks", none(), Own(P::ManageAlerts)),
        page("/settings/people", none(), Own(P::ReadUsers)),
        page("/settings/people/add", none(), Own(P::ReadUsers)),
        page("/settings/people/link", none(), Own(P::ReadUsers)),
        page("/people/{id}", user, Of(P::ReadUsers)),
        page("/roles", none(), Own(P::ReadUsers)),
        page("/groups", none(), Own(P::ReadUsers)),
        page("/invitations", none(), Own(P::ReadUsers)),
        page("/invitations/renew", none(), Own(P::ReadUsers)),
        page("/invitation", none(), Nothing),
        page("/organisations", none(), Platform),
        page("/profile", none(), SignIn),
        page("/profile/tokens", none(), SignIn),
        page("/profile/security", none(), SignIn),
        page("/profile/security/app", none(), SignIn),
        page("/confirm-identity", none(), SignIn),
        page("/settings/sign-in", none(), Own(P::ReadSettings)),
        page("/sign-in", none(), Nothing),
        page("/sign-in/second", none(), Nothing),
        page("/reset", none(), Nothing),
        page("/setup", none(), Nothing),
        page("/setup/recovery-key", none(), Nothing),
    ]
}

/// Streams and downloads.
pub fn streams(of: &Tenant) -> Vec<(&'static str, Case)> {
    use Needs::{Of, Own};
    use Permission as P;
    let stream = |pattern: &'static str, id: String, needs| {
        (pattern, Case { path: pattern.replace("{id}", &id), needs, body: None })
    };
    vec![
        stream("/events/runs/{id}", of.run.to_string(), Of(P::ReadBackups)),
        stream("/events/overview", String::new(), Own(P::ReadBackups)),
        stream("/runs/{id}/file", of.run.to_string(), Of(P::ExportBackup)),
        stream("/audit/export", String::new(), Own(P::ReadAudit)),
        stream("/backups/{id}/export", of.backup.to_string(), Of(P::ExportBackup)),
    ]
}

/// Pages that answer a post themselves.
pub fn posted_pages(of: &Tenant) -> Vec<Case> {
    let user = of.users[&domain::access::Role::Viewer].to_string();
    vec![
        post(
            "/settings/people/add",
            Needs::Own(Permission::ManageUsers),
            &[("name", "New"), ("email", "new@us.example"), ("role", "viewer")],
        ),
        post("/settings/people/link", Needs::Of(Permission::ManageUsers), &[("id", &user)]),
        post(
            "/invitations",
            Needs::Own(Permission::ManageUsers),
            &[("email", "guest@us.example"), ("role", "viewer"), ("days", "30")],
        ),
        post("/invitations/renew", Needs::Of(Permission::ManageUsers), &[("id", &of.run.to_string())]),
        post(
            "/profile/tokens",
            Needs::SignIn,
            &[("name", "nightly"), ("days", "30"), ("scopes", "ReadBackups")],
        ),
        post("/profile/security", Needs::SignIn, &[]),
        post("/profile/security/app", Needs::SignIn, &[("code", "000000")]),
    ]
}
