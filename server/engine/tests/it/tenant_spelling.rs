//! One tenant, however its columns spell it.

use anyhow::{Result, ensure};
use domain::{restores::Selection, sources::ServerFamily, tenancy::Drift};
use engine::pipeline::{
    self, native,
    tenant_export::{TenantForm, export_tenant},
};

use crate::{
    mysql_server::Server,
    native::request,
    pipeline_support::control,
    tenant_live::{Live, key},
};

const NUMBERS: &[&str] = &[
    "CREATE TABLE d.tenant (id INT PRIMARY KEY, name VARCHAR(20))",
    "CREATE TABLE d.invoice (id INT PRIMARY KEY, TenantId VARCHAR(10) NOT NULL, KEY (TenantId))",
    "CREATE TABLE d.payment (id INT PRIMARY KEY, TenantId DECIMAL(12,1) NOT NULL)",
    "CREATE TABLE d.old (id INT PRIMARY KEY, TenantId INT(6) UNSIGNED ZEROFILL NOT NULL)",
    "CREATE TABLE d.link (id INT PRIMARY KEY, invoice INT NOT NULL, payment INT NOT NULL, UNIQUE (invoice, payment), \
     FOREIGN KEY (invoice) REFERENCES d.invoice (id), FOREIGN KEY (payment) REFERENCES d.payment (id))",
    "CREATE TABLE d.task (id INT PRIMARY KEY, TenantId INT NOT NULL, FOREIGN KEY (TenantId) REFERENCES d.tenant (id))",
    "INSERT INTO d.tenant VALUES (7,'seven'),(8,'eight')",
    "INSERT INTO d.invoice VALUES (1,'7'),(2,'007'),(3,' 7'),(4,'7.0'),(5,'+7'),(6,'8'),(7,'70')",
    "INSERT INTO d.payment VALUES (1,7),(2,8),(3,7.5)",
    "INSERT INTO d.old VALUES (1,7),(2,8)",
    // Between two spellings of one tenant, and between two tenants.
    "INSERT INTO d.link VALUES (1,2,1),(2,6,1)",
    "INSERT INTO d.task VALUES (1,7),(2,8)",
];
const TABLES: &[&str] = &["tenant", "invoice", "payment", "old", "link", "task"];

