//! Vendors and what is known about them.

use crate::documents;
use crate::spec::{Gen, Table, table};
use crate::words::prose::{REMARK, TPRM};

pub(super) fn tables() -> Vec<Table> {
    vec![
        table("vendors_servicecatalog", 40)
            .shared()
            .id()
            .col("name", "varchar(120) NOT NULL", Gen::Phrase(&["{service}"]))
            .col(
                "criticality",
                "enum('low','medium','high') NOT NULL",
                Gen::Pick(&["low", "medium", "high"]),
            ),
        table("vendors_tier", 80)
            .id()
            .tenant()
            .col("name", "varchar(60) NOT NULL", Gen::Phrase(&["Tier {digit}", "Critical – {unit}"]))
            .col("review_months", "tinyint unsigned NOT NULL", Gen::Int(3, 36)),
        // A cycle: a vendor has a first contact, who belongs to a vendor.
        table("vendors_vendor", 2_600)
            .id()
            .tenant()
            .col("code", "varchar(40) NOT NULL", Gen::Code("VND"))
            .col("name", "varchar(200) NOT NULL", Gen::Phrase(&["{company} {trade} {legal}"]))
            .refer("tier_id", "vendors_tier")
            .refer_or_null("primary_contact_id", "vendors_contact", 12)
            .refer_earlier("parent_id", 85)
            .col("country", "char(2) NOT NULL", Gen::Phrase(&["{country}"]))
            .col("registered_office", "varchar(200) NOT NULL", Gen::Phrase(&["{number} {street}, {city}"]))
            .col("headquarters", "point NOT NULL /*!80003 SRID 0 */", Gen::Sql(documents::point))
            .col("profile", "longtext NOT NULL", Gen::Text(TPRM, 2, 6))
            .col("annual_spend", "decimal(18,2) NOT NULL", Gen::Decimal(0, 4_000_000, 2))
            .col("risk_score", "float NOT NULL", Gen::Eighths(0, 100))
            .col(
                "status",
                "enum('prospect','active','suspended','offboarded') NOT NULL",
                Gen::Pick(&["prospect", "active", "active", "active", "suspended", "offboarded"]),
            )
            .col("founded", "year DEFAULT NULL", Gen::Maybe(25, Box::new(Gen::Int(1_902, 2_023))))
            .server_col("name_key", "varchar(200) GENERATED ALWAYS AS (lower(`name`)) STORED")
            .stamps()
            .unique(&["TenantId", "code"])
            .clause("KEY `vendors_vendor_name_key_idx` (`name_key`)")
            .clause("SPATIAL KEY `vendors_vendor_headquarters_idx` (`headquarters`)"),
        table("vendors_contact", 5_500)
            .id()
            .tenant()
            .refer("vendor_id", "vendors_vendor")
            .col("full_name", "varchar(200) NOT NULL", Gen::Phrase(&["{given} {family}"]))
            .col("job_title", "varchar(120) NOT NULL", Gen::Phrase(&["{job}"]))
            .col("email", "varchar(254) NOT NULL", Gen::Written(documents::outside_email))
            .col("portal_token", "char(32) CHARACTER SET ascii NOT NULL DEFAULT '' INVISIBLE", Gen::Uuid),
        table("vendors_vendor_services", 5_000)
            .id()
            .links(("vendor_id", "vendors_vendor"), ("servicecatalog_id", "vendors_servicecatalog")),
        table("vendors_bankaccount", 2_600)
            .id()
            .refer("vendor_id", "vendors_vendor")
            .col("iban_encrypted", "varbinary(96) NOT NULL", Gen::Blob(64, 96))
            .col(
                "currency",
                "char(3) CHARACTER SET ascii NOT NULL",
                Gen::Pick(&["EUR", "USD", "INR", "JPY", "GBP"]),
            ),
        // Three foreign keys away from the tenant.
        table("vendors_bankaccountcheck", 2_600)
            .id()
            .refer("bankaccount_id", "vendors_bankaccount")
            .col(
                "outcome",
                "varchar(30) NOT NULL",
                Gen::Pick(&["matched", "matched", "mismatch", "unreachable"]),
            )
            .col("response", "json NOT NULL", Gen::Sql(documents::labels)),
        table("vendors_bankaccountchecknote", 900).id().refer("check_id", "vendors_bankaccountcheck").col(
            "note",
            "longtext NOT NULL",
            Gen::Text(REMARK, 1, 2),
        ),
        table("vendors_certificate", 2_600)
            .id()
            .tenant()
            .refer("vendor_id", "vendors_vendor")
            .col("standard", "varchar(60) NOT NULL", Gen::Phrase(&["{framework}", "{framework}:{year}"]))
            .col("valid_until", "date NOT NULL", Gen::Date(30, 1_100))
            .col("serial", "char(32) CHARACTER SET ascii NOT NULL", Gen::Uuid)
            .col("document", "mediumblob", Gen::Maybe(65, Box::new(Gen::Blob(400, 4_000)))),
        table("vendors_subprocessor", 1_400)
            .col("TenantId", "int NOT NULL", Gen::Tenant)
            .col("vendor_id", "bigint NOT NULL", Gen::Ref("vendors_vendor"))
            .col("number", "bigint NOT NULL", Gen::Id)
            .col("name", "varchar(200) NOT NULL", Gen::Phrase(&["{company} {trade} {legal}"]))
            .col("purpose", "varchar(200) NOT NULL", Gen::Phrase(&["{service} in {city}"]))
            .clause("PRIMARY KEY (`TenantId`,`vendor_id`,`number`)")
            .foreign("vendor_id", "vendors_vendor", "id"),
        table("vendors_screeningresult", 9_000)
            .id()
            .tenant()
            .refer("vendor_id", "vendors_vendor")
            .col(
                "list_name",
                "varchar(80) NOT NULL",
                Gen::Phrase(&["{city} sanctions list", "Adverse media {year}"]),
            )
            .col("score", "double NOT NULL", Gen::Eighths(0, 100))
            .col("response", "json NOT NULL", Gen::Sql(documents::change))
            .col("response_digest", "char(64) CHARACTER SET ascii NOT NULL", Gen::Hex(32))
            .col("screened_at", "datetime(6) NOT NULL", Gen::Created),
        // Filled by a trigger.
        table("vendors_statushistory", 3_000)
            .id()
            .tenant()
            .refer("vendor_id", "vendors_vendor")
            .col("old_status", "varchar(20) DEFAULT NULL", Gen::Pick(&["prospect", "active", "suspended"]))
            .col("new_status", "varchar(20) NOT NULL", Gen::Pick(&["active", "suspended", "offboarded"]))
            .col("changed_at", "datetime(6) NOT NULL", Gen::Created),
    ]
}
