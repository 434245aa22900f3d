//! Spatial values, JSON, computed and hidden columns.

use crate::family::Family;
use crate::spec::{Table, table};

pub(super) fn tables(family: Family) -> Vec<Table> {
    vec![spatial(family), json(), computed(), expression_index()]
}

fn spatial(family: Family) -> Table {
    // MySQL uses a spatial index only when the column is bound to a reference system; MariaDB writes the same
    // differently. In 4326 MySQL reads latitude first: these values are valid both ways round.
    let (flat, globe) = family.choose(
        ("geometry REF_SYSTEM_ID=0 NOT NULL", "point REF_SYSTEM_ID=4326 DEFAULT NULL"),
        ("geometry NOT NULL SRID 0", "point DEFAULT NULL SRID 4326"),
    );
    table("edge_spatial", 0)
        .raw("id", "int NOT NULL")
        .raw("TenantId", "int NOT NULL")
        .raw("shape", flat)
        .raw("place", globe)
        .raw("route", "linestring DEFAULT NULL")
        .raw("zone", "polygon DEFAULT NULL")
        .clause("PRIMARY KEY (`id`)")
        .clause("SPATIAL KEY `edge_spatial_shape_idx` (`shape`)")
        .rows([
            "1,0,ST_GeomFromText('POINT(0 0)'),ST_GeomFromText('POINT(19.076 72.8777)',4326),NULL,NULL",
            "2,1,ST_GeomFromText('POINT(-1.5 1e-10)'),ST_GeomFromText('POINT(-89.9 -89.9)',4326),\
             ST_GeomFromText('LINESTRING(0 0,1 1,2.5 -3.25)'),ST_GeomFromText('POLYGON((0 0,10 0,10 10,0 10,0 0),(2 2,4 2,4 4,2 2))')",
            "3,2,ST_GeomFromText('MULTIPOINT(1 1,2 2,3 3)'),NULL,ST_GeomFromText('LINESTRING(0.1 0.2,0.3 0.30000000000000004)'),NULL",
            "4,3,ST_GeomFromText('GEOMETRYCOLLECTION(POINT(1 2),LINESTRING(3 4,5 6))'),NULL,NULL,NULL",
        ])
}

fn json() -> Table {
    table("edge_json", 0)
        .raw("id", "int NOT NULL")
        .raw("TenantId", "int NOT NULL")
        .raw("document", "json DEFAULT NULL")
        .clause("PRIMARY KEY (`id`)")
        .rows([
            r"1,0,'{}'",
            r"2,1,'[]'",
            r"3,1,'null'",
            r"4,2,NULL",
            r#"5,2,'"text with \\"quotes\\", \\\\ backslash, \\n newline, \\u0000 and 🛡️"'"#,
            r#"6,3,'{"b":1,"a":2,"nested":{"list":[1,2.5,1e3,true,false,null,{"deep":[[[]]]}]},"":"empty key"}'"#,
            r"7,3,'[18446744073709551615,-9223372036854775808,0.1,12345678901234567890.5,1.7976931348623157e308]'",
            r#"8,4,'{"it''s":"O''Brien","<script>":"</script>"}'"#,
        ])
}

fn computed() -> Table {
    table("edge_computed", 0)
        .raw("id", "int NOT NULL AUTO_INCREMENT")
        .raw("TenantId", "int NOT NULL")
        .raw("likelihood", "int NOT NULL")
        .raw("impact", "int NOT NULL")
        .server_col("score", "int GENERATED ALWAYS AS (`likelihood` * `impact`) VIRTUAL")
        .raw("details", "json DEFAULT NULL")
        .server_col(
            "owner_name",
            "varchar(100) GENERATED ALWAYS AS (json_unquote(json_extract(`details`,'$.owner'))) STORED",
        )
        .raw("hidden_note", "varchar(60) DEFAULT 'not shown' INVISIBLE")
        .server_col("hidden_default", "int NOT NULL DEFAULT '7' INVISIBLE")
        .clause("PRIMARY KEY (`id`)")
        .clause("KEY `edge_computed_owner_idx` (`owner_name`)")
        .clause("KEY `edge_computed_score_idx` (`score`)")
        .rows([
            r#"1,1,3,4,'{"owner":"Zoë O''Brien"}','kept although nobody sees it'"#,
            r#"2,1,-1,5,'{"owner":null}',NULL"#,
            r"3,2,0,0,NULL,''",
            r#"4,3,46340,46340,'{"owner":"🛡️"}','emoji 🕶️'"#,
        ])
}

/// MySQL can index an expression, through a column nobody sees. Its CHECKSUM TABLE counts that column, which
/// may be NULL or not depending on the sql_mode the table was made under: equal rows, different checksums,
/// after any restore from mysqldump. Kept apart from the ordinary tables for that reason.
fn expression_index() -> Table {
    table("edge_expression_index", 0)
        .raw("id", "int NOT NULL")
        .raw("TenantId", "int NOT NULL")
        .raw("email", "varchar(254) NOT NULL")
        .clause("PRIMARY KEY (`id`)")
        .clause_for(Family::Mysql, "KEY `edge_expression_index_email` ((lower(`email`)))")
        .rows(["1,1,'Zo\u{eb}@Example.COM'", "2,2,'a.sharma@example.com'"])
}
