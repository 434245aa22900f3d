//! A tenant map with everything that can be wrong with one.

use app::tenancy::map_api::{
    ColumnChoice, MapDetail, MapFilter, MapReview, MapRow, MapState, MapSummary, MappingDetail, PathChoice,
    RouteChange, RouteCounts,
};
use domain::{
    Page, SourceId,
    sources::EngineKind,
    tenancy::{Drift, Path, Route, Step},
};

use super::{DAY, HOUR, MARKUP, NOW, TURNED, id};

pub fn map_summary() -> MapSummary {
    MapSummary {
        source_id: id(1),
        database: "grc2".into(),
        engine: EngineKind::Native,
        state: MapState::Changed,
        confirmed_at: Some(NOW.plus_ms(-9 * DAY)),
        confirmed_by: Some("Bo Lindqvist".into()),
        counts: RouteCounts { column: 31, paths: 9, shared: 14, excluded: 2 },
        drift: vec![
            Drift::Unmapped { table: MARKUP.into() },
            Drift::Broken { table: "grc_comment".into(), missing: "grc_comment.risk_id".into() },
            Drift::Changed { table: "grc_risk".into() },
            Drift::Gone { table: TURNED.into() },
        ],
    }
}

pub fn missing_map() -> MapSummary {
    MapSummary {
        state: MapState::Missing,
        confirmed_at: None,
        confirmed_by: None,
        counts: RouteCounts::default(),
        drift: vec![],
        ..map_summary()
    }
}

pub fn step(column: &str, table: &str) -> Step {
    Step { columns: vec![column.into()], table: table.into(), references: vec!["id".into()] }
}

pub fn path(steps: Vec<Step>) -> Path {
    Path { steps, column: "TenantId".into() }
}

pub fn column() -> Route {
    Route::Column { column: "TenantId".into() }
}

pub fn map_rows(filter: &MapFilter) -> Vec<MapRow> {
    let row = |table: &str, route: Option<Route>, note: Option<&str>, drift: Option<Drift>| MapRow {
        table: table.into(),
        is_chosen: table.len().is_multiple_of(3),
        is_confirmed: drift.is_none() && route.is_some() && !table.ends_with('7'),
        route,
        note: note.map(Into::into),
        drift,
    };
    let changed = |table: &str| Some(Drift::Changed { table: table.into() });
    let mut rows = vec![
        row(MARKUP, None, None, Some(Drift::Unmapped { table: MARKUP.into() })),
        row("django_migrations", Some(Route::Shared), None, None),
        row(
            "django_session",
            Some(Route::Excluded { reason: "Sessions need not survive.".into() }),
            None,
            None,
        ),
        row(
            "grc_comment",
            Some(Route::Paths {
                paths: vec![path(vec![step("risk_id", "grc_risk"), step("register_id", "grc_register")])],
            }),
            None,
            Some(Drift::Broken { table: "grc_comment".into(), missing: "grc_comment.risk_id".into() }),
        ),
        row("grc_risk", Some(column()), None, changed("grc_risk")),
        row(
            "grc_risk_control",
            Some(Route::Paths {
                paths: vec![
                    path(vec![step("control_id", "grc_control")]),
                    path(vec![step("risk_id", "grc_risk")]),
                ],
            }),
            Some("Links two owned tables: rows between two tenants are kept as shared."),
            None,
        ),
    ];
    rows.extend((0..44).map(|n| row(&format!("grc_table_{n}"), Some(column()), None, None)));
    rows.retain(|row| {
        filter.kind.is_none_or(|kind| row.route.as_ref().is_some_and(|route| route.kind() == kind))
            && (!filter.attention || row.drift.is_some() || row.note.is_some())
            && filter.search.as_ref().is_none_or(|search| row.table.contains(search))
    });
    rows
}

pub fn map(tables: Page<MapRow>) -> MapDetail {
    MapDetail {
        summary: map_summary(),
        tenant_column: "TenantId".into(),
        version: 12,
        inferred_at: Some(NOW.plus_ms(-5 * HOUR)),
        active_run: None,
        tables,
    }
}

pub fn empty_map() -> MapDetail {
    MapDetail { summary: missing_map(), version: 0, inferred_at: None, ..map(Page::empty()) }
}

pub fn mapping(source: SourceId, table: &str) -> MappingDetail {
    let column = |column: &str, data_type: &str, is_nullable| ColumnChoice {
        column: column.into(),
        data_type: data_type.into(),
        is_nullable,
    };
    let short = path(vec![step("risk_id", "grc_risk")]);
    let long = path(vec![step("control_id", "grc_control"), step("framework_id", "grc_framework")]);
    let row = MapRow {
        table: table.into(),
        route: Some(Route::Paths { paths: vec![short.clone()] }),
        is_chosen: false,
        is_confirmed: false,
        note: Some("Links two owned tables: rows between two tenants are kept as shared.".into()),
        drift: Some(Drift::Changed { table: table.into() }),
    };
    MappingDetail {
        source_id: source,
        database: "grc2".into(),
        version: 12,
        row,
        confirmed: Some(Route::Shared),
        columns: vec![
            column("id", "bigint(20)", false),
            column("risk_id", "bigint(20)", false),
            column("owner_tenant", "int(11)", true),
            column(MARKUP, "varchar(64)", true),
        ],
        paths: vec![
            PathChoice { id: "a1".into(), path: short, is_chosen: true },
            PathChoice { id: "b2".into(), path: long, is_chosen: false },
        ],
    }
}

pub fn review() -> MapReview {
    let change = |table: &str, before, after| RouteChange { table: table.into(), before, after };
    MapReview {
        summary: map_summary(),
        version: 12,
        total: 4,
        changes: vec![
            change(MARKUP, None, Some(Route::Shared)),
            change("grc_table_7", Some(Route::Shared), Some(column())),
            change(
                "django_session",
                Some(Route::Shared),
                Some(Route::Excluded { reason: "Sessions.".into() }),
            ),
            change(TURNED, Some(column()), None),
        ],
    }
}

pub fn no_review() -> MapReview {
    MapReview { summary: missing_map(), version: 0, total: 0, changes: vec![] }
}
