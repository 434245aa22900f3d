//! Two organisations of the same shape: whatever one asks, nothing of the other is in the answer.

use std::{collections::BTreeMap, fmt::Debug};

use catalog::{
    ApprovalQuery, Asked as Became, BackupQuery, ChangeConnection, Error, GivenRole, GroupWish, Inferred,
    MapQuery, NewAbsence, NewChannels, NewInvitation, NewUser, RestoreQuery, RunQuery, RunRequest,
    TenantCatalog, TenantQuery, TrailQuery, Which,
};
use domain::{
    AbsenceId, ApprovalId, BackupId, GroupId, InvitationId, RestoreId, RoleId, RunId, UserId,
    access::Role,
    approvals::{Change, Verdict},
    audit::{Act, Deed, Object},
    id::WebhookId,
    policies::schedule::Schedule,
    powers::{PermissionSet, RoleRef},
    restores::{Difference, RestoreToNew, Selection, TableDifference, TenantRestore},
    sign_in::AskedOf,
    sources::{DatabaseName, EngineKind},
    tenancy::{ExportFormat, Route},
};

use crate::world::{HOUR, NOON, Tenant, World, connection, contract, map, raw, tenant_key};

/// Every id and word of the other organisation.
struct Theirs {
    tenant: Tenant,
    user: UserId,
    run: RunId,
    backup: BackupId,
    restore: RestoreId,
    request: ApprovalId,
    absence: AbsenceId,
    role: RoleId,
    group: GroupId,
    invitation: InvitationId,
    webhook: WebhookId,
    words: Vec<String>,
}

async fn seed(world: &World, tenant: Tenant, mark: &str) -> Theirs {
    let rows = world.tenant(tenant);
    let new = NewUser {
        name: format!("{mark} person"),
        email: format!("{mark}@example.org"),
        role: Role::TenantAdmin,
        password_hash: None,
    };
    let user = rows.create_user(new).await.unwrap();
    let channels = NewChannels { email_to: Some(format!("{mark}@ops.example")), ..NewChannels::default() };
    rows.set_channels(channels).await.unwrap();
    rows.queue_test_notice().await.unwrap();
    let request = RunRequest::InferMap { source_id: tenant.source, tenant_column: "TenantId".into() };
    let claim = world.claim(rows.create_run(request, None).await.unwrap()).await;
    let table = format!("table_of_{mark}");
    let found =
        Inferred { map: map(&[&table]), choices: BTreeMap::default(), drift: Vec::new(), spelling: None };
    world.catalog.lease(&claim).complete_infer(&found).await.unwrap();
    rows.confirm_map(tenant.source, 1).await.unwrap();
    let claim = world.claim(world.start_backup(tenant).await).await;
    let mut new = world.split(1, map(&[&table]), Vec::new());
    new.split.as_mut().unwrap().tenants[0].key = tenant_key(&format!("tenant-of-{mark}"));
    let verify = world.catalog.lease(&claim).complete_backup(new).await.unwrap().unwrap();
    let backup = claim.run().backup_id.unwrap();
    world.prove(verify, true).await;
    let wish = TenantRestore { backup_id: backup, tenant: tenant_key("1"), selection: Selection::Everything };
    let (restore, plan) = rows.plan_restore(&wish).await.unwrap();
    let claim = world.claim(plan).await;
    world.catalog.lease(&claim).complete_plan(&difference(&table), 1).await.unwrap();
    let role = rows.create_role(&format!("Role of {mark}"), PermissionSet::NONE).await.unwrap();
    let external_name = Some(format!("elsewhere-{mark}"));
    let roles = vec![RoleRef::Custom(role)];
    let wish = GroupWish { name: format!("Group of {mark}"), external_name, roles };
    let group = rows.create_group(&wish).await.unwrap();
    rows.join_group(group, user).await.unwrap();
    let invitation = NewInvitation {
        email: format!("guest-{mark}@example.org"),
        roles: vec![GivenRole { role: RoleRef::Custom(role), expires_at: None }],
        token_sha256: mark.as_bytes().to_vec(),
        expires_at: NOON.plus_ms(HOUR),
    };
    let invitation = rows.create_invitation(&invitation).await.unwrap();
    let run = rows.get_backup(backup).await.unwrap().run_id;
    let deletion = Change::DeleteBackup { backup_id: backup };
    let Became::Waiting(request) = rows.ask_or_do(&deletion, mark).await.unwrap() else {
        panic!("somebody has to agree")
    };
    let away = NewAbsence { user, from: NOON, until: NOON.plus_ms(HOUR), deputy: None };
    let absence = rows.add_absence(away).await.unwrap();
    let webhook = catalog::NewWebhook {
        url: format!("https://{mark}.example/hook"),
        secret: catalog::Sealed(vec![1]),
        acts: vec![Act::BackupComplete],
    };
    let webhook = rows.create_webhook(webhook).await.unwrap();
    let words = vec![
        tenant.id.to_string(),
        tenant.connection.to_string(),
        tenant.source.to_string(),
        tenant.probe.to_string(),
        user.to_string(),
        backup.to_string(),
        run.to_string(),
        verify.to_string(),
        restore.to_string(),
        request.to_string(),
        absence.to_string(),
        role.to_string(),
        group.to_string(),
        invitation.to_string(),
        webhook.to_string(),
        mark.to_owned(),
    ];
    Theirs { tenant, user, run, backup, restore, request, absence, role, group, invitation, webhook, words }
}

