//! Contracts, their versions, terms and clauses.

use crate::documents;
use crate::spec::{Gen, Table, table};
use crate::words::prose::{REMARK, TPRM};

pub(super) fn tables() -> Vec<Table> {
    vec![
        table("contracts_clauselibrary", 120)
            .shared()
            .id()
            .col("title", "varchar(200) NOT NULL", Gen::Phrase(&["{term}", "{term} ({framework})"]))
            .col("wording", "longtext NOT NULL", Gen::Text(TPRM, 2, 5)),
        // A cycle: a contract has a version in force, which belongs to a contract.
        table("contracts_contract", 3_000)
            .id()
            .tenant()
            .col("number", "varchar(40) NOT NULL", Gen::Code("CON"))
            .refer("vendor_id", "vendors_vendor")
            .refer_or_null("current_version_id", "contracts_contractversion", 6)
            .refer_earlier("master_agreement_id", 60)
            .refer_or_null("owner_id", "core_employee", 8)
            .col(
                "title",
                "varchar(200) NOT NULL",
                Gen::Phrase(&["{contract} – {service}", "{contract}: {service} for {unit}"]),
            )
            .col("starts_on", "date NOT NULL", Gen::Date(0, 60))
            .col("ends_on", "date DEFAULT NULL", Gen::Maybe(15, Box::new(Gen::Date(200, 1_900))))
            .col("value", "decimal(19,4) NOT NULL", Gen::Decimal(1_000, 9_000_000, 4))
            .col("auto_renews", "bit(1) NOT NULL DEFAULT b'0'", Gen::Flag(30))
            .col(
                "options",
                "set('renewable','exclusive','capped','audited') NOT NULL",
                Gen::Pick(&["", "renewable", "renewable,capped", "exclusive,audited"]),
            )
            .stamps()
            .unique(&["TenantId", "number"])
            .clause("CONSTRAINT `contracts_contract_value_check` CHECK (`value` >= 0)"),
        table("contracts_contractversion", 3_600)
            .id()
            .tenant()
            .refer("contract_id", "contracts_contract")
            .col("version", "decimal(4,1) NOT NULL", Gen::Decimal(1, 9, 1))
            .col("summary", "longtext NOT NULL", Gen::Text(TPRM, 3, 9))
            .col("checksum", "char(64) CHARACTER SET ascii NOT NULL", Gen::Hex(32))
            .col("signed_at", "datetime(6) DEFAULT NULL", Gen::Maybe(20, Box::new(Gen::After(60)))),
        table("contracts_term", 6_500)
            .id()
            .refer("contract_id", "contracts_contract")
            .col("title", "varchar(200) NOT NULL", Gen::Phrase(&["{term}", "{term} – {area}"]))
            .col("obligation", "longtext NOT NULL", Gen::Text(TPRM, 1, 3))
            .col("binding", "bool NOT NULL", Gen::Flag(80)),
        table("contracts_clause", 7_000)
            .id()
            .refer("term_id", "contracts_term")
            .refer_or_null("library_id", "contracts_clauselibrary", 30)
            .col(
                "number",
                "varchar(20) NOT NULL",
                Gen::Phrase(&["{digit}.{digit}", "{number}.{digit} ({digit})"]),
            )
            .col("wording", "longtext NOT NULL", Gen::Text(TPRM, 1, 3)),
        // Three foreign keys away from the tenant: contract, term, clause, comment.
        table("contracts_clausecomment", 4_000).id().refer("clause_id", "contracts_clause").col(
            "comment",
            "longtext NOT NULL",
            Gen::Text(REMARK, 1, 2),
        ),
        table("contracts_contract_services", 3_500)
            .id()
            .links(("contract_id", "contracts_contract"), ("servicecatalog_id", "vendors_servicecatalog")),
        table("contracts_contract_approvers", 2_500)
            .id()
            .links(("contract_id", "contracts_contract"), ("employee_id", "core_employee")),
        table("contracts_servicelevel", 4_000)
            .id()
            .tenant()
            .refer("contract_id", "contracts_contract")
            .col(
                "metric",
                "varchar(120) NOT NULL",
                Gen::Phrase(&["Availability of {service}", "Response time, {service}"]),
            )
            .col("target", "decimal(7,4) NOT NULL", Gen::Decimal(90, 99, 4))
            .col(
                "window_length",
                "time NOT NULL",
                Gen::Sql(|_, rng| format!("'{:02}:00:00'", rng.below(200))),
            ),
        table("contracts_slareading", 14_000)
            .col("TenantId", "int NOT NULL", Gen::Tenant)
            .col("servicelevel_id", "bigint NOT NULL", Gen::Ref("contracts_servicelevel"))
            .col("measured_at", "datetime(6) NOT NULL", Gen::Created)
            .col("value", "double NOT NULL", Gen::Eighths(80, 100))
            .clause("PRIMARY KEY (`TenantId`,`servicelevel_id`,`measured_at`)")
            .foreign("servicelevel_id", "contracts_servicelevel", "id"),
        table("contracts_document", 900)
            .id()
            .tenant()
            .refer("version_id", "contracts_contractversion")
            .col(
                "file_name",
                "varchar(255) NOT NULL",
                Gen::Phrase(&["{contract} {year}.pdf", "Annex {digit} – {term}.docx"]),
            )
            .col("metadata", "json NOT NULL", Gen::Sql(documents::labels))
            .col("content", "longblob NOT NULL", Gen::Blob(500, 7_000)),
        table("contracts_invoice", 8_000)
            .id()
            .tenant()
            .refer("contract_id", "contracts_contract")
            .col("number", "varchar(40) NOT NULL", Gen::Code("INV"))
            .col("amount", "decimal(14,2) NOT NULL", Gen::Decimal(-2_000, 250_000, 2))
            .col("currency", "char(3) CHARACTER SET ascii NOT NULL", Gen::Pick(&["EUR", "USD", "INR"]))
            .col("due_on", "date NOT NULL", Gen::Date(10, 60)),
    ]
}
