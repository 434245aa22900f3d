//! Keys and triggers around a tenant's restore: circles, other databases, other spellings, what fires.

use anyhow::{Result, ensure};
use domain::restores::{Obstacle, Selection};
use engine::source::mysql::connect::Endpoint;
use mysql_async::prelude::Queryable;

use crate::tenant_live::Live;

async fn number(endpoint: &Endpoint, sql: &str) -> Result<u64> {
    let mut conn = endpoint.connect().await?;
    let number: Option<u64> = conn.query_first(sql).await?;
    conn.disconnect().await?;
    Ok(number.unwrap_or(u64::MAX))
}

fn said(obstacles: &[Obstacle]) -> String {
    obstacles.iter().map(|obstacle| format!("{}: {}\n", obstacle.table, obstacle.what)).collect()
}

const CIRCLES: &[&str] = &[
    // `alp` is led over `mat` and comes before it by name; each refers to the other.
    "CREATE TABLE d.mat (id INT PRIMARY KEY, TenantId INT NOT NULL, alp INT, word VARCHAR(20), KEY (TenantId))",
    "CREATE TABLE d.alp (id INT PRIMARY KEY, mat INT NOT NULL, word VARCHAR(20), \
     CONSTRAINT fk_alp_mat FOREIGN KEY (mat) REFERENCES d.mat (id) ON DELETE CASCADE)",
    "ALTER TABLE d.mat ADD CONSTRAINT fk_mat_alp FOREIGN KEY (alp) REFERENCES d.alp (id) ON DELETE SET NULL",
    // Neither can be NULL.
    "CREATE TABLE d.egg (id INT PRIMARY KEY, TenantId INT NOT NULL, hen INT NOT NULL)",
    "CREATE TABLE d.hen (id INT PRIMARY KEY, TenantId INT NOT NULL, egg INT NOT NULL, \
     CONSTRAINT fk_hen_egg FOREIGN KEY (egg) REFERENCES d.egg (id))",
    "CREATE TABLE d.node (id INT PRIMARY KEY, TenantId INT NOT NULL, parent INT, word VARCHAR(20), \
     CONSTRAINT fk_node FOREIGN KEY (parent) REFERENCES d.node (id) ON DELETE CASCADE)",
    "INSERT INTO d.mat VALUES (1,7,NULL,'a'),(2,7,NULL,'b'),(3,8,NULL,'c')",
    "INSERT INTO d.alp VALUES (1,1,'x'),(2,2,'y'),(3,3,'z')",
    "UPDATE d.mat SET alp=3-id WHERE id<3",
    "INSERT INTO d.egg VALUES (1,7,2),(2,7,1),(3,8,3)",
    "INSERT INTO d.hen VALUES (1,7,1),(2,7,2),(3,8,3)",
    "ALTER TABLE d.egg ADD CONSTRAINT fk_egg_hen FOREIGN KEY (hen) REFERENCES d.hen (id)",
    "INSERT INTO d.node VALUES (1,7,NULL,'root'),(2,7,1,'a'),(3,7,2,'b'),(4,7,3,'c'),(9,8,NULL,'other')",
    "UPDATE d.node SET parent=4 WHERE id=1",
];

