//! A tenant's export: whole, loadable, and nobody else's.

use std::{collections::BTreeMap, io::Write};

use anyhow::{Context, Result, ensure};
use domain::tenancy::{Route, TenantKey};
use engine::{
    pipeline::{
        self,
        native::{self},
        tenant_export::{Checker, TenantForm, export_tenant, parse},
    },
    source::mysql::inspect,
};
use mysql_async::prelude::Queryable;

use crate::{
    mysql_server::{Server, database},
    native::request,
    pipeline_support::{control, create, examples, feed, local},
};

const FORMS: [TenantForm; 3] = [TenantForm::SqlGzip, TenantForm::CsvTarGzip, TenantForm::JsonLinesGzip];

fn gunzip(packed: &[u8]) -> Result<Vec<u8>> {
    let mut plain = Vec::new();
    std::io::Read::read_to_end(&mut flate2::read::MultiGzDecoder::new(packed), &mut plain)?;
    Ok(plain)
}

fn gzip(plain: &[u8]) -> Result<Vec<u8>> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(plain)?;
    Ok(encoder.finish()?)
}

/// What the map and inventory of a backup say, for a checker of its own.
async fn split(
    vault: &pipeline::Vault,
    place: &engine::format::keys::Place,
) -> Result<pipeline::DatabaseContent> {
    Ok(pipeline::content(vault, place).await?)
}