#[tokio::test(flavor = "multi_thread")]
async fn numbers_and_text_beside_them_are_one_tenant() -> Result<()> {
    for live in Live::all(NUMBERS).await? {
        let rows = live.tenants();
        assert_eq!(rows, [("7", 10), ("7.5", 1), ("70", 1), ("8", 5)], "{}", live.server.family);
        ensure!(live.receipt.drift.is_empty(), "{:?}", live.receipt.drift);
        assert_eq!(live.receipt.shared_rows, 1, "the link of two tenants");
        let good = live.rows(TABLES).await?;
        live.run(&[
            "DELETE FROM link WHERE id=1",
            "DELETE FROM invoice WHERE id IN (2,3)",
            "UPDATE invoice SET TenantId='0007' WHERE id=4",
            "INSERT INTO invoice VALUES (9,'07')",
            "DELETE FROM old WHERE id=1",
        ])
        .await?;
        live.there_and_back("7", TABLES, &good).await?;

        // Another spelling is not another tenant: it is refused by name, or means the same segment.
        let error = live.plan("007", Selection::Everything).await.err().unwrap();
        ensure!(error.to_string().contains("007 is tenant 7"), "{error}");
        let mut only = request(&live.server, "d");
        (only.tenant, only.confirmed) = (Some(key("007")), true);
        let error = native::back_up(&live.vault, &only, &control()).await.err().unwrap();
        ensure!(error.to_string().contains("007 means tenant 7"), "{error}");
        let mut of = Vec::new();
        for typed in ["7", "007", "7.0"] {
            let mut packed = Vec::new();
            let form = TenantForm::JsonLinesGzip;
            let proof =
                export_tenant(&live.vault, &live.backup, &key(typed), form, &mut packed, &control()).await?;
            assert_eq!(
                (proof.tenant, proof.tables.iter().map(|(_, rows)| rows).sum::<u64>()),
                (key("7"), 10)
            );
            of.push(proof.sha256);
        }
        ensure!(of[0] == of[1] && of[1] == of[2]);
        let tables = pipeline::tenant_tables(&live.vault, &live.backup, &key("0007")).await?;
        assert_eq!(tables.iter().map(|(_, rows)| rows).sum::<u64>(), 10);
        let (nine, mut packed, control) = (key("9"), Vec::new(), control());
        let form = TenantForm::SqlGzip;
        let nobody = export_tenant(&live.vault, &live.backup, &nine, form, &mut packed, &control);
        ensure!(nobody.await.is_err());
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_list_of_tenants_says_whether_capitals_count() -> Result<()> {
    let ignored = [
        "CREATE TABLE d.tenant (code VARCHAR(20) CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci PRIMARY KEY)",
        "CREATE TABLE d.a (id INT PRIMARY KEY, TenantId CHAR(20) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin, KEY (TenantId))",
        "CREATE TABLE d.b (id INT PRIMARY KEY, TenantId VARCHAR(20) CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci, \
         FOREIGN KEY (TenantId) REFERENCES d.tenant (code))",
        "CREATE TABLE d.c (id INT PRIMARY KEY, TenantId VARCHAR(20) CHARACTER SET latin1 COLLATE latin1_swedish_ci)",
        "INSERT INTO d.tenant VALUES ('ACME'),('beta')",
        "INSERT INTO d.a VALUES (1,'ACME'),(2,'acme'),(3,'Acme  '),(4,'beta')",
        "INSERT INTO d.b VALUES (1,'acme'),(2,'ACME  '),(3,'BETA')",
        "INSERT INTO d.c VALUES (1,'aCme'),(2,'Beta')",
    ];
    for live in Live::all(&ignored).await? {
        let rows = live.tenants();
        assert_eq!(rows, [("acme", 7), ("beta", 4)], "{}", live.server.family);
        let tables = ["tenant", "a", "b", "c"];
        let good = live.rows(&tables).await?;
        live.run(&[
            "DELETE FROM a WHERE id<3",
            "DELETE FROM b WHERE id=2",
            "UPDATE c SET TenantId='ACME' WHERE id=1",
        ])
        .await?;
        live.there_and_back("acme", &tables, &good).await?;
    }
    let counted = [
        "CREATE TABLE d.tenant (code VARCHAR(20) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin PRIMARY KEY)",
        "CREATE TABLE d.a (id INT PRIMARY KEY, TenantId VARCHAR(20) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin, \
         FOREIGN KEY (TenantId) REFERENCES d.tenant (code))",
        "CREATE TABLE d.b (id INT PRIMARY KEY, TenantId VARCHAR(20) CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci)",
        "CREATE TABLE d.n (id INT PRIMARY KEY, TenantId INT)",
        "INSERT INTO d.tenant VALUES ('Ab3'),('aB3')",
        "INSERT INTO d.a VALUES (1,'Ab3'),(2,'aB3')",
        "INSERT INTO d.b VALUES (1,'AB3')",
        "INSERT INTO d.n VALUES (1,3)",
    ];
    for live in Live::all(&counted).await? {
        let rows = live.tenants();
        assert_eq!(rows, [("Ab3", 2), ("aB3", 2)], "{}", live.server.family);
        assert_eq!(live.receipt.shared_rows, 2, "nobody can tell whose they are");
        let drift = &live.receipt.drift;
        assert_eq!(drift.iter().map(Drift::table).collect::<Vec<_>>(), ["b", "n"]);
        let said = drift[0].to_string();
        ensure!(said.contains("b.TenantId is varchar(20) utf8mb4_general_ci"), "{said}");
        ensure!(said.contains("tenant.code is varchar(20) utf8mb4_bin"), "{said}");
        ensure!(said.contains("Give both columns one type and collation"), "{said}");
        ensure!(drift.iter().all(Drift::breaks_coverage));
        // What nobody can lead stands in the way of everything, not of what can be led.
        let planned = live.plan("aB3", Selection::Everything).await?;
        assert_eq!(planned.difference.obstacles.len(), 2, "{:#?}", planned.difference.obstacles);
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_uuid_is_one_tenant_in_capitals_or_not() -> Result<()> {
    let statements = [
        "CREATE TABLE d.tenant (id UUID PRIMARY KEY)",
        "CREATE TABLE d.a (id INT PRIMARY KEY, TenantId CHAR(36) CHARACTER SET ascii COLLATE ascii_bin)",
        "CREATE TABLE d.b (id INT PRIMARY KEY, TenantId UUID, FOREIGN KEY (TenantId) REFERENCES d.tenant (id))",
        "INSERT INTO d.tenant VALUES ('0c9e1f2a-3b4c-1d6e-8f80-91a2b3c4d5e6')",
        "INSERT INTO d.a VALUES (1,'0C9E1F2A-3B4C-1D6E-8F80-91A2B3C4D5E6'),(2,'0c9e1f2a-3b4c-1d6e-8f80-91a2b3c4d5e6')",
        "INSERT INTO d.b SELECT 1,id FROM d.tenant",
    ];
    let live = Live::on(Server::start(ServerFamily::Mariadb, &[]).await?, &statements).await?;
    let tenants = &live.receipt.tenants;
    assert_eq!(tenants.len(), 1, "{tenants:?}");
    let (tenant, tables) = (tenants[0].key.clone(), ["tenant", "a", "b"]);
    assert_eq!((tenant.as_str(), tenants[0].rows), ("0c9e1f2a-3b4c-1d6e-8f80-91a2b3c4d5e6", 4));
    let good = live.rows(&tables).await?;
    live.run(&["DELETE FROM a", "DELETE FROM b"]).await?;
    live.there_and_back(tenant.as_str(), &tables, &good).await
}

/// Where the live database takes for one what a backup kept apart, half a tenant would be put back.
#[tokio::test(flavor = "multi_thread")]
async fn a_backup_in_which_one_tenant_is_two_is_not_put_back_by_halves() -> Result<()> {
    let apart = [
        "CREATE TABLE d.list (id INT PRIMARY KEY, kind INT)",
        "CREATE TABLE d.a (id INT PRIMARY KEY, TenantId VARCHAR(20) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin)",
        "INSERT INTO d.a VALUES (1,'acme'),(2,'ACME'),(3,'beta')",
    ];
    for live in Live::all(&apart).await? {
        assert_eq!(live.receipt.tenants.len(), 3);
        live.run(&[
            "ALTER TABLE a MODIFY TenantId VARCHAR(20) CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci",
        ])
        .await?;
        let error = live.plan("acme", Selection::Everything).await.err().unwrap();
        ensure!(error.to_string().contains("under several keys: acme, ACME"), "{error}");
        ensure!(error.advice().is_some());
        // Its neighbour has one key there and here.
        live.run(&["DELETE FROM a WHERE id=3"]).await?;
        let planned = live.plan("beta", Selection::Everything).await?;
        assert_eq!(planned.difference.changes(), 1);
    }
    Ok(())
}
