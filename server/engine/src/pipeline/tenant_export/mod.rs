//! A tenant's rows as a file that anybody can read, checked for rows of anybody else.
//!
//! The file is read again as it is being written: each row is parsed from the very bytes that go out, and led to its
//! tenant by its own values ([`isolation`]). The end of the file, without which no tool takes it for whole, comes
//! only after the last row has passed.
//!
//! [`rows`] reads the tenant's segment, [`value`] and [`charsets`] make its values readable, [`form`] writes rows,
//! [`mod@parse`] reads them back, [`archive`] is the envelope of several files.

mod archive;
mod charsets;
mod form;
mod isolation;
mod parse;
mod rows;
mod schema;
mod value;

use domain::{Timestamp, backups::Progress, tenancy::TenantKey};
use sha2::{Digest, Sha256};
use tokio::io::{AsyncWrite, AsyncWriteExt};

use super::{
    Control, Vault,
    archive::Archive,
    export::{Export, Packer},
};
use crate::{
    Error, Kind, Result,
    format::keys::Place,
    pipeline::native::{blocks::Blocks, whose::Whose},
};

pub use form::TenantForm;
pub use isolation::Checker;
pub use parse::parse;
use rows::{Rows, Side};
use schema::Exported;

/// What was proven about an export.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IsolationProof {
    /// Whose rows it holds.
    pub tenant: TenantKey,
    /// Rows by table.
    pub tables: Vec<(String, u64)>,
    /// Rows whose own column was found to name the tenant.
    pub keys_checked: u64,
    /// References that were found to lead to the tenant's rows, or to shared ones.
    pub references_checked: u64,
    /// Bytes that were read from the vault.
    pub bytes_read: u64,
    /// Bytes of the whole backup in the vault.
    pub bytes_whole: u64,
    /// SHA-256 of the file, in hex.
    pub sha256: String,
}

/// Bytes that are handed to the compressor together.
const TOGETHER: usize = 256 << 10;
/// How long it may take to learn what others refer to, before the first byte is written: an hour.
const LEARNING_MS: i64 = 3_600_000;

/// What ends the learning.
struct Until<'u> {
    control: &'u Control,
    tenant: &'u TenantKey,
    end: Timestamp,
}

impl Until<'_> {
    fn check(&self) -> Result<()> {
        self.control.stop_if_cancelled("export the tenant")?;
        if self.control.clock.now() <= self.end {
            return Ok(());
        }
        let attempt = format!("export tenant {}", self.tenant);
        Err(Error::new(
            Kind::Input,
            attempt,
            "it took longer than an hour to read the rows that others refer to",
        )
        .hint("Restore the tenant into a new database instead, and take its rows from there."))
    }
}

