//! JSON of MySQL holds what its text cannot say. It comes back as the text reads, which is no damage, and it is said.

use anyhow::{Context, Result, ensure};
use domain::{restores::Part, sources::ServerFamily};
use engine::{
    format::Codec,
    pipeline::{self, Vault, native},
    source::mysql::{native::json, tenancy::tenant_key::owner_of},
};
use mysql_async::prelude::Queryable;

use crate::{
    mysql_server::Server,
    native::request,
    native_restore::{backed_up, restored, target},
    pipeline_support::{self, control, create, engine, local},
    tenant_live::key,
};

/// What is lost, and what is not: JSON by SQL of the server.
const LOST: &[&str] = &[
    "JSON_OBJECT('price',CAST('1.10' AS DECIMAL(5,2)))",
    "JSON_ARRAY(1,JSON_OBJECT('deep',JSON_ARRAY(CAST('12345678901234567890.123' AS DECIMAL(30,3)))))",
    "JSON_ARRAY(CAST('99999999999999999999' AS DECIMAL(20,0)))",
    "CAST(CAST('2024-01-01 10:11:12.5' AS DATETIME(6)) AS JSON)",
    "JSON_ARRAY(DATE'2024-02-29')",
    "JSON_OBJECT('t',TIME'-12:00:00')",
    "JSON_OBJECT('at',TIMESTAMP'2024-02-29 01:02:03')",
    "JSON_ARRAY(x'00ff')",
    "JSON_ARRAY(x'')",
    "JSON_ARRAY(b'101')",
    "JSON_OBJECT('shape',CAST(x'7b7d' AS BINARY))",
];
const KEPT: &[&str] = &[
    "NULL",
    "'null'",
    "'{\"b\":[1,null,true,\"A\"],\"a\":{\"\":-0.0}}'",
    "'[1.10,1e300,1e-300,18446744073709551615,-9223372036854775808,100000000000000000000]'",
    "'\"2024-01-01 10:11:12.500000\"'",
    "'\"base64:type253:AP8=\"'",
    "JSON_ARRAY(CAST(40000 AS UNSIGNED),-1,0.1e0,1e0/3,TRUE,'x')",
    "CAST(POINT(1.5,2) AS JSON)",
    // A DOUBLE has it and prints it alike.
    "JSON_ARRAY(CAST('1.5' AS DECIMAL(5,1)),CAST('7' AS DECIMAL(5,0)),CAST('12345678.0' AS DECIMAL(9,1)))",
];

/// The server itself is asked of one value after the other.
#[tokio::test]
async fn each_kind_of_value_is_told_from_what_its_text_becomes() -> Result<()> {
    if !Server::has_mysql() {
        eprintln!("SKIPPED: no MySQL");
        return Ok(());
    }
    let server = Server::start(ServerFamily::Mysql, &[]).await?;
    let mut conn = server.admin().connect().await?;
    conn.query_drop("CREATE DATABASE d").await?;
    conn.query_drop("CREATE TABLE d.t (id INT PRIMARY KEY AUTO_INCREMENT, `a``b` JSON)").await?;
    let digits = json::narrowed("t0.", &["a`b".to_owned()]);
    for (value, lost) in LOST.iter().map(|value| (value, "1")).chain(KEPT.iter().map(|value| (value, "0"))) {
        conn.query_drop("DELETE FROM d.t").await?;
        conn.query_drop(format!("INSERT INTO d.t (`a``b`) VALUES ({value})")).await.context(*value)?;
        let found: Option<String> = conn.query_first(format!("SELECT {digits} FROM d.t t0")).await?;
        assert_eq!(found.as_deref(), Some(lost), "{value}");
    }
    // A value that was changed in place is stored as it never would be anew.
    conn.query_drop("DELETE FROM d.t").await?;
    let long = "x".repeat(500);
    conn.query_drop(format!("INSERT INTO d.t (`a``b`) VALUES (JSON_OBJECT('k','{long}'))")).await?;
    conn.query_drop("UPDATE d.t SET `a``b`=JSON_SET(`a``b`,'$.k','y')").await?;
    let found: Option<String> = conn.query_first(format!("SELECT {digits} FROM d.t t0")).await?;
    assert_eq!(found.as_deref(), Some("0"));
    conn.disconnect().await?;
    Ok(())
}

