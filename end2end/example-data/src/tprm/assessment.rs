//! Questionnaires, the assessments made with them, and what follows.

use crate::documents;
use crate::spec::{Gen, Table, table};
use crate::words::prose::{REMARK, TPRM};

const QUESTION: &[&str] = &[
    "Do you {area} according to {framework} {clause}?",
    "How often is the control over {thing} tested?",
    "Who approves changes to the {asset}?",
    "Describe how you would notify us of an event in {area}.",
    "Which subprocessors take part in {service}, and where?",
];

pub(super) fn tables() -> Vec<Table> {
    vec![
        table("assessments_questionnaire", 160)
            .id()
            .tenant()
            .col(
                "title",
                "varchar(200) NOT NULL",
                Gen::Phrase(&["{framework} due diligence {year}", "{area} questionnaire, {year}"]),
            )
            .col("version", "decimal(3,1) NOT NULL", Gen::Decimal(1, 8, 1))
            .col("published", "bool NOT NULL", Gen::Flag(75))
            .stamps(),
        table("assessments_section", 800).id().refer("questionnaire_id", "assessments_questionnaire").col(
            "title",
            "varchar(200) NOT NULL",
            Gen::Phrase(&["{area}", "{area} and {area}"]),
        ),
        table("assessments_question", 3_200)
            .id()
            .refer("section_id", "assessments_section")
            .col("wording", "longtext NOT NULL", Gen::Phrase(QUESTION))
            .col("weight", "float NOT NULL", Gen::Eighths(0, 10))
            .col(
                "kind",
                "enum('yes/no','text','file','choice') NOT NULL",
                Gen::Pick(&["yes/no", "text", "file", "choice"]),
            ),
        // Three foreign keys away from the tenant.
        table("assessments_questionoption", 5_000)
            .id()
            .refer("question_id", "assessments_question")
            .col(
                "label",
                "varchar(120) NOT NULL",
                Gen::Pick(&["Yes", "No", "Partly", "Planned", "Not applicable"]),
            )
            .col("points", "smallint NOT NULL", Gen::Int(-5, 10)),
        table("assessments_question_prerequisites", 700)
            .id()
            .links(("from_question_id", "assessments_question"), ("to_question_id", "assessments_question")),
        table("assessments_assessment", 2_600)
            .id()
            .tenant()
            .col("uuid", "char(32) CHARACTER SET ascii NOT NULL", Gen::Uuid)
            .refer("vendor_id", "vendors_vendor")
            .refer("questionnaire_id", "assessments_questionnaire")
            .refer_or_null("assessor_id", "core_employee", 8)
            .col("status", "varchar(20) NOT NULL", Gen::Pick(&["sent", "answered", "reviewed", "closed"]))
            .col("likelihood", "tinyint unsigned NOT NULL", Gen::Int(1, 5))
            .col("impact", "tinyint unsigned NOT NULL", Gen::Int(1, 5))
            .server_col("score", "smallint GENERATED ALWAYS AS (`likelihood` * `impact`) VIRTUAL")
            .col("conclusion", "longtext", Gen::Maybe(20, Box::new(Gen::Text(TPRM, 1, 5))))
            .stamps()
            .unique(&["uuid"]),
        table("assessments_answer", 13_000)
            .id()
            .tenant()
            .refer("assessment_id", "assessments_assessment")
            .refer("question_id", "assessments_question")
            .col("answer", "json NOT NULL", Gen::Sql(documents::answer))
            .col("comment", "longtext", Gen::Maybe(50, Box::new(Gen::Text(TPRM, 1, 2))))
            .col("answered_at", "datetime(6) NOT NULL", Gen::Created),
        table("assessments_answerreview", 5_000)
            .id()
            .refer("answer_id", "assessments_answer")
            .col("verdict", "varchar(30) NOT NULL", Gen::Pick(&["accepted", "accepted", "challenged"]))
            .col("remark", "longtext", Gen::Maybe(40, Box::new(Gen::Text(REMARK, 1, 2)))),
        table("assessments_finding", 2_600)
            .id()
            .tenant()
            .refer("assessment_id", "assessments_assessment")
            .col(
                "title",
                "varchar(255) NOT NULL",
                Gen::Phrase(&["{cause}: {outcome}", "{effect} through {cause}"]),
            )
            .col("detail", "longtext NOT NULL", Gen::Text(TPRM, 2, 5))
            .col(
                "severity",
                "enum('low','medium','high','critical') NOT NULL",
                Gen::Pick(&["low", "medium", "high", "critical"]),
            )
            .stamps(),
        table("assessments_remediation", 2_000)
            .id()
            .tenant()
            .refer("finding_id", "assessments_finding")
            .col("plan", "longtext NOT NULL", Gen::Text(TPRM, 1, 3))
            .col("due_on", "date NOT NULL", Gen::Date(20, 240))
            .col("progress", "tinyint unsigned NOT NULL", Gen::Int(0, 100))
            .clause(
                "CONSTRAINT `assessments_remediation_progress_check` CHECK (`progress` between 0 and 100)",
            ),
        table("assessments_evidence", 900)
            .id()
            .tenant()
            .refer("assessment_id", "assessments_assessment")
            .col("title", "varchar(200) NOT NULL", Gen::Phrase(&["{proof}, {period} {year}"]))
            .col("sha256", "binary(32) NOT NULL", Gen::Digest)
            .col("content", "longblob NOT NULL", Gen::Blob(300, 5_000)),
        table("onboarding_request", 1_500)
            .id()
            .tenant()
            .refer_or_null("vendor_id", "vendors_vendor", 25)
            .refer("requested_by_id", "auth_user")
            .col("business_case", "longtext NOT NULL", Gen::Text(TPRM, 1, 4))
            .col(
                "step",
                "varchar(40) NOT NULL",
                Gen::Pick(&["intake", "due diligence", "contracting", "done"]),
            )
            .stamps(),
        table("onboarding_step", 4_500)
            .id()
            .refer("request_id", "onboarding_request")
            .col("name", "varchar(80) NOT NULL", Gen::Phrase(&["{action} {thing}"]))
            .col("completed", "bool NOT NULL", Gen::Flag(60)),
        table("integration_inboundmessage", 5_000)
            .id()
            .tenant()
            .col("source", "varchar(60) NOT NULL", Gen::Pick(&["erp", "grc2", "procurement", "e-mail"]))
            .col("payload", "json NOT NULL", Gen::Sql(documents::settings))
            .col("signature", "char(64) CHARACTER SET ascii NOT NULL", Gen::Hex(32))
            .col("received_at", "datetime(6) NOT NULL", Gen::Created),
    ]
}
