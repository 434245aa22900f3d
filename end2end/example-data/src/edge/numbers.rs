//! Numbers at the edges of their types.

use crate::spec::{Table, table};

pub(super) fn tables() -> Vec<Table> {
    vec![
        // Six printed digits are enough for these: a dump by the stock client returns them bit for bit.
        table("edge_float_exact", 0)
            .raw("id", "int NOT NULL")
            .raw("TenantId", "int NOT NULL")
            .raw("score", "float NOT NULL")
            .raw("weight", "double NOT NULL")
            .clause("PRIMARY KEY (`id`)")
            .rows([
                "1,0,0e0,0e0",
                "2,1,0.5e0,0.1e0",
                "3,1,-1024.25e0,1.7976931348623157e308",
                "4,2,65536e0,2.2250738585072014e-308",
                "5,2,999999e0,4.9406564584124654e-324",
                "6,3,0.125e0,0.30000000000000004e0",
                "7,3,-0.0078125e0,-1.7976931348623157e308",
                "8,4,123456e0,9007199254740993e0",
            ]),
        // Six printed digits are not enough for the FLOATs here.
        table("edge_float_inexact", 0)
            .raw("id", "int NOT NULL")
            .raw("TenantId", "int NOT NULL")
            .raw("single_value", "float DEFAULT NULL")
            .raw("double_value", "double DEFAULT NULL")
            .raw("note", "varchar(60) NOT NULL")
            .clause("PRIMARY KEY (`id`)")
            .rows([
                "1,1,3.4028234663852886e38,1.7976931348623157e308,'largest'",
                "2,1,-3.4028234663852886e38,-1.7976931348623157e308,'smallest'",
                "3,1,1.1754943508222875e-38,2.2250738585072014e-308,'smallest normal'",
                "4,2,1.401298464324817e-45,4.9406564584124654e-324,'smallest denormal'",
                "5,2,5.877471754111438e-39,1.1125369292536007e-308,'denormal'",
                "6,2,16777217e0,9007199254740993e0,'first whole number missing'",
                "7,3,0.1e0,0.1e0,'a tenth'",
                "8,3,1.0000001192092896e0,1.0000000000000002e0,'one and a bit'",
                "9,3,3.1415927410125732e0,3.141592653589793e0,'pi'",
                "10,3,8388608.5e0,4503599627370496.5e0,'half way'",
                "11,4,-0e0,0e0,'negative zero, single'",
                "12,4,NULL,NULL,'nothing'",
            ]),
        // MySQL keeps the sign of a zero, but its dump client writes `-0`, a whole number, and loses it.
        // MariaDB stores 0.
        table("edge_negative_zero", 0)
            .raw("id", "int NOT NULL")
            .raw("double_value", "double NOT NULL")
            .clause("PRIMARY KEY (`id`)")
            .rows(["1,-0e0", "2,0e0"]),
        table("edge_integers", 0)
            .raw("tiny", "tinyint NOT NULL")
            .raw("tiny_unsigned", "tinyint unsigned NOT NULL")
            .raw("small", "smallint NOT NULL")
            .raw("medium", "mediumint NOT NULL")
            .raw("medium_unsigned", "mediumint unsigned NOT NULL")
            .raw("whole", "int NOT NULL")
            .raw("whole_unsigned", "int unsigned NOT NULL")
            .raw("big", "bigint NOT NULL")
            .raw("big_unsigned", "bigint unsigned NOT NULL")
            .clause("PRIMARY KEY (`big_unsigned`)")
            .rows([
                "-128,0,-32768,-8388608,0,-2147483648,0,-9223372036854775808,0",
                "127,255,32767,8388607,16777215,2147483647,4294967295,9223372036854775807,18446744073709551615",
                "0,128,0,0,8388608,0,2147483648,0,9223372036854775808",
            ]),
        table("edge_decimals", 0)
            .raw("id", "int NOT NULL")
            .raw("TenantId", "int NOT NULL")
            .raw("widest", "decimal(65,0) DEFAULT NULL")
            .raw("finest", "decimal(65,30) DEFAULT NULL")
            .raw("amount", "decimal(19,4) NOT NULL DEFAULT '0.0000'")
            .raw("fraction", "decimal(30,30) DEFAULT NULL")
            .clause("PRIMARY KEY (`id`)")
            .rows([
                format!("1,0,{n},{w}.{f},'999999999999999.9999',0.{f}", n = "9".repeat(65), w = "9".repeat(35), f = "9".repeat(30)),
                format!("2,1,-{n},-{w}.{f},'-999999999999999.9999',-0.{f}", n = "9".repeat(65), w = "9".repeat(35), f = "9".repeat(30)),
                "3,2,0,0.000000000000000000000000000001,'0.0001',0.000000000000000000000000000001".to_owned(),
                "4,3,NULL,NULL,'-0.0001',NULL".to_owned(),
            ]),
        table("edge_bits", 0)
            .raw("id", "int NOT NULL")
            .raw("TenantId", "int NOT NULL")
            .raw("flag", "bit(1) NOT NULL DEFAULT b'0'")
            .raw("mask", "bit(10) DEFAULT NULL")
            .raw("full", "bit(64) DEFAULT NULL")
            .clause("PRIMARY KEY (`id`)")
            .rows([
                "1,0,b'0',b'0000000000',b'0'".to_owned(),
                format!("2,1,b'1',b'1111111111',b'{}'", "1".repeat(64)),
                // The bytes of a quote, a backslash, a newline and a NUL.
                "3,2,b'1',b'0000100111',x'275c0a0022271a5c'".to_owned(),
                "4,3,b'0',NULL,NULL".to_owned(),
            ]),
    ]
}