fn said(remarks: &[String]) -> Vec<&str> {
    let all = remarks.iter().filter(|remark| remark.contains("JSON"));
    all.map(|remark| remark.rsplit(": ").next().unwrap_or_default().trim_end_matches('.')).collect()
}

/// Backs `name` up by both engines; what they say of JSON, and what a verification repeats, must be `expected`.
async fn says(server: &Server, vault: &Vault, name: &str, expected: &[&str]) -> Result<()> {
    let target = target(server).await?;
    let native_request = request(server, name);
    let native = native::back_up(vault, &native_request, &control()).await?;
    let dump_request = pipeline_support::request(server, name, 1, Codec::Zstd);
    let dump = pipeline::backup(vault, &engine(server).await?, &dump_request, &control()).await?;
    for (receipt, place) in [(native, native_request.place), (dump, dump_request.place)] {
        assert_eq!(said(&receipt.remarks), expected, "{name} {}", receipt.manifest.engine);
        let found = pipeline::find(vault, &place.owner, place.source, place.backup).await?;
        assert_eq!(said(&found.context("it was published")?.remarks), expected, "{name}, found again");
        let evidence = pipeline::verify(vault, &place, &target, &control()).await?;
        ensure!(evidence.equal, "{name}: {:#?} {:?}", evidence.differences, evidence.remarks);
        assert_eq!(said(&evidence.remarks), expected, "{name} {}", receipt.manifest.engine);
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_json_has_no_words_for_is_no_damage_and_is_said_by_column() -> Result<()> {
    if !Server::has_mysql() {
        eprintln!("SKIPPED: no MySQL");
        return Ok(());
    }
    let server = Server::start(ServerFamily::Mysql, &[]).await?;
    let list = |values: &[&str]| {
        values.iter().map(|value| format!("(7,{value},NULL)")).collect::<Vec<_>>().join(",")
    };
    let schema = |name: &str| {
        [
            format!("CREATE DATABASE {name}"),
            format!(
                "CREATE TABLE {name}.owned (id INT PRIMARY KEY AUTO_INCREMENT, TenantId INT, j JSON, k JSON, \
                     g JSON AS (JSON_EXTRACT(j,'$')) VIRTUAL)"
            ),
            // Led to its tenant by a join or by what is known of its parents.
            format!(
                "CREATE TABLE {name}.led (id INT PRIMARY KEY, owned INT, words JSON, \
                     FOREIGN KEY (owned) REFERENCES {name}.owned (id))"
            ),
            format!("CREATE TABLE {name}.loose (words JSON) ENGINE=MyISAM"),
        ]
    };
    server.run(schema("lossy")).await?;
    server
        .run([
            format!("INSERT INTO lossy.owned (TenantId,j,k) VALUES {}", list(&[LOST, KEPT].concat())),
            "INSERT INTO lossy.owned (TenantId,j,k) VALUES (8,'1',JSON_ARRAY(x'00'))".into(),
            format!("INSERT INTO lossy.led SELECT id,id,{} FROM lossy.owned WHERE id<4", LOST[0]),
            "INSERT INTO lossy.led VALUES (99,NULL,'[]')".into(),
            format!("INSERT INTO lossy.loose VALUES ({}),({})", LOST[8], KEPT[2]),
        ])
        .await?;
    server.run(schema("clean")).await?;
    server
        .run([
            format!("INSERT INTO clean.owned (TenantId,j,k) VALUES {}", list(KEPT)),
            "INSERT INTO clean.led SELECT id,id,'{}' FROM clean.owned WHERE id<4".into(),
        ])
        .await?;
    let directory = tempfile::tempdir()?;
    let vault = create(local(directory.path()).await?).await?.vault;
    let all = format!(
        "led.words in 3 rows, loose.words in 1 row, owned.j in {} rows, owned.k in 1 row",
        LOST.len()
    );
    says(&server, &vault, "lossy", &[&all]).await?;
    says(&server, &vault, "clean", &[]).await?;

    // What came back is what its text says: of that nothing is lost any more.
    let place = backed_up(&server, &vault, "lossy").await?;
    restored(&server, &vault, &place, "again", &Part::default()).await?;
    says(&server, &vault, "again", &[]).await?;
    // A tenant alone.
    let mut alone = request(&server, "lossy");
    (alone.tenant, alone.place.owner) = (Some(key("8")), owner_of(&key("8")));
    let receipt = native::back_up(&vault, &alone, &control()).await?;
    assert_eq!(said(&receipt.remarks), ["owned.k in 1 row"]);
    Ok(())
}