/// Writes the tenant's rows of a backup. On an error the file is incomplete and says so to every tool: its gzip
/// trailer is missing.
pub async fn export_tenant(
    vault: &Vault,
    backup: &Place,
    tenant: &TenantKey,
    form: TenantForm,
    out: &mut (dyn AsyncWrite + Send + Unpin),
    control: &Control,
) -> Result<IsolationProof> {
    let archive = Archive::open(vault, backup).await?;
    let Some(split) = archive.index.content.split.clone() else {
        return Err(Error::new(
            Kind::Input,
            format!("export tenant {tenant}"),
            "this backup is not split by tenant",
        )
        .hint("Choose a backup that the native engine took, or export the whole database."));
    };
    let tenant = &split.spelled(tenant);
    let bytes_whole = archive.manifest.stored_bytes();
    let whose = Whose::SharedAnd(vec![tenant.clone()]);
    let blocks = std::sync::Arc::new(Blocks::open(vault, backup, &archive, &whose).await?);
    let inventory = &archive.index.content.inventory;
    let rows = Rows::new(blocks, inventory, tenant)?;
    let exported = Exported::new(inventory, &split, &rows);
    let mut checker = Checker::new(tenant, &split, inventory);
    let expected = rows.expected();
    let progress = |bytes: u64, table: &str| {
        (control.progress)(Progress {
            phase: "export".into(),
            bytes,
            bytes_expected: Some(expected),
            table: Some(table.to_owned()),
            ..Progress::default()
        });
    };

    // First the keys that others refer to, and the lengths of files where they stand before their content.
    let until = Until { control, tenant, end: control.clock.now().plus_ms(LEARNING_MS) };
    let mut lengths = Vec::new();
    for table in &exported.tables {
        let mut length = form.head(table).len() as u64;
        if checker.is_referred_to(&table.name) || form.needs_lengths() {
            rows.each(Side::Tenant, table.number, &mut |tuple| {
                until.check()?;
                let values = value::of(tuple, table)?;
                length += form.row(table, tuple, &values)?.len() as u64;
                checker.learn(&table.name, &value::texts(&values), Side::Tenant)
            })
            .await?;
        }
        lengths.push(length);
    }
    for table in schema::shared_parents(&checker, inventory) {
        rows.each(Side::Shared, table.number, &mut |tuple| {
            until.check()?;
            checker.learn(&table.name, &value::texts(&value::of(tuple, &table)?), Side::Shared)
        })
        .await?;
    }

    let mut output =
        Output { packer: Some(Packer::new(Export::Gzip)), out, hash: Sha256::new(), buffer: Vec::new() };
    output.write(&form.beginning(&exported)?).await?;
    let mut tables = Vec::new();
    for (table, length) in exported.tables.iter().zip(lengths) {
        output.write(&form.begin(table, length)).await?;
        let (mut count, mut bytes) = (0u64, 0u64);
        let mut pending: Vec<u8> = form.head(table);
        let mut stream = rows.stream(Side::Tenant, table.number);
        while let Some(texts) = stream.next().await? {
            control.stop_if_cancelled("export the tenant")?;
            for tuple in texts.tuples() {
                let tuple = tuple?;
                let line = form.row(table, tuple, &value::of(tuple, table)?)?;
                checker.check(&table.name, &parse::parse_row(form, table, &line)?)?;
                pending.extend_from_slice(&line);
                count += 1;
                if pending.len() > TOGETHER {
                    bytes += pending.len() as u64;
                    output.write(&pending).await?;
                    pending.clear();
                }
            }
            progress(bytes, &table.name);
        }
        bytes += pending.len() as u64;
        output.write(&pending).await?;
        output.write(&form.end(bytes)).await?;
        let promised = rows.count(table.number);
        if count != promised {
            let message = format!("{count} of {promised} rows of {} were written", table.name);
            return Err(Error::new(Kind::Integrity, format!("export tenant {tenant}"), message));
        }
        tables.push((table.name.clone(), count));
    }
    output.write(&form.ending()).await?;
    let sha256 = output.finish().await?;
    let (keys_checked, references_checked) = checker.checked();
    Ok(IsolationProof {
        tenant: tenant.clone(),
        tables,
        keys_checked,
        references_checked,
        bytes_read: rows.bytes_read(),
        bytes_whole,
        sha256,
    })
}

/// The file on its way out: compressed, and summed as it goes.
struct Output<'o> {
    packer: Option<Packer>,
    out: &'o mut (dyn AsyncWrite + Send + Unpin),
    hash: Sha256,
    buffer: Vec<u8>,
}

impl Output<'_> {
    async fn write(&mut self, plain: &[u8]) -> Result<()> {
        if plain.is_empty() {
            return Ok(());
        }
        if let Some(packer) = self.packer.take() {
            self.packer = Some(packer.push(plain.to_vec(), &mut self.buffer).await?);
        }
        self.pass_on().await
    }
    async fn pass_on(&mut self) -> Result<()> {
        self.hash.update(&self.buffer);
        self.out.write_all(&self.buffer).await.map_err(super::export::failed)?;
        self.buffer.clear();
        Ok(())
    }
    async fn finish(mut self) -> Result<String> {
        if let Some(packer) = self.packer.take() {
            packer.finish(&mut self.buffer).await?;
        }
        self.pass_on().await?;
        self.out.flush().await.map_err(super::export::failed)?;
        Ok(hex::encode(self.hash.finalize()))
    }
}
