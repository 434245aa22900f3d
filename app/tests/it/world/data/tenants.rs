//! Tenants and their recovery points.

use app::tenancy::api::{LastRestore, TenantDetail, TenantPoint, TenantRow, TenantTable};
use domain::{
    ByteSize, SourceId,
    backups::{RunKind, RunState, Verification},
    health::{Standing, TenantStanding},
    restores::RequestState,
    tenancy::TenantKey,
};

use super::{DAY, HOUR, MARKUP, NOW, TURNED, id, map_summary, missing_map, restores, run_row};

pub fn key(text: &str) -> TenantKey {
    TenantKey::new(text).unwrap()
}

pub fn tenant_row(key_: &str, name: Option<&str>, rows: u64, standing: Standing) -> TenantRow {
    TenantRow {
        source_id: id(1),
        database: "grc2".into(),
        key: key(key_),
        name: name.map(Into::into),
        rows,
        stored: ByteSize(rows * 61),
        standing: TenantStanding::As(standing),
        restorable_to: (!matches!(standing, Standing::NotRestorable | Standing::New))
            .then(|| NOW.plus_ms(-5 * HOUR)),
        last_restore: (key_ == "7").then(|| LastRestore {
            id: id(404),
            state: RequestState::Applied,
            at: NOW.plus_ms(-12 * DAY),
        }),
    }
}

pub fn tenants(search: Option<&str>) -> Vec<TenantRow> {
    let mut all = vec![
        tenant_row("0", Some("Templates"), 812, Standing::Restorable),
        tenant_row("7", Some("Alpine Mutual"), 218_440, Standing::Restorable),
        tenant_row("8", Some(MARKUP), 91_022, Standing::Late),
        tenant_row("acme/eu?#&\"'", Some(TURNED), 14_002, Standing::NotRestorable),
        tenant_row("f47ac10b-58cc-4372-a567-0e02b2c3d479", None, 3, Standing::New),
        tenant_row("مستأجر 😀 %2F", None, 77_130, Standing::Restorable),
    ];
    all.extend((11..50).map(|n| {
        tenant_row(&n.to_string(), Some(&format!("Customer {n}")), n * 1_733, Standing::Restorable)
    }));
    all.retain(|row| search.is_none_or(|search| row.key.as_str().contains(search)));
    all
}

pub fn tenant(source: SourceId, key: TenantKey) -> TenantDetail {
    let row = TenantRow {
        source_id: source,
        key: key.clone(),
        ..tenant_row("7", Some("Alpine Mutual"), 218_440, Standing::Restorable)
    };
    let mut runs = vec![
        run_row(71, RunKind::Backup, RunState::Running),
        run_row(77, RunKind::Export, RunState::Completed),
        run_row(79, RunKind::ApplyRestore, RunState::Completed),
    ];
    for run in &mut runs {
        (run.tenant, run.subject) = (Some(key.clone()), format!("grc2, tenant {key}"));
    }
    TenantDetail {
        row,
        because: "The backup of 02:00 holds it, was restored and compared; everything is equal.".into(),
        map: map_summary(),
        runs,
        restores: restores(),
        active_run: None,
    }
}

pub fn new_tenant(source: SourceId, key: TenantKey) -> TenantDetail {
    let row = TenantRow {
        source_id: source,
        key,
        rows: 0,
        last_restore: None,
        ..tenant_row("9", None, 0, Standing::New)
    };
    TenantDetail {
        row,
        because: "No kept backup holds it.".into(),
        map: missing_map(),
        runs: vec![],
        restores: vec![],
        active_run: None,
    }
}

pub fn points() -> Vec<TenantPoint> {
    let point = |n: u32, hours: i64, verification, is_own: bool| TenantPoint {
        backup_id: id(n),
        snapshot_at: NOW.plus_ms(-hours * HOUR),
        label: (n == 102).then(|| "before the September release".into()),
        verification,
        verified_at: (verification == Verification::RestoreOk).then(|| NOW.plus_ms(-(hours - 1) * HOUR)),
        is_own,
        is_complete: n != 104,
        rows: 218_440 - u64::from(n),
        stored: ByteSize(13_300_000 + u64::from(n)),
    };
    vec![
        point(101, 5, Verification::RestoreOk, false),
        point(102, 9, Verification::None, true),
        point(103, 29, Verification::RestoreOk, false),
        point(104, 53, Verification::Failed, false),
        point(105, 77, Verification::Stale, false),
    ]
}

pub fn tenant_tables(search: Option<&str>) -> Vec<TenantTable> {
    let table = |table: &str, rows| TenantTable { table: table.into(), rows };
    let mut all = vec![table("grc_risk", 18_221), table("grc_control", 9_004), table(MARKUP, 12)];
    all.extend((0..20).map(|n| table(&format!("grc_table_{n}"), 1_000 * n + 7)));
    all.retain(|table| search.is_none_or(|search| table.table.contains(search)));
    all
}
