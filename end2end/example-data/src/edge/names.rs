//! Names that break scripts: 64 characters, backticks, quotes, spaces, words of the language.

use crate::spec::{Table, table};

/// 64 characters, the longest name a table may have.
pub const LONGEST: &str = "legacy_regulatory_correspondence_with_supervisory_authorities_eu";

pub(super) fn tables() -> Vec<Table> {
    vec![
        table(LONGEST, 0)
            .raw("id", "int NOT NULL")
            .raw("TenantId", "int NOT NULL")
            .raw("reference_number_assigned_by_the_supervisory_authority_concerned", "varchar(40) NOT NULL")
            .clause("PRIMARY KEY (`id`)")
            .clause(
                "UNIQUE KEY `unique_reference_number_assigned_by_the_supervisory_authority_eu` \
                 (`reference_number_assigned_by_the_supervisory_authority_concerned`)",
            )
            .rows(["1,1,'EBA/2023/17'", "2,2,'BaFin/2024/3'", "3,0,'RBI/2022/09'"]),
        table("odd `name` with 'quotes' \"and\" $pace", 0)
            .raw("id", "int NOT NULL")
            .raw("tick`ed", "varchar(20) NOT NULL DEFAULT '`'")
            .raw("TenantId", "int NOT NULL")
            .raw("dou\"ble", "varchar(20) DEFAULT NULL")
            .raw("with space", "int DEFAULT NULL")
            .raw("100%", "decimal(5,2) DEFAULT NULL COMMENT 'it''s a percentage; -- not a comment'")
            .raw("größe", "int DEFAULT NULL")
            .clause("PRIMARY KEY (`id`,`tick``ed`)")
            .clause("KEY `in``dex` (`dou\"ble`)")
            .options("COMMENT='a `table` with \"odd\" names; it''s deliberate'")
            .rows(["1,'`',1,'\"',1,99.99,2", "2,'``',2,NULL,NULL,-0.01,NULL"]),
        table("select", 0)
            .raw("order", "int NOT NULL")
            .raw("group", "varchar(20) DEFAULT NULL")
            .raw("TenantId", "int NOT NULL")
            .raw("--help", "varchar(20) DEFAULT NULL")
            .clause("PRIMARY KEY (`order`)")
            .rows(["1,'where',1,'--help'", "2,NULL,2,'-rf'"]),
    ]
}
