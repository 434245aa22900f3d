//! Frameworks, controls and policies.

use crate::documents;
use crate::spec::{Gen, Table, table};
use crate::words::prose::GRC;

const STATE: &[&str] = &["draft", "in review", "approved", "retired"];

pub(super) fn tables() -> Vec<Table> {
    let mut tables = controls();
    tables.extend(policies());
    tables
}

fn controls() -> Vec<Table> {
    vec![
        // The library is the platform's own: no tenant.
        table("compliance_frameworklibrary", 10)
            .shared()
            .id()
            .col("name", "varchar(120) NOT NULL", Gen::Phrase(&["{framework}:{year}"]))
            .col("authority", "varchar(120) NOT NULL", Gen::Phrase(&["{city} Authority"]))
            .col("published_on", "date DEFAULT NULL", Gen::Date(-900, 0)),
        table("compliance_libraryrequirement", 600)
            .shared()
            .id()
            .refer("library_id", "compliance_frameworklibrary")
            .col("clause", "varchar(40) NOT NULL", Gen::Phrase(&["{clause}"]))
            .col("wording", "longtext NOT NULL", Gen::Text(GRC, 1, 3)),
        table("compliance_framework", 130)
            .id()
            .tenant()
            .refer("library_id", "compliance_frameworklibrary")
            .col(
                "title",
                "varchar(200) NOT NULL",
                Gen::Phrase(&["{framework} {year} – {unit}", "{framework} programme {year}"]),
            )
            .col(
                "status",
                "enum('planned','active','certified','expired') NOT NULL",
                Gen::Pick(&["planned", "active", "active", "certified", "expired"]),
            )
            .col("coverage", "decimal(5,2) NOT NULL", Gen::Decimal(0, 100, 2))
            .stamps(),
        table("compliance_requirement", 2_600)
            .id()
            .tenant()
            .refer("framework_id", "compliance_framework")
            .refer("library_requirement_id", "compliance_libraryrequirement")
            .col("reference", "varchar(40) NOT NULL", Gen::Code("REQ"))
            .col("applicable", "bool NOT NULL", Gen::Flag(88))
            .col("justification", "longtext", Gen::Maybe(60, Box::new(Gen::Text(GRC, 1, 2))))
            .stamps()
            .unique(&["TenantId", "reference"]),
        table("compliance_control", 3_200)
            .id()
            .tenant()
            .col("code", "varchar(40) NOT NULL", Gen::Code("CTL"))
            .col(
                "title",
                "varchar(255) NOT NULL",
                Gen::Phrase(&[
                    "{action} {thing} of the {asset} {often}",
                    "{action} {thing} in {unit} {often}",
                    "{action} {thing}",
                ]),
            )
            .col("description", "longtext NOT NULL", Gen::Text(GRC, 2, 5))
            .refer_or_null("owner_id", "core_employee", 8)
            .col(
                "kind",
                "enum('preventive','detective','corrective') NOT NULL",
                Gen::Pick(&["preventive", "detective", "corrective"]),
            )
            .col(
                "channels",
                "set('manual','automated','it-dependent') NOT NULL",
                Gen::Pick(&["manual", "automated", "manual,it-dependent"]),
            )
            .col("maturity", "float NOT NULL", Gen::Eighths(0, 5))
            .col("custom_fields", "json DEFAULT NULL", Gen::Maybe(30, Box::new(Gen::Sql(documents::labels))))
            .col("is_key", "bit(1) NOT NULL DEFAULT b'0'", Gen::Flag(25))
            .server_col("title_prefix", "varchar(20) GENERATED ALWAYS AS (left(`title`,20)) VIRTUAL")
            .stamps()
            .unique(&["TenantId", "code"])
            .clause("KEY `compliance_control_prefix_idx` (`title_prefix`)"),
        table("compliance_control_requirements", 6_000)
            .id()
            .links(("control_id", "compliance_control"), ("requirement_id", "compliance_requirement")),
        table("compliance_controltest", 9_000)
            .id()
            .tenant()
            .refer("control_id", "compliance_control")
            .refer_or_null("tester_id", "core_employee", 5)
            .col("performed_on", "date NOT NULL", Gen::Date(0, 60))
            .col(
                "duration",
                "time(3) NOT NULL",
                Gen::Sql(|_, rng| {
                    format!(
                        "'{:02}:{:02}:{:02}.{:03}'",
                        rng.below(5),
                        rng.below(60),
                        rng.below(60),
                        rng.below(1000)
                    )
                }),
            )
            .col(
                "result",
                "varchar(30) NOT NULL",
                Gen::Pick(&["effective", "effective", "effective", "ineffective", "not tested"]),
            )
            .col(
                "procedure_text",
                "longtext NOT NULL",
                Gen::Phrase(&[
                    "{step} the {asset}: {outcome}.",
                    "{step} the {asset} and then {step} the {asset}.",
                ]),
            )
            .col("sample_size", "smallint unsigned DEFAULT NULL", Gen::Maybe(20, Box::new(Gen::Int(1, 60))))
            .stamps()
            .clause("CONSTRAINT `compliance_controltest_sample_check` CHECK (`sample_size` <= 1000)"),
        // Two, and then three foreign keys away from a tenant.
        table("compliance_controltest_sample", 9_000)
            .id()
            .refer("controltest_id", "compliance_controltest")
            .col(
                "item",
                "varchar(120) NOT NULL",
                Gen::Phrase(&["{proof} {hex}", "{given} {family} ({login})"]),
            )
            .col("passed", "bool NOT NULL", Gen::Flag(94)),
        table("compliance_samplecomment", 4_000)
            .id()
            .refer("sample_id", "compliance_controltest_sample")
            .col("comment", "longtext NOT NULL", Gen::Text(crate::words::prose::REMARK, 1, 2)),
        // Filled by a trigger.
        table("compliance_controlhistory", 4_000)
            .id()
            .tenant()
            .refer("control_id", "compliance_control")
            .col("old_title", "varchar(255) DEFAULT NULL", Gen::Phrase(&["{action} {thing}"]))
            .col("note", "varchar(255) NOT NULL", Gen::Phrase(&["changed by {given} {family}"]))
            .col("changed_at", "datetime(6) NOT NULL", Gen::Created),
    ]
}

