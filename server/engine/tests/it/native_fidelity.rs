//! What comes back is what was there, by judges who know nothing of the engine.

use anyhow::{Result, ensure};
use domain::{definers::Definers, restores::Part};
use engine::{
    pipeline::{self, Wish, native},
    source::mysql::{
        compare::as_implied,
        inspect,
        new_database::{Maker, NewDatabase},
        objects,
    },
};
use uuid::Uuid;

use crate::{
    fidelity_films::films,
    fidelity_oracle::look,
    fidelity_schemas::{begin, plain_types, shapes, texts},
    mysql_server::{Server, database},
    native::request,
    native_restore::target,
    pipeline_support::{control, create, local},
};

/// Backs up, verifies, restores with every definer kept, and compares by every judge.
async fn there_and_back(server: &Server, statements: Vec<String>) -> Result<()> {
    let (before, after) = ("fidelity_one", "fidelity_two");
    server.run(statements).await?;
    let directory = tempfile::tempdir()?;
    let vault = create(local(directory.path()).await?).await?.vault;
    let request = request(server, before);
    native::back_up(&vault, &request, &control()).await?;
    let into = target(server).await?;
    let evidence = pipeline::verify(&vault, &request.place, &into, &control()).await?;
    let unequal: Vec<_> =
        evidence.tables.iter().filter(|table| !table.equal).map(|table| &table.table).collect();
    ensure!(
        evidence.equal,
        "{}: {unequal:?} {:#?} {:?}",
        server.family,
        evidence.differences,
        evidence.remarks
    );
    let (name, maker) = (database(after), Maker::new(Uuid::from_u128(7)));
    let new = NewDatabase { endpoint: &into.endpoint, database: &name, maker: &maker };
    let wish = Wish { only: &Part::default(), definers: &Definers::Keep };
    let evidence = pipeline::restore(&vault, &request.place, &into, new, wish, &control()).await?;
    new.finish().await?;
    ensure!(evidence.equal, "{}: {:#?} {:?}", server.family, evidence.differences, evidence.remarks);

    let (one, two) = (look(server, before).await?, look(server, after).await?);
    one.same(&two, &server.family.to_string())?;
    let mut conn = server.admin().connect().await?;
    let mut inventories = Vec::new();
    for name in [before, after] {
        let name = database(name);
        let mut found = inspect::inventory(&mut conn, "test", server.family, &name).await?;
        for table in &mut found.tables {
            (table.rows_estimate, table.bytes_estimate) = (0, 0);
            table.create_sql = as_implied(&table.create_sql);
        }
        inventories.push((found, objects::read(&mut conn, "test", &name).await?));
    }
    let (found, of_them) = inventories.swap_remove(1);
    for (table, again) in inventories[0].0.tables.iter().zip(&found.tables) {
        assert_eq!(table, again, "{}", server.family);
    }
    assert_eq!(inventories[0].0, found, "{}", server.family);
    for (object, again) in inventories[0].1.iter().zip(&of_them) {
        assert_eq!(object, again, "{}", server.family);
    }
    assert_eq!(inventories[0].1.len(), of_them.len());
    server.run([format!("DROP DATABASE {before}"), format!("DROP DATABASE {after}")]).await
}

#[tokio::test(flavor = "multi_thread")]
async fn every_type_comes_back_with_the_values_at_its_edges() -> Result<()> {
    for server in Server::all().await? {
        there_and_back(&server, [begin("fidelity_one"), plain_types()].concat()).await?;
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn text_of_every_character_set_comes_back() -> Result<()> {
    for server in Server::all().await? {
        there_and_back(&server, [begin("fidelity_one"), texts()].concat()).await?;
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn tables_of_every_shape_come_back() -> Result<()> {
    for server in Server::all().await? {
        there_and_back(&server, [begin("fidelity_one"), shapes(server.family)].concat()).await?;
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_shop_for_films_comes_back_with_all_that_moves_in_it() -> Result<()> {
    for server in Server::all().await? {
        there_and_back(&server, films("fidelity_one", server.family)).await?;
    }
    Ok(())
}
