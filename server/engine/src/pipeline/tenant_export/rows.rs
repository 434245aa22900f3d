//! Reads a tenant's rows out of a split backup, table by table, in the order of the primary key.

use std::{collections::BTreeMap, sync::Arc};

use domain::tenancy::TenantKey;

use crate::{
    Error, Kind, Result,
    pipeline::native::blocks::{BlockRef, Blocks},
    source::{
        inventory::Inventory,
        mysql::native::{columns, plan},
    },
};

/// Whose rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// The tenant's.
    Tenant,
    /// Those that everybody shares.
    Shared,
}

/// Plain bytes of blocks that are fetched together.
const TOGETHER: u64 = 8 << 20;

/// The rows of a tenant, and the shared ones.
pub struct Rows {
    blocks: Arc<Blocks>,
    /// By table and side.
    at: BTreeMap<(u32, bool), Vec<BlockRef>>,
    counts: BTreeMap<u32, u64>,
    heads: BTreeMap<u32, Vec<u8>>,
}

impl Rows {
    /// Finds the blocks.
    pub fn new(blocks: Arc<Blocks>, inventory: &Inventory, tenant: &TenantKey) -> Result<Self> {
        let own =
            blocks.parts().iter().find(|part| part.tenant.as_ref() == Some(tenant)).ok_or_else(|| {
                Error::new(
                    Kind::Integrity,
                    format!("read tenant {tenant}"),
                    "the part of the index under its key is another's",
                )
            })?;
        let segments = own.segments.clone();
        let counts = own.content.tables.iter().map(|table| (table.number, table.rows)).collect();
        let mut at: BTreeMap<(u32, bool), Vec<BlockRef>> = BTreeMap::new();
        for ((table, _), refs) in blocks.by_range() {
            for block in refs {
                at.entry((table, segments.contains(&block.segment))).or_default().push(block);
            }
        }
        let heads = (0u32..)
            .zip(&inventory.tables)
            .map(|(number, table)| (number, plan::head(&table.name, &columns::written(table))))
            .collect();
        Ok(Self { blocks, at, counts, heads })
    }
    /// Tables of which the tenant has rows.
    pub fn tables(&self) -> impl Iterator<Item = u32> {
        self.counts.keys().copied()
    }
    /// How many rows of a table the index promises.
    pub fn count(&self, table: u32) -> u64 {
        self.counts.get(&table).copied().unwrap_or(0)
    }
    /// Plain bytes of the tenant's rows.
    pub fn expected(&self) -> u64 {
        self.at.iter().filter(|((_, own), _)| *own).map(|(_, blocks)| self.blocks.sizes(blocks).0).sum()
    }
    /// Bytes that were read from the vault.
    pub fn bytes_read(&self) -> u64 {
        self.blocks.bytes_read()
    }
    /// A table's rows, some at a time.
    pub fn stream(&self, side: Side, table: u32) -> Stream<'_> {
        let refs = self.at.get(&(table, side == Side::Tenant)).map(Vec::as_slice).unwrap_or_default();
        let head = self.heads.get(&table).map(Vec::as_slice).unwrap_or_default();
        Stream { blocks: &self.blocks, refs, head }
    }
    /// Gives each row of a table, as its tuple.
    pub async fn each(
        &self,
        side: Side,
        table: u32,
        each: &mut (dyn FnMut(&[u8]) -> Result<()> + Send),
    ) -> Result<()> {
        let mut stream = self.stream(side, table);
        while let Some(texts) = stream.next().await? {
            for tuple in texts.tuples() {
                each(tuple?)?;
            }
        }
        Ok(())
    }
}

/// Rows of one table that are being read.
pub struct Stream<'r> {
    blocks: &'r Arc<Blocks>,
    refs: &'r [BlockRef],
    head: &'r [u8],
}

/// Whole statements.
pub struct Texts<'r> {
    statements: Vec<Vec<u8>>,
    head: &'r [u8],
}

impl<'r> Stream<'r> {
    /// The next statements; nothing at the end.
    pub async fn next(&mut self) -> Result<Option<Texts<'r>>> {
        if self.refs.is_empty() {
            return Ok(None);
        }
        let (mut count, mut bytes) = (0, 0);
        for at in self.refs {
            count += 1;
            bytes += self.blocks.sizes(std::slice::from_ref(at)).0;
            // A statement that spans blocks is fetched whole.
            if bytes >= TOGETHER && self.blocks.ends_statement(*at) {
                break;
            }
        }
        let (these, rest) = self.refs.split_at(count);
        self.refs = rest;
        let mut statements: Vec<Vec<u8>> = Vec::new();
        let mut open = false;
        for (at, plain) in these.iter().zip(self.blocks.fetch(these).await?) {
            match statements.last_mut().filter(|_| open) {
                Some(statement) => statement.extend_from_slice(&plain),
                None => statements.push(plain),
            }
            open = !self.blocks.ends_statement(*at);
        }
        Ok(Some(Texts { statements, head: self.head }))
    }
}

impl Texts<'_> {
    /// The tuples of all statements.
    pub fn tuples(&self) -> impl Iterator<Item = Result<&[u8]>> {
        self.statements.iter().flat_map(|statement| {
            let rows = statement.strip_prefix(self.head).unwrap_or(b"?");
            rows.split_inclusive(|byte| *byte == b'\n').map(|line| {
                line.strip_suffix(b",\n").or_else(|| line.strip_suffix(b";\n")).ok_or_else(|| {
                    Error::new(
                        Kind::Integrity,
                        "read rows of the backup",
                        "a block does not hold rows as they are written",
                    )
                    .hint("Use another copy of this backup, or an older backup.")
                })
            })
        })
    }
}