fn difference(table: &str) -> Difference {
    let changed = TableDifference { table: table.into(), inserts: 1, ..TableDifference::default() };
    Difference {
        tables: vec![changed],
        foreign_rows: 0,
        obstacles: Vec::new(),
        remarks: Vec::new(),
        digest: "d".into(),
        bytes_read: 1,
        bytes_whole: 1,
    }
}

/// What was asked so far.
struct Asked<'a> {
    theirs: &'a Theirs,
    methods: Vec<&'static str>,
}

impl Asked<'_> {
    /// An answer must not hold anything of theirs.
    fn clean<T: Debug>(&mut self, method: &'static str, answer: Result<T, Error>) {
        self.methods.push(method);
        let text = format!("{answer:?}");
        assert!(answer.is_ok(), "{method}: {text}");
        self.check(method, &text);
    }
    /// Asked for theirs by id, the answer is that there is no such thing.
    fn missing<T: Debug>(&mut self, method: &'static str, answer: Result<T, Error>) {
        self.methods.push(method);
        assert!(matches!(answer, Err(Error::NotFound { .. })), "{method}: {answer:?}");
    }
    /// Lists about one of theirs are empty.
    fn empty<T: Debug>(&mut self, method: &'static str, answer: Result<Vec<T>, Error>) {
        self.methods.push(method);
        assert!(answer.unwrap().is_empty(), "{method}");
    }
    fn check(&self, method: &str, text: &str) {
        for word in &self.theirs.words {
            assert!(!text.contains(word.as_str()), "{method} tells {word}: {text}");
        }
    }
}

