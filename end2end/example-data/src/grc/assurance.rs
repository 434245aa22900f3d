//! Audits, their findings, and the evidence for everything.

use crate::documents;
use crate::spec::{Gen, Table, table};
use crate::words::prose::{GRC, REMARK};

pub(super) fn tables() -> Vec<Table> {
    vec![
        table("audit_audit", 420)
            .id()
            .tenant()
            .col(
                "title",
                "varchar(200) NOT NULL",
                Gen::Phrase(&["{framework} audit {period} {year}", "Internal audit of {unit}, {year}"]),
            )
            .refer_or_null("framework_id", "compliance_framework", 15)
            .refer_or_null("lead_id", "core_employee", 5)
            .col("planned_start", "date NOT NULL", Gen::Date(10, 120))
            .col("scope", "longtext NOT NULL", Gen::Text(GRC, 2, 5))
            .stamps(),
        table("audit_procedure", 3_200)
            .id()
            .refer("audit_id", "audit_audit")
            .col(
                "text",
                "longtext NOT NULL",
                Gen::Phrase(&["{step} the {asset}", "{step} the {asset} ({framework} {clause})"]),
            )
            .col("hours", "decimal(6,2) NOT NULL", Gen::Decimal(0, 40, 2)),
        table("audit_workpaper", 3_200)
            .id()
            .refer("procedure_id", "audit_procedure")
            .col("conclusion", "longtext NOT NULL", Gen::Text(GRC, 2, 5))
            .col("signed_off", "bool NOT NULL", Gen::Flag(70)),
        // Three foreign keys away from the tenant: audit, procedure, paper, note.
        table("audit_workpapernote", 4_000).id().refer("workpaper_id", "audit_workpaper").col(
            "note",
            "longtext NOT NULL",
            Gen::Text(REMARK, 1, 3),
        ),
        table("audit_finding", 1_700)
            .id()
            .tenant()
            .refer("audit_id", "audit_audit")
            .refer_or_null("control_id", "compliance_control", 20)
            .col(
                "title",
                "varchar(255) NOT NULL",
                Gen::Phrase(&["{action} {thing}: {outcome}", "{cause} in {unit}"]),
            )
            .col("detail", "longtext NOT NULL", Gen::Text(GRC, 2, 6))
            .col(
                "rating",
                "enum('observation','minor','major') NOT NULL",
                Gen::Pick(&["observation", "minor", "minor", "major"]),
            )
            .stamps(),
        table("audit_actionplan", 1_500)
            .id()
            .tenant()
            .refer("finding_id", "audit_finding")
            .refer_or_null("owner_id", "core_employee", 10)
            .col("action", "varchar(255) NOT NULL", Gen::Phrase(&["{action} {thing} {often}"]))
            .col("due_on", "date NOT NULL", Gen::Date(10, 300))
            .col("progress", "tinyint unsigned NOT NULL", Gen::Int(0, 100))
            .clause("CONSTRAINT `audit_actionplan_progress_check` CHECK (`progress` between 0 and 100)"),
        table("audit_audit_team", 900)
            .id()
            .links(("audit_id", "audit_audit"), ("employee_id", "core_employee")),
        table("evidence_evidence", 2_400)
            .id()
            .tenant()
            .col("uuid", "char(32) CHARACTER SET ascii NOT NULL", Gen::Uuid)
            .refer_or_null("control_id", "compliance_control", 15)
            .col(
                "title",
                "varchar(255) NOT NULL",
                Gen::Phrase(&["{proof}: {thing}, {period} {year}", "{proof} from the {asset}"]),
            )
            .col("collected_by", "varchar(120) NOT NULL", Gen::Phrase(&["{given} {family}"]))
            .col("metadata", "json NOT NULL", Gen::Sql(documents::labels))
            .col("sha256", "binary(32) NOT NULL", Gen::Digest)
            .col("thumbnail", "blob", Gen::Maybe(40, Box::new(Gen::Blob(100, 900))))
            .stamps()
            .unique(&["uuid"]),
        table("evidence_file", 1_400)
            .id()
            .tenant()
            .refer("evidence_id", "evidence_evidence")
            .col(
                "name",
                "varchar(255) NOT NULL",
                Gen::Phrase(&["{proof}_{hex}.pdf", "{unit} {period} {year}.xlsx"]),
            )
            .col("content", "longblob NOT NULL", Gen::Blob(300, 6_000)),
        table("evidence_review", 2_600)
            .id()
            .refer("evidence_id", "evidence_evidence")
            .col("reviewer", "varchar(120) NOT NULL", Gen::Phrase(&["{given} {family}, {job}"]))
            .col(
                "verdict",
                "varchar(30) NOT NULL",
                Gen::Pick(&["accepted", "accepted", "rejected", "more needed"]),
            ),
        table("evidence_reviewcomment", 2_600).id().refer("review_id", "evidence_review").col(
            "comment",
            "longtext NOT NULL",
            Gen::Text(REMARK, 1, 3),
        ),
        table("evidence_evidence_tests", 3_000)
            .id()
            .links(("evidence_id", "evidence_evidence"), ("controltest_id", "compliance_controltest")),
    ]
}