#[tokio::test(flavor = "multi_thread")]
async fn rows_in_circles_go_and_come_back_together() -> Result<()> {
    for live in Live::all(CIRCLES).await? {
        let tables = ["mat", "alp", "egg", "hen", "node"];
        let good = live.rows(&tables).await?;
        live.run(&[
            "SET foreign_key_checks=0",
            "DELETE FROM alp WHERE id=1",
            "UPDATE alp SET word='changed' WHERE id=2",
            "UPDATE mat SET alp=NULL WHERE id=2",
            "DELETE FROM mat WHERE id=1",
            "INSERT INTO mat VALUES (5,7,5,'new')",
            "INSERT INTO alp VALUES (5,5,'new')",
            "DELETE FROM egg WHERE TenantId=7",
            "DELETE FROM hen WHERE TenantId=7",
            "INSERT INTO hen VALUES (7,7,7)",
            "INSERT INTO egg VALUES (7,7,7)",
            "DELETE FROM node WHERE id IN (1,3)",
            "UPDATE node SET parent=2, word='moved' WHERE id=4",
            "UPDATE node SET parent=NULL WHERE id=2",
            "INSERT INTO node VALUES (5,7,6,'new'),(6,7,5,'new')",
        ])
        .await?;
        live.there_and_back("7", &tables, &good).await?;
        // Of a half alone rows would refer to nothing: refused by the preview, and nothing is left dangling.
        let planned = live.plan("7", Selection::Tables { tables: vec!["egg".into()] }).await?;
        let words = said(&planned.difference.obstacles);
        ensure!(
            words.contains("egg: its rows would refer to 2 rows of hen that do not exist (fk_egg_hen)"),
            "{words}"
        );
        ensure!(
            words.contains("egg: 1 rows of hen refer to rows that would be deleted (fk_hen_egg)"),
            "{words}"
        );
    }
    Ok(())
}

