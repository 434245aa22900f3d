//! Risks and incidents.

use crate::documents;
use crate::spec::{Gen, Table, table};
use crate::words::prose::{GRC, REMARK};

pub(super) fn tables() -> Vec<Table> {
    vec![
        table("risk_category", 200)
            .id()
            .tenant()
            .col("name", "varchar(120) NOT NULL", Gen::Phrase(&["{area}", "{unit}: {area}"]))
            .refer_earlier("parent_id", 50),
        table("risk_risk", 2_600)
            .id()
            .tenant()
            .col("code", "varchar(40) NOT NULL", Gen::Code("RSK"))
            .col(
                "title",
                "varchar(255) NOT NULL",
                Gen::Phrase(&["{threat} the {asset}", "{threat} the {asset} due to {cause}"]),
            )
            .col("description", "longtext NOT NULL", Gen::Text(GRC, 2, 6))
            .refer("category_id", "risk_category")
            .refer_or_null("owner_id", "core_employee", 6)
            .col("likelihood", "tinyint unsigned NOT NULL", Gen::Int(1, 5))
            .col("impact", "tinyint unsigned NOT NULL", Gen::Int(1, 5))
            .server_col("inherent_score", "smallint GENERATED ALWAYS AS (`likelihood` * `impact`) STORED")
            .col("residual", "double NOT NULL", Gen::Eighths(0, 25))
            .col("exposure", "decimal(18,4) NOT NULL", Gen::Decimal(0, 9_000_000, 4))
            .stamps()
            .unique(&["TenantId", "code"])
            .clause("KEY `risk_risk_score_idx` (`TenantId`,`inherent_score`)"),
        table("risk_risk_controls", 4_000)
            .id()
            .links(("risk_id", "risk_risk"), ("control_id", "compliance_control")),
        table("risk_assessment", 5_000)
            .id()
            .tenant()
            .refer("risk_id", "risk_risk")
            .col("likelihood", "tinyint unsigned NOT NULL", Gen::Int(1, 5))
            .col("impact", "tinyint unsigned NOT NULL", Gen::Int(1, 5))
            .col("rationale", "longtext NOT NULL", Gen::Text(GRC, 1, 3))
            .col("assessed_at", "datetime(6) NOT NULL", Gen::Created),
        table("risk_treatment", 2_200)
            .id()
            .tenant()
            .refer("risk_id", "risk_risk")
            .col(
                "strategy",
                "enum('avoid','reduce','transfer','accept') NOT NULL",
                Gen::Pick(&["avoid", "reduce", "reduce", "transfer", "accept"]),
            )
            .col("plan", "longtext NOT NULL", Gen::Text(GRC, 1, 4))
            .col("cost", "decimal(12,2) DEFAULT NULL", Gen::Maybe(30, Box::new(Gen::Decimal(0, 500_000, 2))))
            .col("due_on", "date NOT NULL", Gen::Date(10, 400)),
        table("risk_treatment_task", 3_500)
            .id()
            .refer("treatment_id", "risk_treatment")
            .col(
                "title",
                "varchar(200) NOT NULL",
                Gen::Phrase(&["{action} {thing}", "{action} {thing} of the {asset}"]),
            )
            .col("done", "bit(1) NOT NULL", Gen::Flag(55)),
        table("risk_indicator_value", 9_000)
            .col("TenantId", "int NOT NULL", Gen::Tenant)
            .col("risk_id", "bigint NOT NULL", Gen::Ref("risk_risk"))
            .col("measured_at", "datetime(6) NOT NULL", Gen::Created)
            .col("value", "double NOT NULL", Gen::Eighths(-500, 5_000))
            .clause("PRIMARY KEY (`TenantId`,`risk_id`,`measured_at`)")
            .foreign("risk_id", "risk_risk", "id"),
        table("risk_site", 300)
            .id()
            .tenant()
            .col("name", "varchar(120) NOT NULL", Gen::Phrase(&["{city}, {street}", "{company} {city}"]))
            .col("position", "point NOT NULL /*!80003 SRID 0 */", Gen::Sql(documents::point))
            .col("opened", "year NOT NULL", Gen::Int(1_960, 2_024)),
        table("incident_incident", 2_200)
            .id()
            .tenant()
            .col("code", "varchar(40) NOT NULL", Gen::Code("INC"))
            .col(
                "title",
                "varchar(255) NOT NULL",
                Gen::Phrase(&["{incident} the {asset}", "{incident} the {asset} in {city}"]),
            )
            .col("summary", "longtext NOT NULL", Gen::Text(GRC, 2, 7))
            .col(
                "severity",
                "enum('low','medium','high','critical') NOT NULL",
                Gen::Pick(&["low", "low", "medium", "medium", "high", "critical"]),
            )
            .refer_or_null("reported_by_id", "auth_user", 10)
            .refer_or_null("site_id", "risk_site", 60)
            .col("detected_at", "datetime(6) NOT NULL", Gen::Created)
            .col("closed_at", "datetime(6) DEFAULT NULL", Gen::Maybe(18, Box::new(Gen::After(90))))
            .unique(&["TenantId", "code"]),
        table("incident_timeline", 7_000)
            .id()
            .tenant()
            .refer("incident_id", "incident_incident")
            .col("entry", "longtext NOT NULL", Gen::Text(REMARK, 1, 3))
            .col("at", "datetime(6) NOT NULL", Gen::Created),
        table("incident_incident_risks", 1_800)
            .id()
            .links(("incident_id", "incident_incident"), ("risk_id", "risk_risk")),
        table("incident_rootcause", 900)
            .id()
            .refer("incident_id", "incident_incident")
            .col("cause", "varchar(200) NOT NULL", Gen::Phrase(&["{cause}"]))
            .col("analysis", "json NOT NULL", Gen::Sql(documents::labels)),
    ]
}