async fn ask_everything(world: &World, ours: &TenantCatalog<'_>, asked: &mut Asked<'_>) {
    let theirs = asked.theirs;
    let daily = Schedule::parse("0 2 * * *", NOON).unwrap();
    asked.clean("list_connections", ours.list_connections().await);
    asked.missing("get_connection", ours.get_connection(theirs.tenant.connection).await);
    asked.clean("create_connection", ours.create_connection(connection(&*world.clock, "second")).await);
    let mut values = connection(&*world.clock, "stolen");
    values.id = theirs.tenant.connection;
    asked.missing("change_connection", ours.change_connection(ChangeConnection { values, version: 1 }).await);
    asked.clean("list_sources", ours.list_sources().await);
    asked.missing("get_source", ours.get_source(theirs.tenant.source).await);
    let database = DatabaseName::new("grc2").unwrap();
    asked.missing("create_source", ours.create_source(theirs.tenant.connection, &database, &daily).await);
    asked.missing(
        "create_server_source",
        ours.create_server_source(theirs.tenant.connection, &daily, &daily).await,
    );
    let whole = ours.find_server_source(theirs.tenant.connection).await;
    asked.empty("find_server_source", whole.map(|source| source.into_iter().collect()));
    let incremental = ours.set_incremental_schedule(theirs.tenant.source, &daily, false).await;
    asked.missing("set_incremental_schedule", incremental);
    asked.missing("set_schedule", ours.set_schedule(theirs.tenant.source, &daily, false).await);

    let requests = [
        RunRequest::Backup { source_id: theirs.tenant.source, label: None },
        RunRequest::Files {
            source_id: theirs.tenant.source,
            label: None,
            continues: catalog::Continues::Newest,
            sums: true,
        },
        RunRequest::Verify { backup_id: theirs.backup },
        RunRequest::Restore(RestoreToNew {
            backup_id: theirs.backup,
            connection_id: world.ours.connection,
            database: database.clone(),
            only: domain::restores::Part::default(),
            definers: domain::definers::Definers::default(),
        }),
        RunRequest::Probe { connection_id: theirs.tenant.connection },
        RunRequest::TenantBackup { source_id: theirs.tenant.source, tenant: tenant_key("1"), label: None },
        RunRequest::Export { backup_id: theirs.backup, tenant: tenant_key("1"), format: ExportFormat::Csv },
        RunRequest::InferMap { source_id: theirs.tenant.source, tenant_column: "x".into() },
    ];
    for request in requests {
        asked.missing("create_run", ours.create_run(request, None).await);
    }
    asked.missing("request_cancel", ours.request_cancel(theirs.tenant.probe).await);
    asked.clean("list_runs", ours.list_runs(&RunQuery::default()).await);
    for query in [
        RunQuery { source: Some(theirs.tenant.source), ..RunQuery::default() },
        RunQuery { connection: Some(theirs.tenant.connection), ..RunQuery::default() },
        RunQuery { backup: Some(theirs.backup), ..RunQuery::default() },
    ] {
        asked.empty("list_runs", ours.list_runs(&query).await.map(|page| page.rows));
    }
    asked.missing("get_run", ours.get_run(theirs.run).await);
    asked.empty("run_events", ours.run_events(theirs.run, 0).await);

    asked.clean(
        "list_backups",
        ours.list_backups(&BackupQuery { removed: true, ..BackupQuery::default() }).await,
    );
    let of_theirs = BackupQuery { source: Some(theirs.tenant.source), ..BackupQuery::default() };
    asked.empty("list_backups", ours.list_backups(&of_theirs).await.map(|page| page.rows));
    asked.missing("get_backup", ours.get_backup(theirs.backup).await);
    asked.empty("chain", ours.chain(theirs.backup).await);
    assert_eq!(ours.count_continuing(theirs.backup).await.unwrap(), 0);
    asked.clean("count_continuing", ours.count_continuing(theirs.backup).await);
    asked.empty("list_copies", ours.list_copies(theirs.backup).await);
    asked.empty("list_evidence", ours.list_evidence(theirs.backup).await);

    ask_of_tenants(ours, asked).await;
    ask_of_restores(ours, asked).await;
    ask_of_approvals(ours, asked).await;
    asked.clean("days", ours.days(domain::Timestamp(0)).await);
    asked.clean("expected_and_completed", ours.expected_and_completed(domain::Timestamp(0)).await);
    let stored = ours.stored_by_day(3).await.unwrap();
    assert_eq!(stored[2].stored.0, 1_000, "one backup of ours, none of theirs");
    asked.clean("stored_by_day", Ok(stored));
    let uses = ours.vault_use().await.unwrap();
    assert_eq!(uses[0].backups, 1);
    asked.clean("vault_use", Ok(uses));
    asked.clean("restore_times", ours.restore_times().await);

    asked.clean("list_users", ours.list_users(None).await);
    asked.missing("get_user", ours.get_user(theirs.user).await);
    let new =
        NewUser { name: "N".into(), email: "n@example.org".into(), role: Role::Viewer, password_hash: None };
    asked.clean("create_user", ours.create_user(new).await);
    asked.missing("change_user", ours.change_user(theirs.user, Role::Viewer, false).await);
    let link = ours.create_password_link(theirs.user, &[1; 32], NOON.plus_ms(HOUR)).await;
    asked.missing("create_password_link", link);
    let viewer = GivenRole { role: Role::Viewer.into(), expires_at: None };
    asked.missing("change_roles", ours.change_roles(asked.theirs.user, &[viewer], true).await);
    asked.missing("give_role", ours.give_role(asked.theirs.user, viewer).await);
    asked.missing("take_role", ours.take_role(asked.theirs.user, viewer.role).await);
    asked.missing("enable_user", ours.enable_user(asked.theirs.user, false).await);
    asked.missing("would_end", ours.would_end(asked.theirs.user).await);
    asked.missing("remove_user", ours.remove_user(asked.theirs.user).await);
    let (role, group, invitation) = (asked.theirs.role, asked.theirs.group, asked.theirs.invitation);
    let webhook = asked.theirs.webhook;
    asked.clean("list_roles", ours.list_roles().await);
    asked.clean("create_role", ours.create_role("Ours", PermissionSet::NONE).await);
    asked.missing("change_role", ours.change_role(role, "Other", PermissionSet::NONE).await);
    asked.missing("remove_role", ours.remove_role(role).await);
    let custom = GivenRole { role: RoleRef::Custom(role), expires_at: None };
    asked.clean("list_groups", ours.list_groups().await);
    let wish = GroupWish { name: "Ours".into(), external_name: None, roles: vec![viewer.role] };
    asked.clean("create_group", ours.create_group(&wish).await);
    asked.missing("change_group", ours.change_group(group, &wish).await);
    asked.missing("join_group", ours.join_group(group, asked.theirs.user).await);
    asked.missing("leave_group", ours.leave_group(group, asked.theirs.user).await);
    asked.missing("remove_group", ours.remove_group(group).await);
    let invite = |email: &str, roles| NewInvitation {
        email: email.into(),
        roles,
        token_sha256: vec![9; 32],
        expires_at: NOON.plus_ms(HOUR),
    };
    asked.missing("create_invitation", ours.create_invitation(&invite("x@example.org", vec![custom])).await);
    asked.clean("create_invitation", ours.create_invitation(&invite("y@example.org", vec![viewer])).await);
    asked.clean("list_invitations", ours.list_invitations().await);
    let renewed = ours.renew_invitation(invitation, &[8; 32], NOON.plus_ms(HOUR)).await;
    asked.missing("renew_invitation", renewed);
    asked.missing("revoke_invitation", ours.revoke_invitation(invitation).await);

    asked.clean("channels", ours.channels().await);
    asked.clean("set_channels", ours.set_channels(NewChannels::default()).await);
    asked.clean("queue_test_notice", ours.queue_test_notice().await);
    asked.clean("list_webhooks", ours.list_webhooks().await);
    asked.missing("get_webhook", ours.get_webhook(webhook).await);
    asked.missing("remove_webhook", ours.remove_webhook(webhook).await);
    asked.missing("resume_webhook", ours.resume_webhook(webhook).await);
    let mine = catalog::NewWebhook {
        url: "https://hook.example/mine".into(),
        secret: catalog::Sealed(vec![1]),
        acts: vec![Act::BackupComplete],
    };
    asked.clean("create_webhook", ours.create_webhook(mine).await);
    asked.clean("list_deliveries", ours.list_deliveries(50).await);
    asked.clean("list_audit", ours.list_audit(None).await);
    asked.clean("trail_entry", ours.trail_entry(1).await);
    asked.clean("last_trail_entry", ours.last_trail_entry(NOON.plus_ms(HOUR)).await);
    asked.clean("record_deed", ours.record_deed(Deed::done(Act::AuditRead, Object::trail())).await);
    asked.clean("search_trail", ours.search_trail(&TrailQuery::default()).await.map(|page| page.rows));
    let on_theirs = Some(Object::from(asked.theirs.run));
    let query = TrailQuery { object: on_theirs, ..TrailQuery::default() };
    asked.empty("search_trail", ours.search_trail(&query).await.map(|page| page.rows));
    let begun = ours.begin_trail_export(None, &[7; 32]).await;
    let start = begun.as_ref().unwrap().1;
    asked.clean("begin_trail_export", begun.map(|(line, _)| line));
    asked.clean("export_trail", ours.export_trail(start).await);
}

