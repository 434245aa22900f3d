use super::infer::infer;
use super::testing::{schema, written};

/// Routes of all tables but those that begin with `customers`, as `table: route`.
fn routes(lines: &[&str]) -> Vec<String> {
    let (inventory, keys) = schema(lines);
    let map = infer(&inventory, &keys, "TenantId");
    assert_eq!(map.tables.len(), inventory.tables.len());
    map.tables.iter().map(|(table, mapping)| format!("{table}: {}", written(&mapping.route))).collect()
}

fn note(lines: &[&str], table: &str) -> String {
    let (inventory, keys) = schema(lines);
    infer(&inventory, &keys, "TenantId").tables[table].note.clone().unwrap_or_default()
}

#[test]
fn a_column_is_found_whatever_its_spelling_and_exactly_named_first() {
    assert_eq!(
        routes(&[
            "a: id, TenantId",
            "b: id, tenantid",
            "c: id, tenant_id",
            "d: id, tenant_id, TENANTID, TenantId"
        ]),
        ["a: TenantId", "b: tenantid", "c: tenant_id", "d: TenantId"]
    );
    assert_eq!(note(&["a: id, TenantId?"], "a"), "Rows whose TenantId is NULL are shared.");
}

#[test]
fn chains_are_followed_to_their_end() {
    let lines = [
        "a: id, TenantId",
        "b: id, a",
        "c: id, b",
        "d: id, c",
        "b(a) -> a(id)",
        "c(b) -> b(id)",
        "d(c) -> c(id)",
    ];
    assert_eq!(
        routes(&lines),
        ["a: TenantId", "b: a>a.TenantId", "c: b>b.a>a.TenantId", "d: c>c.b>b.a>a.TenantId"]
    );
}

#[test]
fn composite_keys_are_one_step() {
    let lines = ["a: x+y, TenantId", "b: id, ax, ay, t, u, v", "b(ax, ay) -> a(x, y)"];
    assert_eq!(routes(&lines), ["a: TenantId", "b: ax+ay>a.TenantId"]);
}

#[test]
fn a_sure_way_is_better_than_a_short_one_and_names_decide_among_equals() {
    let lines = [
        "a: id, TenantId",
        "b: id, a, x, y, z",
        "c: id, a?, b",
        "d: id, second, first, x, y, z",
        "b(a) -> a(id)",
        "c(a) -> a(id)",
        "c(b) -> b(id)",
        "d(second) -> a(id)",
        "d(first) -> a(id)",
    ];
    assert_eq!(
        routes(&lines),
        ["a: TenantId", "b: a>a.TenantId", "c: b>b.a>a.TenantId", "d: first>a.TenantId"]
    );
    let only = ["a: id, TenantId", "c: id, a?", "c(a) -> a(id)"];
    assert_eq!(routes(&only)[1], "c: a>a.TenantId");
    assert!(note(&only, "c").contains("can be NULL"));
}

#[test]
fn cycles_and_references_to_itself_end() {
    let lines = [
        "a: id, b?",
        "b: id, a?",
        "self: id, self?",
        "e: id, f, parent?",
        "f: id, e?, g",
        "g: id, TenantId",
        "a(b) -> b(id)",
        "b(a) -> a(id)",
        "self(self) -> self(id)",
        "e(f) -> f(id)",
        "e(parent) -> e(id)",
        "f(e) -> e(id)",
        "f(g) -> g(id)",
    ];
    assert_eq!(
        routes(&lines),
        ["a: shared", "b: shared", "e: f>f.g>g.TenantId", "f: g>g.TenantId", "g: TenantId", "self: shared"]
    );
    assert_eq!(note(&lines, "a"), "No column TenantId and no foreign key that leads to one.");
}

#[test]
fn a_link_has_all_its_paths_and_says_that_rows_between_tenants_are_shared() {
    let lines = [
        "a: id, TenantId",
        "b: id, TenantId",
        "l: id, a, b, created_at:datetime, by? = a+b",
        "pure: a+b",
        "twice: id, from, to",
        "rich: id, a, b, title, body, state",
        "l(a) -> a(id)",
        "l(b) -> b(id)",
        "l(by) -> a(id)",
        "pure(a) -> a(id)",
        "pure(b) -> b(id)",
        "twice(from) -> a(id)",
        "twice(to) -> a(id)",
        "rich(a) -> a(id)",
        "rich(b) -> b(id)",
    ];
    assert_eq!(
        routes(&lines)[2..],
        [
            "l: a>a.TenantId & b>b.TenantId",
            "pure: a>a.TenantId & b>b.TenantId",
            "rich: a>a.TenantId",
            "twice: from>a.TenantId & to>a.TenantId"
        ]
    );
    assert_eq!(note(&lines, "l"), "Links a and b. A row between two tenants is shared.");
}

#[test]
fn the_list_of_tenants_belongs_to_them_by_its_own_key() {
    let referred = [
        "a: id, TenantId",
        "firms: no, name",
        "b: id, f, x, y",
        "a(TenantId) -> firms(no)",
        "b(f) -> firms(no)",
    ];
    assert_eq!(routes(&referred), ["a: TenantId", "b: f>firms.no", "firms: no"]);
    let hierarchy = ["tenants: id, tenant_id?", "a: id, tenant_id", "tenants(tenant_id) -> tenants(id)"];
    assert_eq!(routes(&hierarchy), ["a: tenant_id", "tenants: id"]);
    let named = ["core_tenant: id:bigint, name", "a: id, TenantId", "tenants_old: code:varchar(10)"];
    assert_eq!(routes(&named), ["a: TenantId", "core_tenant: id", "tenants_old: shared"]);
    assert!(note(&named, "core_tenant").contains("because of its name"));
    let another_kind = ["tenants: code:varchar(10)", "a: id, TenantId"];
    assert_eq!(routes(&another_kind)[1], "tenants: shared");
    let only_referred = ["tenant: id", "a: id, owner", "a(owner) -> tenant(id)"];
    assert_eq!(routes(&only_referred), ["a: owner>tenant.id", "tenant: id"]);
}

#[test]
fn keys_into_another_database_or_to_what_is_not_unique_are_not_followed() {
    let lines = [
        "a: id, other",
        "b: id, code, TenantId",
        "c: id, code",
        "a(other) -> crm.b(id)",
        "c(code) -> b(code)",
    ];
    assert_eq!(routes(&lines), ["a: shared", "b: TenantId", "c: shared"]);
    assert!(note(&lines, "a").contains("into database crm is not followed"));
}

#[test]
fn the_same_schema_gives_the_same_map_in_any_order() {
    let lines =
        ["a: id, TenantId", "b: id, x, y, t, u, v", "c: id, TenantId", "b(x) -> a(id)", "b(y) -> c(id)"];
    let mut reversed = lines;
    reversed[3..].reverse();
    let maps = [lines, reversed].map(|lines| {
        let (mut inventory, keys) = schema(&lines);
        inventory.tables.reverse();
        infer(&inventory, &keys, "TenantId")
    });
    assert_eq!(maps[0].tables, maps[1].tables);
}
