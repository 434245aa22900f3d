//! The tables Django itself makes, and those every application of this kind has: tenants, users, jobs, logs.

use crate::documents;
use crate::spec::{Gen, Table, table};
use crate::words::prose::REMARK;

const FLAG: &str = "bool NOT NULL";
const MODELS: &[&str] = &["add", "change", "delete", "view"];

/// Tables common to both databases.
pub fn tables() -> Vec<Table> {
    let mut tables = framework();
    tables.extend(accounts());
    tables.extend(work());
    tables
}

/// No tenant owns any of these.
fn framework() -> Vec<Table> {
    vec![
        table("django_migrations", 180)
            .shared()
            .id()
            .col(
                "app",
                "varchar(255) NOT NULL",
                Gen::Pick(&["auth", "contenttypes", "core", "compliance", "vendors"]),
            )
            .col("name", "varchar(255) NOT NULL", Gen::Code("0001_auto"))
            .col("applied", "datetime(6) NOT NULL", Gen::Created),
        table("django_content_type", 60)
            .shared()
            .id()
            .col(
                "app_label",
                "varchar(100) NOT NULL",
                Gen::Pick(&["auth", "core", "compliance", "vendors", "risk"]),
            )
            .col("model", "varchar(100) NOT NULL", Gen::Code("model"))
            .unique(&["app_label", "model"]),
        table("django_session", 600)
            .col("session_key", "varchar(40) NOT NULL", Gen::Hex(16))
            .col("session_data", "longtext NOT NULL", Gen::Hex(120))
            .col("expire_date", "datetime(6) NOT NULL", Gen::After(14))
            .clause("PRIMARY KEY (`session_key`)")
            .clause("KEY `django_session_expire_date_idx` (`expire_date`)"),
        table("django_site", 2)
            .shared()
            .id()
            .col("domain", "varchar(100) NOT NULL", Gen::Code("grc.example.com"))
            .col("name", "varchar(50) NOT NULL", Gen::Phrase(&["{company} {city}"])),
        table("auth_permission", 240)
            .shared()
            .id()
            .refer("content_type_id", "django_content_type")
            .col("codename", "varchar(100) NOT NULL", Gen::Code("can"))
            .col("name", "varchar(255) NOT NULL", Gen::Pick(MODELS)),
        table("auth_group", 12).shared().id().col(
            "name",
            "varchar(150) NOT NULL",
            Gen::Phrase(&["{job} {digit}"]),
        ),
        table("auth_group_permissions", 120)
            .shared()
            .id()
            .links(("group_id", "auth_group"), ("permission_id", "auth_permission")),
        table("auth_user", 1_500)
            .id()
            .col("password", "varchar(128) NOT NULL", Gen::Written(documents::password))
            .col("last_login", "datetime(6) DEFAULT NULL", Gen::Maybe(15, Box::new(Gen::After(300))))
            .col("is_superuser", FLAG, Gen::Flag(1))
            .col("username", "varchar(150) NOT NULL", Gen::Code("user"))
            .col("first_name", "varchar(150) NOT NULL", Gen::Phrase(&["{given}"]))
            .col("last_name", "varchar(150) NOT NULL", Gen::Phrase(&["{family}"]))
            .col("email", "varchar(254) NOT NULL", Gen::Written(documents::email))
            .col("is_staff", FLAG, Gen::Flag(5))
            .col("is_active", FLAG, Gen::Flag(92))
            .col("date_joined", "datetime(6) NOT NULL", Gen::Created)
            .unique(&["username"]),
        table("auth_user_groups", 2_200).id().links(("user_id", "auth_user"), ("group_id", "auth_group")),
        table("auth_user_user_permissions", 400)
            .id()
            .links(("user_id", "auth_user"), ("permission_id", "auth_permission")),
        table("authtoken_token", 300)
            .col("key", "varchar(40) NOT NULL", Gen::Hex(20))
            .col("created", "datetime(6) NOT NULL", Gen::Created)
            .refer("user_id", "auth_user")
            .clause("PRIMARY KEY (`key`)"),
        table("django_admin_log", 2_500)
            .id()
            .col("action_time", "datetime(6) NOT NULL", Gen::Created)
            .col("object_id", "longtext", Gen::Int(1, 90_000))
            .col(
                "object_repr",
                "varchar(200) NOT NULL",
                Gen::Phrase(&["{policy} Policy", "{company} {legal}", "{given} {family}"]),
            )
            .col("action_flag", "smallint unsigned NOT NULL", Gen::Int(1, 3))
            .col("change_message", "longtext NOT NULL", Gen::Sql(documents::change))
            .refer_or_null("content_type_id", "django_content_type", 4)
            .refer("user_id", "auth_user")
            .clause("CONSTRAINT `django_admin_log_flag_check` CHECK (`action_flag` >= 0)"),
    ]
}

