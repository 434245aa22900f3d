//! Tables without a key, with several, without rows, in partitions.

use crate::spec::{Gen, Table, table};

pub(super) fn tables() -> Vec<Table> {
    vec![
        // Empty for good: a backup that lists only tables with rows would forget it.
        table("core_feature_vote", 0)
            .raw("id", "bigint NOT NULL AUTO_INCREMENT")
            .raw("TenantId", "int NOT NULL")
            .raw("feature", "varchar(80) NOT NULL")
            .clause("PRIMARY KEY (`id`)")
            .options("AUTO_INCREMENT=4711")
            .rows(Vec::<String>::new()),
        // No key at all, and rows that are equal in every column.
        table("legacy_no_key", 0)
            .raw("TenantId", "int NOT NULL")
            .raw("label", "varchar(40) DEFAULT NULL")
            .raw("amount", "decimal(10,2) DEFAULT NULL")
            .rows(["1,'twice',1.00", "1,'twice',1.00", "2,NULL,NULL", "2,NULL,NULL", "3,'once',-0.01"]),
        table("core_exchange_rate", 2_000)
            .col("TenantId", "int NOT NULL", Gen::Tenant)
            .col("currency", "char(3) CHARACTER SET ascii NOT NULL", Gen::Pick(&["EUR", "USD", "INR", "JPY"]))
            .col("sequence", "int NOT NULL", Gen::Id)
            .col("rate", "decimal(18,8) NOT NULL", Gen::Decimal(0, 90, 8))
            .col("quality", "float NOT NULL", Gen::Eighths(0, 100))
            .clause("PRIMARY KEY (`TenantId`,`currency`,`sequence`)"),
        table("core_login_history", 4_000)
            .col("id", "bigint NOT NULL AUTO_INCREMENT", Gen::Id)
            .col("TenantId", "int NOT NULL", Gen::Tenant)
            .col("happened_at", "datetime(6) NOT NULL", Gen::Created)
            .col(
                "agent",
                "varchar(120) NOT NULL",
                Gen::Phrase(&["Mozilla/5.0 ({unit}) Chrome/{number}.0.{number}", "Mobile/{number} {hex}"]),
            )
            .clause("PRIMARY KEY (`id`,`happened_at`)")
            .clause("CONSTRAINT `core_login_history_agent_check` CHECK (char_length(`agent`) > 0)")
            .options(
                "PARTITION BY RANGE (year(`happened_at`)) (PARTITION p2019 VALUES LESS THAN (2020), \
                 PARTITION p2021 VALUES LESS THAN (2022), PARTITION pmax VALUES LESS THAN MAXVALUE)",
            ),
    ]
}