/// Judges all rows of a finished file, as an auditor would who has nothing else.
fn judge(mut checker: Checker, rows: &[(String, Vec<Option<String>>)]) -> engine::Result<()> {
    for (table, values) in rows {
        checker.learn_own(table, values)?;
    }
    for (table, values) in rows {
        checker.check(table, values)?;
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn exports_hold_one_tenant_whole_and_a_planted_row_is_caught() -> Result<()> {
    for server in Server::all().await? {
        let directory = tempfile::tempdir()?;
        let vault = create(local(directory.path()).await?).await?.vault;
        let name = examples(&server, 0.02).await?[0];
        let request = request(&server, name);
        let receipt = native::back_up(&vault, &request, &control()).await?;
        let content = split(&vault, &request.place).await?;
        let plan = content.split.clone().context("split")?;
        let smallest =
            receipt.tenants.iter().min_by_key(|tenant| tenant.rows).context("tenants")?.key.clone();
        let mut artefacts = BTreeMap::new();
        for tenant in [TenantKey::new("0")?, TenantKey::new("7")?, smallest] {
            let expected = receipt.tenants.iter().find(|found| found.key == tenant).context("tenant")?.rows;
            for form in FORMS {
                let mut packed = Vec::new();
                let proof =
                    export_tenant(&vault, &request.place, &tenant, form, &mut packed, &control()).await?;
                assert_eq!(proof.tables.iter().map(|(_, rows)| rows).sum::<u64>(), expected);
                ensure!(proof.keys_checked > 0 && proof.references_checked > 0, "{proof:?}");
                ensure!(proof.bytes_read < proof.bytes_whole, "{proof:?}");
                let rows = parse(form, &packed)?;
                assert_eq!(rows.len() as u64, expected, "{form:?}");
                artefacts.insert((tenant.clone(), form.key()), (form, packed, rows));
            }
        }
        // Three forms, one content.
        let seven = TenantKey::new("7")?;
        let tables = |key: &str| -> BTreeMap<String, usize> {
            let mut counts = BTreeMap::new();
            for (table, _) in &artefacts[&(seven.clone(), key)].2 {
                *counts.entry(table.clone()).or_default() += 1;
            }
            counts
        };
        assert_eq!(tables("sql"), tables("csv"));
        assert_eq!(tables("sql"), tables("jsonl"));

        loads(&server, &artefacts[&(seven.clone(), "sql")].1, &plan, &content).await?;

        // Rows of tenant 0 planted among those of tenant 7, in every form and every table that both have.
        for form in FORMS {
            let (_, own, rows) = &artefacts[&(seven.clone(), form.key())];
            let (_, _, foreign) = &artefacts[&(TenantKey::new("0")?, form.key())];
            let shared = |checker: &mut Checker| {
                // Shared parents are no business of this test: rows that need them are judged by the engine.
                checker.trust_unknown_parents();
            };
            let fresh = || {
                let mut checker = Checker::new(&seven, &plan, &content.inventory);
                shared(&mut checker);
                checker
            };
            judge(fresh(), rows)?;
            let mut caught = 0;
            for (table, values) in foreign {
                let led_by_column = matches!(plan.map.tables[table].route, Route::Column { .. });
                if !led_by_column {
                    continue;
                }
                let mut planted = rows.clone();
                planted.push((table.clone(), values.clone()));
                ensure!(judge(fresh(), &planted).is_err(), "a row of tenant 0 in {table} was not noticed");
                caught += 1;
                if caught > 40 {
                    break;
                }
            }
            ensure!(caught > 10);
            // A row of a table that belongs to nobody.
            let nobody = plan
                .map
                .tables
                .iter()
                .find(|(_, mapping)| mapping.route == Route::Shared)
                .context("shared")?;
            ensure!(judge(fresh(), &[(nobody.0.clone(), vec![None])]).is_err());
            // Planted into the file itself, for the form in which that is one line.
            if form == TenantForm::JsonLinesGzip {
                let mut plain = gunzip(own)?;
                let other = gunzip(&artefacts[&(TenantKey::new("0")?, "jsonl")].1)?;
                let line = other
                    .split_inclusive(|byte| *byte == b'\n')
                    .skip(1)
                    .find(|line| String::from_utf8_lossy(line).contains("\"TenantId\":0"))
                    .context("a row")?;
                plain.extend_from_slice(line);
                ensure!(judge(fresh(), &parse(form, &gzip(&plain)?)?).is_err());
            }
        }

        // A tenant that is not there; a child of another tenant's parent.
        let missing = export_tenant(
            &vault,
            &request.place,
            &TenantKey::new("4711")?,
            TenantForm::SqlGzip,
            &mut Vec::new(),
            &control(),
        )
        .await;
        ensure!(missing.is_err_and(|error| error.advice().is_some()));
    }
    Ok(())
}

/// The SQL form loads with the stock client, and what comes of it are the tenant's rows.
async fn loads(
    server: &Server,
    packed: &[u8],
    plan: &pipeline::Split,
    content: &pipeline::DatabaseContent,
) -> Result<()> {
    let exported = format!("{}_tenant_7", content.database);
    server.run([format!("CREATE DATABASE {exported}")]).await?;
    feed(server, Some(&exported), gunzip(packed)?).await?;
    let mut conn = server.admin().connect().await?;
    for (table, mapping) in &plan.map.tables {
        let Route::Column { column } = &mapping.route else { continue };
        let quote = domain::sources::quote_identifier;
        let count = |schema: &str, filter: String| {
            format!("SELECT COUNT(*) FROM {}.{}{filter}", quote(schema), quote(table))
        };
        let here: Option<u64> = conn.query_first(count(&exported, String::new())).await?;
        let there: Option<u64> = conn
            .query_first(count(content.database.as_str(), format!(" WHERE {}='7'", quote(column))))
            .await?;
        assert_eq!(here, there, "{table}");
    }
    let inventory = inspect::inventory(&mut conn, "test", server.family, &database(&exported)).await?;
    assert_eq!(inventory.tables.len(), content.inventory.tables.len());
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_of_one_tenant_holds_its_rows_and_no_others() -> Result<()> {
    for server in Server::all().await? {
        let directory = tempfile::tempdir()?;
        let vault = create(local(directory.path()).await?).await?.vault;
        let name = examples(&server, 0.02).await?[1];
        let full = request(&server, name);
        let whole = native::back_up(&vault, &full, &control()).await?;
        let tenant = TenantKey::new("7")?;
        let mut only = request(&server, name);
        only.tenant = Some(tenant.clone());
        only.place.owner = engine::source::mysql::tenancy::tenant_key::owner_of(&tenant);
        let receipt = native::back_up(&vault, &only, &control()).await?;
        let expected = whole.tenants.iter().find(|found| found.key == tenant).context("tenant 7")?;
        assert_eq!(receipt.tenants.len(), 1);
        assert_eq!(receipt.tenants[0].rows, expected.rows);
        assert_eq!(receipt.manifest.kind, "tenant");
        pipeline::check(&vault, &only.place, &control()).await?;
        let target = pipeline::Target {
            endpoint: server.admin(),
            clients: std::sync::Arc::new(server.clients().await?),
        };
        let evidence = pipeline::verify(&vault, &only.place, &target, &control()).await?;
        ensure!(evidence.equal, "{:?} {:?}", evidence.differences, evidence.remarks);
        let rows: u64 = evidence.tables.iter().map(|table| table.rows_restored).sum();
        assert_eq!(rows, expected.rows);
        let mut packed = Vec::new();
        let exported =
            export_tenant(&vault, &full.place, &tenant, TenantForm::JsonLinesGzip, &mut packed, &control())
                .await?;
        assert_eq!(exported.tables.iter().map(|(_, rows)| rows).sum::<u64>(), expected.rows);
    }
    Ok(())
}