fn policies() -> Vec<Table> {
    vec![
        table("policy_policy", 900)
            .id()
            .tenant()
            .col(
                "title",
                "varchar(200) NOT NULL",
                Gen::Phrase(&["{policy} Policy", "{policy} Standard ({unit})", "{policy} Procedure, {city}"]),
            )
            .col("status", "varchar(20) NOT NULL", Gen::Pick(STATE))
            .refer_or_null("owner_id", "core_employee", 5)
            .refer_earlier("supersedes_id", 70)
            .col("review_months", "tinyint unsigned NOT NULL DEFAULT '12'", Gen::Int(3, 36))
            .stamps(),
        table("policy_version", 2_400)
            .id()
            .tenant()
            .refer("policy_id", "policy_policy")
            .col("number", "decimal(4,1) NOT NULL", Gen::Decimal(1, 9, 1))
            .col("body", "longtext NOT NULL", Gen::Text(GRC, 8, 22))
            .col("approved_on", "date DEFAULT NULL", Gen::Maybe(20, Box::new(Gen::Date(1, 90))))
            .col("checksum", "char(64) CHARACTER SET ascii NOT NULL", Gen::Hex(32)),
        table("policy_policy_controls", 2_500)
            .id()
            .links(("policy_id", "policy_policy"), ("control_id", "compliance_control")),
        table("policy_attestation", 7_000)
            .col("TenantId", "int NOT NULL", Gen::Tenant)
            .col("user_id", "bigint NOT NULL", Gen::Ref("auth_user"))
            .col("serial", "bigint NOT NULL", Gen::Id)
            .refer("policy_version_id", "policy_version")
            .col("attested_at", "datetime(6) NOT NULL", Gen::Created)
            .col("signature", "char(64) CHARACTER SET ascii NOT NULL", Gen::Hex(32))
            .clause("PRIMARY KEY (`TenantId`,`user_id`,`serial`)")
            .foreign("user_id", "auth_user", "id"),
    ]
}