async fn ask_of_tenants(ours: &TenantCatalog<'_>, asked: &mut Asked<'_>) {
    let (source, backup) = (asked.theirs.tenant.source, asked.theirs.backup);
    let key = tenant_key("tenant-of-zanzibar");
    asked.clean("list_maps", ours.list_maps().await);
    asked.missing("get_map", ours.get_map(source).await);
    asked.empty("confirmed_map", ours.confirmed_map(source).await.map(|map| map.into_iter().collect()));
    assert!(!ours.follows_confirmed_map(backup).await.unwrap(), "nothing is said about it");
    asked.clean("follows_confirmed_map", ours.follows_confirmed_map(backup).await);
    asked.empty("draft_map", ours.draft_map(source).await.map(|map| map.into_iter().collect()));
    asked.empty("list_map_versions", ours.list_map_versions(source).await);
    asked.missing("confirm_map", ours.confirm_map(source, 2).await);
    asked.missing("set_engine", ours.set_engine(source, EngineKind::Mysqldump).await);
    let query = MapQuery { source, kind: None, attention: false, search: None, after: None, limit: 0 };
    asked.empty("list_map_tables", ours.list_map_tables(&query).await.map(|page| page.rows));
    asked.missing("get_map_table", ours.get_map_table(source, "table_of_zanzibar").await);
    asked.empty("map_changes", ours.map_changes(source, 0).await.map(|changes| changes.1));
    asked.missing("set_route", ours.set_route(source, 2, "table_of_zanzibar", &Route::Shared, None).await);
    asked.clean("list_tenants", ours.list_tenants(&TenantQuery::default()).await);
    let of_theirs = TenantQuery { source: Some(source), ..TenantQuery::default() };
    asked.empty("list_tenants", ours.list_tenants(&of_theirs).await.map(|page| page.rows));
    asked.missing("get_tenant", ours.get_tenant(source, &key).await);
    assert_eq!(ours.count_tenants(None).await.unwrap(), 1);
    asked.clean("count_tenants", ours.count_tenants(Some(source)).await);
    asked.empty("tenant_part", ours.tenant_part(backup, &key).await.map(|part| part.into_iter().collect()));
    asked.empty("tenant_in", ours.tenant_in(backup, source, &key).await.map(|key| key.into_iter().collect()));
    assert_eq!(ours.count_backup_tenants(backup).await.unwrap(), 0);
    asked.clean("count_backup_tenants", ours.count_backup_tenants(backup).await);
    asked.empty("list_points", ours.list_points(source, &key, None, 0).await.map(|page| page.rows));
}