/// A key over a computed column cannot be reckoned beforehand; it is counted, and nothing dangles.
#[tokio::test(flavor = "multi_thread")]
async fn keys_over_computed_columns_are_kept() -> Result<()> {
    let statements = [
        "CREATE TABLE d.place (id INT PRIMARY KEY, TenantId INT NOT NULL)",
        "CREATE TABLE d.seat (id INT PRIMARY KEY, TenantId INT NOT NULL, number INT NOT NULL, \
         place INT AS (number DIV 100) STORED, CONSTRAINT fk_seat FOREIGN KEY (place) REFERENCES d.place (id))",
        "INSERT INTO d.place VALUES (1,7),(2,7),(3,8)",
        "INSERT INTO d.seat (id,TenantId,number) VALUES (1,7,101),(2,7,202),(3,8,303)",
    ];
    for live in Live::all(&statements).await? {
        let tables = ["place", "seat"];
        let good = live.rows(&tables).await?;
        live.run(&[
            "DELETE FROM seat WHERE id=2",
            "DELETE FROM place WHERE id=2",
            "INSERT INTO place VALUES (4,7)",
        ])
        .await?;
        live.run(&["INSERT INTO seat (id,TenantId,number) VALUES (4,7,404)"]).await?;
        live.there_and_back("7", &tables, &good).await?;
        let before = live.rows(&tables).await?;
        let planned = live.plan("7", Selection::Tables { tables: vec!["seat".into()] }).await?;
        let error = live.apply(&planned).await.err().unwrap();
        ensure!(error.to_string().contains("1 rows would refer to nothing"), "{error}");
        assert_eq!(live.rows(&tables).await?, before);
        let planned = live.plan("7", Selection::Tables { tables: vec!["place".into()] }).await?;
        let words = said(&planned.difference.obstacles);
        ensure!(words.contains("place: 1 rows of seat refer to rows that would be deleted"), "{words}");
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_of_other_databases_are_neither_changed_nor_left_dangling() -> Result<()> {
    let statements = [
        "CREATE TABLE d.a (id INT PRIMARY KEY, TenantId INT NOT NULL)",
        "INSERT INTO d.a VALUES (1,7),(2,7),(3,8)",
        "CREATE DATABASE `o-ther`",
        "CREATE TABLE `o-ther`.`r` (id INT PRIMARY KEY, a INT, \
         CONSTRAINT fk_out FOREIGN KEY (a) REFERENCES d.a (id) ON DELETE CASCADE)",
        "CREATE USER plain@'%' IDENTIFIED BY 'x'",
        "GRANT ALL ON d.* TO plain@'%'",
        "CREATE USER sees@'%' IDENTIFIED BY 'x'",
        "GRANT ALL ON d.* TO sees@'%'",
        "GRANT PROCESS ON *.* TO sees@'%'",
    ];
    for mut live in Live::all(&statements).await? {
        let family = live.server.family;
        let outside = "SELECT COUNT(*) FROM `o-ther`.`r` WHERE a=5";
        live.run(&["INSERT INTO a VALUES (5,7)", "INSERT INTO `o-ther`.`r` VALUES (1,5)"]).await?;
        let everything = || Selection::Everything;
        let planned = live.plan("7", everything()).await?;
        let words = said(&planned.difference.obstacles);
        ensure!(
            words.contains("a: 1 rows of o-ther.r refer to rows that would be deleted (fk_out)"),
            "{family} {words}"
        );
        ensure!(live.apply(&planned).await.is_err());
        // An account that may not read them learns that they are there, or that it may not know.
        live.endpoint = live.server.endpoint("sees", "x");
        let words = said(&live.plan("7", everything()).await?.difference.obstacles);
        ensure!(words.contains("rows of o-ther.r may refer (fk_out)"), "{family} {words}");
        live.endpoint = live.server.endpoint("plain", "x");
        let planned = live.plan("7", everything()).await?;
        let remarks = planned.difference.remarks.join("\n");
        ensure!(
            remarks.contains("GRANT PROCESS") || !planned.difference.obstacles.is_empty(),
            "{family} {planned:?}",
            planned = planned.difference
        );
        live.endpoint = live.server.admin();
        ensure!(!live.plan("7", everything()).await?.difference.remarks.join(" ").contains("PROCESS"));

        // Somebody refers to the row after the preview.
        live.run(&["DELETE FROM `o-ther`.`r`"]).await?;
        let planned = live.plan("7", everything()).await?;
        ensure!(planned.difference.is_applicable(), "{:#?}", planned.difference);
        live.run(&["INSERT INTO `o-ther`.`r` VALUES (1,5)"]).await?;
        let error = live.apply(&planned).await.err().unwrap();
        ensure!(
            error.to_string().contains("rows of o-ther.r refer to rows that would be deleted"),
            "{error}"
        );
        assert_eq!(number(&live.endpoint, outside).await?, 1, "{family}");
        assert_eq!(number(&live.endpoint, "SELECT COUNT(*) FROM d.a WHERE id=5").await?, 1);
        live.run(&["UPDATE `o-ther`.`r` SET a=3"]).await?;
        live.apply(&planned).await?;
        assert_eq!(number(&live.endpoint, "SELECT COUNT(*) FROM `o-ther`.`r` WHERE a=3").await?, 1);
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_are_equal_where_the_server_says_so() -> Result<()> {
    let statements = [
        "CREATE TABLE d.kind (code VARCHAR(9) CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci PRIMARY KEY, \
         TenantId INT NOT NULL)",
        "CREATE TABLE d.item (id INT PRIMARY KEY, TenantId INT NOT NULL, \
         kind VARCHAR(9) CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci, \
         CONSTRAINT fk_kind FOREIGN KEY (kind) REFERENCES d.kind (code))",
        "CREATE TABLE d.bin (code VARCHAR(9) CHARACTER SET latin1 COLLATE latin1_bin PRIMARY KEY, TenantId INT NOT NULL)",
        "CREATE TABLE d.thing (id INT PRIMARY KEY, TenantId INT NOT NULL, \
         bin VARCHAR(9) CHARACTER SET latin1 COLLATE latin1_bin, \
         CONSTRAINT fk_bin FOREIGN KEY (bin) REFERENCES d.bin (code))",
        "INSERT INTO d.kind VALUES ('A',7),('Ü',7),('c',8)",
        "INSERT INTO d.item VALUES (1,7,'a'),(2,7,'A'),(3,7,'ü'),(4,8,'C')",
        "INSERT INTO d.bin VALUES ('A',7),('a',7)",
        "INSERT INTO d.thing VALUES (1,7,'A'),(2,7,'a')",
    ];
    for live in Live::all(&statements).await? {
        let tables = ["kind", "item", "bin", "thing"];
        let good = live.rows(&tables).await?;
        live.run(&[
            "SET foreign_key_checks=0",
            "UPDATE kind SET code='a' WHERE code='A'",
            "UPDATE kind SET code='ü' WHERE code='Ü'",
            "UPDATE item SET kind='A' WHERE id=1",
            "DELETE FROM thing WHERE id=2",
            "DELETE FROM bin WHERE code='a'",
        ])
        .await?;
        live.there_and_back("7", &tables, &good).await?;
        // Where the server tells them apart, so does the preview.
        let planned = live.plan("7", Selection::Tables { tables: vec!["thing".into()] }).await?;
        let words = said(&planned.difference.obstacles);
        ensure!(words.contains("thing: its rows would refer to 1 rows of bin that do not exist"), "{words}");
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn triggers_are_part_of_what_is_agreed_to() -> Result<()> {
    let statements = [
        "CREATE TABLE d.a (id INT PRIMARY KEY, TenantId INT NOT NULL, word VARCHAR(20))",
        "CREATE TABLE d.b (id INT PRIMARY KEY, TenantId INT NOT NULL)",
        "CREATE TABLE d.log (n INT PRIMARY KEY AUTO_INCREMENT, what VARCHAR(20))",
        "CREATE TRIGGER d.noted AFTER INSERT ON d.a FOR EACH ROW INSERT INTO log (what) VALUES ('DELETE FROM b')",
        "CREATE TRIGGER d.called AFTER UPDATE ON d.a FOR EACH ROW CALL d.sweep()",
        "CREATE PROCEDURE d.sweep() UPDATE d.log SET what='swept'",
        "INSERT INTO d.a VALUES (1,7,'a'),(2,7,'b'),(3,8,'c')",
        "INSERT INTO d.b VALUES (1,7)",
        "CREATE USER blind@'%' IDENTIFIED BY 'x'",
        "GRANT SELECT, INSERT, UPDATE, DELETE ON d.* TO blind@'%'",
    ];
    for mut live in Live::all(&statements).await? {
        let family = live.server.family;
        live.run(&["DELETE FROM a WHERE id=1"]).await?;
        let everything = || Selection::Everything;
        let planned = live.plan("7", everything()).await?;
        let remarks = planned.difference.remarks.join("\n");
        ensure!(remarks.contains("Triggers of a will fire: noted (AFTER INSERT)."), "{family} {remarks}");
        ensure!(
            remarks.contains("Trigger noted of a writes to log, which is no part of this restore"),
            "{remarks}"
        );
        ensure!(!remarks.contains("called"), "no row is updated: {remarks}");
        // Another text, under the same name.
        live.run(&[
            "DROP TRIGGER noted",
            "CREATE TRIGGER noted AFTER INSERT ON a FOR EACH ROW DELETE FROM b WHERE TenantId=8",
        ])
        .await?;
        let before = live.rows(&["a", "b", "log"]).await?;
        let error = live.apply(&planned).await.err().unwrap();
        ensure!(error.to_string().contains("the triggers of a have changed since the preview"), "{error}");
        assert_eq!(live.rows(&["a", "b", "log"]).await?, before);
        let again = live.plan("7", everything()).await?;
        ensure!(again.difference.digest != planned.difference.digest, "another digest");
        let remarks = again.difference.remarks.join("\n");
        ensure!(remarks.contains("Trigger noted of a writes to b, which is put back too"), "{remarks}");
        // A table that does not change may get triggers meanwhile.
        live.run(&[
            "CREATE TRIGGER later AFTER INSERT ON b FOR EACH ROW INSERT INTO log (what) VALUES ('b')",
        ])
        .await?;
        live.apply(&again).await?;
        live.run(&["UPDATE a SET word='x' WHERE id=1"]).await?;
        let remarks = live.plan("7", everything()).await?.difference.remarks.join("\n");
        ensure!(remarks.contains("called (AFTER UPDATE)") && remarks.contains("calls d.sweep"), "{remarks}");

        live.endpoint = live.server.endpoint("blind", "x");
        let error = live.plan("7", everything()).await.err().unwrap();
        ensure!(error.advice().is_some_and(|advice| advice.contains("GRANT TRIGGER ON `d`.*")), "{error}");
    }
    Ok(())
}
