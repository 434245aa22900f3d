//! A small shared database with everything that is awkward to put back, its backup, and what stands in it.

use std::{collections::BTreeMap, sync::Arc};

use anyhow::{Context, Result, ensure};
use domain::{
    restores::{Difference, Selection},
    tenancy::TenantKey,
};
use engine::{
    format::keys::Place,
    pipeline::{
        Control, Vault, native,
        tenant_restore::{Applied, RestorePlace},
    },
};
use mysql_async::{Row, Value, prelude::Queryable};
use tempfile::TempDir;

use crate::{
    mysql_server::Server,
    native::request,
    pipeline_support::{control, create, local},
    tenant_calls::{Rows, anew},
};

pub const NAME: &str = "grc";

/// Two tenants that matter, 7 and 8; owned directly, over one step, over two, between two tables, without a key.
const SCHEMA: &[&str] = &[
    "CREATE DATABASE grc",
    "CREATE TABLE grc.country (code CHAR(2) PRIMARY KEY, name VARCHAR(50) NOT NULL)",
    "CREATE TABLE grc.control (id INT PRIMARY KEY AUTO_INCREMENT, TenantId INT NOT NULL, title VARCHAR(200) \
     CHARACTER SET utf8mb4 NOT NULL, ref VARCHAR(20) NOT NULL UNIQUE, weight FLOAT, ratio DOUBLE, paid DECIMAL(12,4), \
     body LONGBLOB, latin VARCHAR(40) CHARACTER SET latin1, due DATETIME(6), country CHAR(2), \
     changed TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP ON UPDATE CURRENT_TIMESTAMP, KEY (TenantId), \
     CONSTRAINT fk_control_country FOREIGN KEY (country) REFERENCES grc.country (code))",
    "CREATE TABLE grc.risk (id INT PRIMARY KEY, control INT NOT NULL, parent INT, note TEXT, flags BIT(9), \
     twice INT AS (id * 2) STORED, \
     CONSTRAINT fk_risk_control FOREIGN KEY (control) REFERENCES grc.control (id) ON DELETE CASCADE, \
     CONSTRAINT fk_risk_parent FOREIGN KEY (parent) REFERENCES grc.risk (id))",
    "CREATE TABLE grc.answer (risk INT NOT NULL, number SMALLINT NOT NULL, words VARCHAR(300), PRIMARY KEY (risk, number), \
     CONSTRAINT fk_answer_risk FOREIGN KEY (risk) REFERENCES grc.risk (id) ON DELETE CASCADE)",
    "CREATE TABLE grc.token (id BINARY(16) PRIMARY KEY, TenantId INT NOT NULL, name VARCHAR(30) NOT NULL, \
     UNIQUE KEY by_name (TenantId, name))",
    "CREATE TABLE grc.event (TenantId INT NOT NULL, what VARCHAR(40), amount FLOAT, bits BIT(5), raw VARBINARY(20), \
     KEY (TenantId))",
];

pub fn seven() -> TenantKey {
    TenantKey::new("7").unwrap()
}

/// A server with the database, and its backup.
pub struct Scene {
    pub server: Server,
    pub vault: Vault,
    pub directory: TempDir,
    pub backup: Place,
}

/// The rows of each table, every value in full; of one tenant only or of all others.
pub type State = BTreeMap<&'static str, Vec<String>>;

impl Scene {
    pub async fn all() -> Result<Vec<Self>> {
        let mut scenes = Vec::new();
        for server in Server::all().await? {
            scenes.push(Self::on(server).await?);
        }
        Ok(scenes)
    }

    pub async fn on(server: Server) -> Result<Self> {
        server.run(SCHEMA).await?;
        server.run(["INSERT INTO grc.country VALUES ('DE','Germany'),('AT','Austria')"]).await?;
        for tenant in [7, 8, 9] {
            server.run(rows(tenant)).await?;
        }
        let directory = tempfile::tempdir()?;
        let vault = create(local(directory.path()).await?).await?.vault;
        let request = request(&server, NAME);
        native::back_up(&vault, &request, &control()).await?;
        Ok(Self { server, vault, directory, backup: request.place })
    }

    pub fn place(&self) -> RestorePlace {
        anew(&self.backup)
    }