async fn ask_of_restores(ours: &TenantCatalog<'_>, asked: &mut Asked<'_>) {
    let (restore, backup_id) = (asked.theirs.restore, asked.theirs.backup);
    let wish = TenantRestore { backup_id, tenant: tenant_key("1"), selection: Selection::Everything };
    asked.missing("plan_restore", ours.plan_restore(&wish).await);
    asked.clean("list_restores", ours.list_restores(&RestoreQuery::default()).await);
    asked.missing("get_restore", ours.get_restore(restore).await);
    asked.missing("restore_selection", ours.restore_selection(restore).await);
    asked.empty("restore_events", ours.restore_events(restore).await);
    let tables = ours.list_restore_tables(restore, false, None, None, 0).await;
    asked.empty("list_restore_tables", tables.map(|page| page.rows));
    asked.missing("get_restore_table", ours.get_restore_table(restore, "table_of_zanzibar").await);
    asked.missing("request_restore", ours.request_restore(restore, "d", "").await);
    asked.missing("approve_restore", ours.approve_restore(restore, "d", "").await);
    asked.missing("reject_restore", ours.reject_restore(restore, "d", "").await);
    asked.missing("withdraw_restore", ours.withdraw_restore(restore).await);
    asked.missing("apply_restore", ours.apply_restore(restore, "d").await);
    asked.missing("undo_restore", ours.undo_restore(restore, "d").await);
    asked.missing("has_second_person", ours.has_second_person(restore).await);
    let own = ours.list_restores(&RestoreQuery::default()).await.unwrap().rows.remove(0);
    asked.clean("second_person_refusal", ours.second_person_refusal(&own).await);
}

