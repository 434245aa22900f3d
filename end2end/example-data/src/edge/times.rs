//! Dates and times no calendar has, and fractions of a second.

use crate::spec::{Table, table};

pub(super) fn tables() -> Vec<Table> {
    vec![
        table("legacy_zero_dates", 0)
            .raw("id", "int NOT NULL")
            .raw("TenantId", "int NOT NULL")
            .raw("closed_on", "date NOT NULL DEFAULT '0000-00-00'")
            .raw("closed_at", "datetime NOT NULL DEFAULT '0000-00-00 00:00:00'")
            .raw("synced_at", "timestamp(6) NULL DEFAULT NULL")
            .clause("PRIMARY KEY (`id`)")
            .rows([
                "1,0,'0000-00-00','0000-00-00 00:00:00','0000-00-00 00:00:00'",
                "2,1,'2024-00-00','2024-02-00 10:00:00','1970-01-01 00:00:01'",
                "3,1,'1000-01-01','9999-12-31 23:59:59','2038-01-19 03:14:07.999999'",
                "4,2,'2024-02-29','0001-01-01 00:00:00',NULL",
                // The hour that two clocks of the year call 02:30.
                "5,3,'2024-10-27','2024-10-27 02:30:00','2024-10-27 01:30:00.000001'",
                "6,3,'2024-03-31','2024-03-31 02:30:00','2024-03-31 00:59:59.999999'",
            ]),
        table("edge_times", 0)
            .raw("id", "int NOT NULL")
            .raw("TenantId", "int NOT NULL")
            .raw("whole", "time DEFAULT NULL")
            .raw("milli", "time(3) DEFAULT NULL")
            .raw("micro", "time(6) DEFAULT NULL")
            .raw("moment", "datetime(6) DEFAULT NULL")
            .raw("tenth", "datetime(1) DEFAULT NULL")
            .raw("built", "year DEFAULT NULL")
            .clause("PRIMARY KEY (`id`)")
            .rows([
                "1,0,'00:00:00','00:00:00.000','00:00:00.000000','2024-01-01 00:00:00.000000','2024-01-01 00:00:00.0',0",
                "2,1,'-838:59:59','-838:59:58.999','-838:59:58.999999','1000-01-01 00:00:00.000001','2024-02-29 23:59:59.9',1901",
                "3,1,'838:59:59','838:59:58.999','838:59:58.999999','9999-12-31 23:59:59.999999','1999-12-31 23:59:59.9',2155",
                "4,2,'-00:00:01','-00:00:00.001','-00:00:00.000001','1969-12-31 23:59:59.999999','1970-01-01 00:00:00.1',1970",
                "5,3,'24:00:00','100:00:00.500','12:34:56.789012','2024-06-30 12:34:56.789012','2024-06-30 12:34:56.7',2024",
                "6,4,NULL,NULL,NULL,NULL,NULL,NULL",
            ]),
    ]
}