    /// Tenant 7's rows.
    pub fn rows(&self) -> Rows<'_> {
        Rows { vault: &self.vault, live: self.server.admin(), name: NAME, tenant: seven() }
    }

    pub async fn plan(&self, selection: Selection) -> Result<(RestorePlace, Difference)> {
        let place = self.place();
        let difference = self.rows().plan(&self.backup, selection, &place, &control()).await?;
        ensure!(difference.bytes_read < difference.bytes_whole, "{difference:?}");
        Ok((place, difference))
    }
    pub async fn apply(&self, place: &RestorePlace, digest: &str) -> engine::Result<Applied> {
        self.rows().apply(place, digest, &control()).await
    }
    pub async fn undo(&self, place: &RestorePlace, digest: &str) -> engine::Result<Applied> {
        self.rows().undo(place, digest, &control()).await
    }

    pub async fn state(&self, own: bool) -> Result<State> {
        let sign = if own { "=" } else { "<>" };
        let mut conn = self.server.admin().connect().await?;
        conn.query_drop("USE grc").await?;
        let mut state = State::new();
        for (table, sql) in [
            ("control", format!("SELECT * FROM control WHERE TenantId {sign} 7")),
            (
                "risk",
                format!("SELECT r.* FROM risk r JOIN control c ON c.id=r.control WHERE c.TenantId {sign} 7"),
            ),
            (
                "answer",
                format!(
                    "SELECT a.* FROM answer a JOIN risk r ON r.id=a.risk JOIN control c ON c.id=r.control \
                     WHERE c.TenantId {sign} 7"
                ),
            ),
            ("token", format!("SELECT * FROM token WHERE TenantId {sign} 7")),
            ("event", format!("SELECT * FROM event WHERE TenantId {sign} 7")),
        ] {
            // Prepared, so that values come in binary: FLOAT to the last bit.
            let rows: Vec<Row> = conn.exec(sql, ()).await?;
            let mut texts: Vec<_> = rows.into_iter().map(|row| format!("{:?}", Row::unwrap(row))).collect();
            texts.sort();
            state.insert(table, texts);
        }
        conn.disconnect().await?;
        Ok(state)
    }
    pub async fn count(&self, sql: &str) -> Result<u64> {
        let mut conn = self.server.admin().connect().await?;
        let value: Option<Value> = conn.query_first(sql).await?;
        conn.disconnect().await?;
        let value = value.context("a number")?;
        Ok(mysql_async::from_value::<u64>(value))
    }
}

fn rows(tenant: u32) -> Vec<String> {
    let base = tenant * 1000;
    // Some functions want a default database.
    let mut all = vec!["USE grc".to_owned()];
    for n in 0..60 {
        let id = base + n;
        all.push(format!(
            "INSERT INTO grc.control VALUES ({id},{tenant},'it''s \\\\ 😀 \\n({n}),','R-{id}',{n}/7,-{n}/9e3,{n}.0625,\
             REPEAT(X'00FF27',{n}),_latin1 X'E4F6',TIMESTAMP'2024-02-29 12:00:00.{id:06}',{},'2024-01-02 03:04:05')",
            if n % 3 == 0 { "NULL".into() } else { quote("DE") }
        ));
        let parent = if n % 5 == 0 { "NULL".to_owned() } else { (id - 1).to_string() };
        all.push(format!(
            "INSERT INTO grc.risk (id,control,parent,note,flags) VALUES ({id},{},{parent},{},b'1010{}')",
            base + n / 2,
            if n % 4 == 0 { "NULL".into() } else { quote(&format!("note {n}")) },
            n % 2
        ));
        for number in 0..3 {
            all.push(format!("INSERT INTO grc.answer VALUES ({id},{number},'answer {number}')"));
        }
        all.push(format!(
            "INSERT INTO grc.token VALUES (UNHEX(LEFT(SHA2('{id}',256),32)),{tenant},'token {n}')"
        ));
        for _ in 0..=(n % 3) {
            all.push(format!(
                "INSERT INTO grc.event VALUES ({tenant},'Event {n}',{n}/3,b'1{}1',X'00{n:02}FF')",
                n % 2
            ));
        }
    }
    all
}

fn quote(text: &str) -> String {
    format!("'{text}'")
}

/// What somebody did to tenant 7: deleted, altered, added, over all tables.
pub fn damage() -> Vec<String> {
    [
        // With all that hangs on it.
        "DELETE FROM grc.risk WHERE id BETWEEN 7055 AND 7059 ORDER BY id DESC",
        "UPDATE grc.risk SET note='overwritten' WHERE id BETWEEN 7000 AND 7009",
        "UPDATE grc.control SET weight=weight+0.25, body=NULL, latin='x', country='AT' WHERE id BETWEEN 7030 AND 7039",
        "DELETE FROM grc.control WHERE id BETWEEN 7050 AND 7059",
        // Two rows exchange their unique values.
        "UPDATE grc.control SET ref='tmp' WHERE id=7040",
        "UPDATE grc.control SET ref='R-7040' WHERE id=7041",
        "UPDATE grc.control SET ref='R-7041' WHERE id=7040",
        "INSERT INTO grc.control (id,TenantId,title,ref) VALUES (7900,7,'new','N-1')",
        "INSERT INTO grc.risk (id,control,note) VALUES (7900,7900,'new')",
        "DELETE FROM grc.answer WHERE risk BETWEEN 7010 AND 7014 AND number=1",
        "INSERT INTO grc.answer VALUES (7900,1,'new')",
        "DELETE FROM grc.token WHERE TenantId=7 AND name LIKE 'token 1%'",
        "DELETE FROM grc.event WHERE TenantId=7 AND what='Event 2' LIMIT 2",
        "INSERT INTO grc.event VALUES (7,'EVENT 3',1,b'00101',X'0003FF'),(7,NULL,NULL,NULL,NULL),(7,'Event 3',1,b'00111',X'0003FF')",
    ]
    .map(str::to_owned)
    .to_vec()
}

/// Which tables a damaged database shows, with inserts, updates and deletes.
pub fn shown(difference: &Difference) -> Vec<(String, u64, u64, u64)> {
    let tables = difference.tables.iter();
    tables.map(|table| (table.table.clone(), table.inserts, table.updates, table.deletes)).collect()
}

/// A control that stops the job when it comes to a phase.
pub fn stopping_at(phase: &'static str) -> Control {
    let control = control();
    let cancel = control.cancel.clone();
    Control {
        progress: Arc::new(move |progress| {
            if progress.phase == phase {
                cancel.cancel();
            }
        }),
        ..control
    }
}