async fn ask_of_approvals(ours: &TenantCatalog<'_>, asked: &mut Asked<'_>) {
    let (request, theirs) = (asked.theirs.request, asked.theirs);
    let deletion = Change::DeleteBackup { backup_id: theirs.backup };
    asked.missing("ask_or_do", ours.ask_or_do(&deletion, "why").await);
    asked.missing("preview_change", ours.preview_change(&deletion).await);
    for which in [Which::ForMe, Which::ByMe, Which::Open, Which::Decided] {
        let query = ApprovalQuery { which, ..ApprovalQuery::default() };
        asked.clean("list_approvals", ours.list_approvals(&query).await);
    }
    assert_eq!(ours.approvals_waiting().await.unwrap(), 0, "one's own does not wait for oneself");
    asked.clean("approvals_waiting", ours.approvals_waiting().await);
    asked.missing("get_approval", ours.get_approval(request).await);
    asked.missing("approval_whole", ours.approval_whole(request).await);
    let about = ours.approval_about(&format!("backup:{}", theirs.backup)).await;
    asked.empty("approval_about", about.map(|found| found.into_iter().collect()));
    asked.missing("decide_approval", ours.decide_approval(request, Verdict::Agree, "d", "").await);
    asked.missing("comment_approval", ours.comment_approval(request, "hello").await);
    asked.missing("withdraw_approval", ours.withdraw_approval(request).await);
    asked.missing("execute_approval", ours.execute_approval(request).await);
    asked.missing("act_alone", ours.act_alone(request, "why").await);
    let (host, connection) =
        (domain::sources::HostName::new("db.example").unwrap(), theirs.tenant.connection);
    asked.missing("leads_elsewhere", ours.leads_elsewhere(connection, &host, 3306).await);
    asked.clean("list_rules", ours.list_rules().await);
    asked.clean("work_alone", ours.work_alone("nobody else").await);
    asked.clean("works_alone", ours.works_alone().await);
    asked.clean("stop_working_alone", ours.stop_working_alone().await);
    asked.clean("deputies", ours.deputies().await);
    asked.clean("list_absences", ours.list_absences().await);
    let away = NewAbsence { user: theirs.user, from: NOON, until: NOON.plus_ms(HOUR), deputy: None };
    asked.missing("add_absence", ours.add_absence(away).await);
    asked.missing("end_absence", ours.end_absence(theirs.absence).await);
    asked.clean("set_sign_in_policy", ours.set_sign_in_policy(AskedOf::Everybody, 3).await);
    asked.clean("sign_in_policy", ours.sign_in_policy().await);
}

/// Every public method of a tenant's rows that asks the database.
fn methods() -> Vec<String> {
    let dir = format!("{}/src/tenant", env!("CARGO_MANIFEST_DIR"));
    let mut found = Vec::new();
    let approvals = format!("{dir}/approvals");
    let files = std::fs::read_dir(dir).unwrap().chain(std::fs::read_dir(approvals).unwrap());
    for file in files.map(|file| file.unwrap().path()).filter(|path| path.is_file()) {
        let text = std::fs::read_to_string(file).unwrap();
        let methods = text.match_indices("    pub async fn ").map(|(at, start)| &text[at + start.len()..]);
        let in_rows =
            |at: &str| at.split('(').nth(1).is_some_and(|rest| rest.trim_start().starts_with("&self"));
        found.extend(methods.filter(|at| in_rows(at)).map(|at| at.split('(').next().unwrap().to_owned()));
    }
    for file in ["mod", "search", "place", "export"] {
        let path = format!("{}/src/trail/{file}.rs", env!("CARGO_MANIFEST_DIR"));
        let text = std::fs::read_to_string(path).unwrap();
        let rows = text.split("impl TenantCatalog<'_> {").nth(1).unwrap().split("\n}\n").next().unwrap();
        let methods = rows.match_indices("    pub async fn ").map(|(at, start)| &rows[at + start.len()..]);
        found.extend(methods.map(|at| at.split('(').next().unwrap().to_owned()));
    }
    // Not of a tenant's rows: they write within a transaction that somebody else bound.
    found.retain(|name| !["insert", "queue", "queue_to", "store", "next"].contains(&name.as_str()));
    found
}