fn accounts() -> Vec<Table> {
    vec![
        // Tenant 0 has row 0 although the column counts up by itself: a load without NO_AUTO_VALUE_ON_ZERO
        // would renumber it.
        table("core_tenant", 26)
            .constant()
            .first_id(0)
            .id()
            .col("name", "varchar(200) NOT NULL", Gen::Phrase(&["{company} {trade} {legal}"]))
            .col("code", "varchar(40) NOT NULL", Gen::Code("T"))
            .col("country", "char(2) NOT NULL", Gen::Phrase(&["{country}"]))
            .col(
                "plan",
                "enum('trial','standard','enterprise') NOT NULL",
                Gen::Pick(&["standard", "enterprise"]),
            )
            .col("settings", "json NOT NULL", Gen::Sql(documents::settings))
            .stamps()
            .unique(&["code"]),
        // A cycle: a department has a head, who is an employee, who has a department.
        table("core_department", 260)
            .id()
            .tenant()
            .col("name", "varchar(120) NOT NULL", Gen::Phrase(&["{unit}, {city}", "{unit}"]))
            .refer_earlier("parent_id", 40)
            .refer_or_null("head_id", "core_employee", 10),
        table("core_employee", 1_800)
            .id()
            .tenant()
            .refer("department_id", "core_department")
            .col("full_name", "varchar(200) NOT NULL", Gen::Phrase(&["{given} {family}"]))
            .col("job_title", "varchar(120) NOT NULL", Gen::Phrase(&["{job}"]))
            .col("office", "varchar(200) NOT NULL", Gen::Phrase(&["{number} {street}, {city}"]))
            .col(
                "phone",
                "varchar(30) DEFAULT NULL",
                Gen::Maybe(30, Box::new(Gen::Phrase(&["+91 {number}{number} {number}{number} {number}"]))),
            )
            .stamps(),
        table("core_userprofile", 1_500)
            .id()
            .tenant()
            .col("user_id", "bigint NOT NULL", Gen::Same("auth_user"))
            .foreign("user_id", "auth_user", "id")
            .refer_or_null("employee_id", "core_employee", 20)
            .col("preferences", "json NOT NULL", Gen::Sql(documents::settings))
            .col("mfa_secret", "varchar(64) NOT NULL DEFAULT '' INVISIBLE", Gen::Hex(20))
            .unique(&["user_id"]),
        table("core_tenant_modules", 80)
            .id()
            .links(("tenant_id", "core_tenant"), ("contenttype_id", "django_content_type")),
    ]
}

fn work() -> Vec<Table> {
    vec![
        table("core_auditlog", 28_000)
            .id()
            .tenant()
            .refer("actor_id", "auth_user")
            .col(
                "verb",
                "varchar(30) NOT NULL",
                Gen::Pick(&["create", "update", "delete", "approve", "export", "sign-in"]),
            )
            .col(
                "target",
                "varchar(160) NOT NULL",
                Gen::Phrase(&["{policy} Policy", "{asset}", "{contract} with {company}"]),
            )
            .col("payload", "json NOT NULL", Gen::Sql(documents::change))
            .col("ip_address", "varchar(39) NOT NULL", Gen::Written(documents::address))
            .col("digest", "char(64) CHARACTER SET ascii NOT NULL", Gen::Hex(32))
            .col("created_at", "datetime(6) NOT NULL", Gen::Created)
            .clause("KEY `core_auditlog_created_idx` (`TenantId`,`created_at`)"),
        table("core_notification", 12_000)
            .id()
            .tenant()
            .refer("recipient_id", "auth_user")
            .col(
                "subject",
                "varchar(200) NOT NULL",
                Gen::Phrase(&[
                    "{action} {thing}: due in {number} days",
                    "{incident} {asset}",
                    "{period} {year} {framework} assessment assigned",
                ]),
            )
            .col("body", "longtext NOT NULL", Gen::Text(REMARK, 1, 4))
            .col("read_at", "datetime(6) DEFAULT NULL", Gen::Maybe(35, Box::new(Gen::After(20))))
            .col("created_at", "datetime(6) NOT NULL", Gen::Created),
        table("core_attachment", 1_800)
            .id()
            .tenant()
            .col("uuid", "char(32) CHARACTER SET ascii NOT NULL", Gen::Uuid)
            .col(
                "file_name",
                "varchar(255) NOT NULL",
                Gen::Phrase(&["{proof} {period} {year}.pdf", "{unit} – {thing}.xlsx"]),
            )
            .col("sha256", "binary(32) NOT NULL", Gen::Digest)
            .col("content", "mediumblob NOT NULL", Gen::Blob(200, 5_000))
            .col("uploaded_at", "datetime(6) NOT NULL", Gen::Created)
            .unique(&["uuid"]),
        // No tenant, and no primary key: what is left of an import years ago.
        table("core_import_staging", 1_200)
            .col("line", "int NOT NULL", Gen::Int(1, 500))
            .col("source_file", "varchar(120) NOT NULL", Gen::Phrase(&["{unit}_{year}.csv"]))
            .col(
                "raw",
                "text",
                Gen::Maybe(5, Box::new(Gen::Phrase(&["\"{given}\";\"{family}\";{number},{digit}\t\\N"]))),
            ),
        table("django_celery_beat_periodictask", 30)
            .shared()
            .id()
            .col("name", "varchar(200) NOT NULL", Gen::Code("task"))
            .col(
                "task",
                "varchar(200) NOT NULL",
                Gen::Pick(&["core.tasks.remind", "core.tasks.rollup", "core.tasks.sync"]),
            )
            .col("kwargs", "longtext NOT NULL", Gen::Sql(documents::labels))
            .col("enabled", FLAG, Gen::Flag(80)),
        table("django_celery_results_taskresult", 5_000)
            .id()
            .col("task_id", "varchar(255) NOT NULL", Gen::Uuid)
            .col(
                "status",
                "varchar(50) NOT NULL",
                Gen::Pick(&["SUCCESS", "SUCCESS", "SUCCESS", "FAILURE", "RETRY"]),
            )
            .col("result", "longtext", Gen::Maybe(20, Box::new(Gen::Sql(documents::change))))
            .col("date_done", "datetime(6) NOT NULL", Gen::Created),
    ]
}