contract! {
    nothing_of_theirs_is_in_any_answer(world) {
        let theirs = seed(world, world.theirs, "zanzibar").await;
        seed(world, world.ours, "ours").await;
        let before = snapshot(world, &theirs).await;
        let mut asked = Asked { theirs: &theirs, methods: Vec::new() };
        ask_everything(world, &world.our(), &mut asked).await;
        for method in methods() {
            assert!(asked.methods.contains(&method.as_str()), "{method} is not asked here: add it");
        }
        assert_eq!(snapshot(world, &theirs).await, before, "and nothing of theirs has changed");
    }

    a_reference_into_another_organisation_cannot_be_stored(world) {
        let forged = [
            "insert into sources (tenant_id, id, connection_id, database_name, created_at) \
             select t.tenant_id, 'forged', c.id, 'x', 0 from tenants t join connections c on c.tenant_id <> t.tenant_id",
            "insert into schedules (tenant_id, id, source_id, kind, cron, enabled, last_slot, missed, version, since) \
             select t.tenant_id, 'forged', s.id, 'other', 'x', 0, 0, 0, 0, 0 from tenants t join sources s on s.tenant_id <> t.tenant_id",
            "insert into runs (tenant_id, id, kind, source_id, subject, state, starts, fence, next_at, cancel_requested, requested_by, created_at) \
             select t.tenant_id, 'forged-' || t.tenant_id, 'x', s.id, '', 'queued', 0, 0, 0, 0, '', 0 from tenants t join sources s on s.tenant_id <> t.tenant_id",
            "insert into run_events (tenant_id, run_id, seq, at, message) \
             select t.tenant_id, r.id, 1000, 0, '' from tenants t join runs r on r.tenant_id <> t.tenant_id",
            "insert into tenant_maps (tenant_id, source_id, version) \
             select t.tenant_id, s.id, 1 from tenants t join sources s on s.tenant_id <> t.tenant_id",
            "insert into source_tenants (tenant_id, source_id, tenant_key, first_seen_at, last_seen_at) \
             select t.tenant_id, s.id, 'x', 0, 0 from tenants t join sources s on s.tenant_id <> t.tenant_id",
            "insert into restore_events (tenant_id, restore_id, seq, at, state, actor) \
             select t.tenant_id, r.id, 1000, 0, '', '' from tenants t join runs r on r.tenant_id <> t.tenant_id",
        ];
        for statement in forged {
            let stored = raw(&world.url, statement).await;
            let error = stored.expect_err(statement).to_string().to_lowercase();
            assert!(error.contains("foreign key"), "{error}: {statement}");
        }
    }
}

async fn snapshot(world: &World, theirs: &Theirs) -> String {
    let rows = world.tenant(theirs.tenant);
    format!(
        "{:?} {:?} {:?} {:?} {:?} {:?} {:?} {:?} {:?}",
        rows.list_connections().await.unwrap(),
        rows.list_sources().await.unwrap(),
        rows.list_runs(&RunQuery::default()).await.unwrap(),
        rows.list_users(None).await.unwrap(),
        rows.channels().await.unwrap(),
        rows.list_maps().await.unwrap(),
        rows.list_restores(&RestoreQuery::default()).await.unwrap(),
        rows.approval_whole(theirs.request).await.unwrap(),
        rows.list_absences().await.unwrap(),
    )
}
