//! A backup as plain SQL, which any stock client loads.

use std::io::Write;

use domain::{backups::Progress, sources::quote_identifier};
use flate2::{Compression, write::GzEncoder};
use tokio::io::{AsyncReadExt, AsyncWrite, AsyncWriteExt};

use super::{Control, Vault, archive::Archive, reader, task_failed};
use crate::{
    Error, Kind, Result,
    format::keys::Place,
    source::inventory::{ObjectKind, StoredObject},
    storage,
};

/// How an export is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Export {
    /// `.sql.gz`
    Gzip,
    /// `.sql`
    Plain,
}

/// Writes a backup as SQL: base tables and rows as they were dumped, then views, triggers, routines and events.
/// Gives the plain bytes written. On an error the output is incomplete and must be thrown away; the gzip trailer,
/// or the last line of plain SQL, comes only after everything was checked.
pub async fn export(
    vault: &Vault,
    place: &Place,
    form: Export,
    out: &mut (dyn AsyncWrite + Send + Unpin),
    control: &Control,
) -> Result<u64> {
    let archive = Archive::open(vault, place).await?;
    let (expected, objects) = (archive.manifest.plain_bytes, script(&archive.index.content.objects));
    let mut plain = reader::plain(vault, place, archive).await?;
    let mut packer = Packer::new(form);
    let (mut buffer, mut bytes) = (vec![0; 1 << 20], 0u64);
    loop {
        control.stop_if_cancelled("export the backup")?;
        let length = plain
            .read(&mut buffer)
            .await
            .map_err(|error| storage::while_reading("export the backup", error))?;
        if length == 0 {
            break;
        }
        bytes += length as u64;
        packer = packer.push(buffer[..length].to_vec(), out).await?;
        (control.progress)(Progress {
            phase: "export".into(),
            bytes,
            bytes_expected: Some(expected),
            ..Progress::default()
        });
    }
    let tail = format!("{objects}\n-- End of export: complete and checked by Holdfast\n");
    bytes += tail.len() as u64;
    packer = packer.push(tail.into_bytes(), out).await?;
    packer.finish(out).await?;
    Ok(bytes)
}

/// Views, triggers, routines and events as a script. Statements of stored programs contain semicolons, so the
/// client is told another delimiter; it is lengthened until no statement contains it.
fn script(objects: &[StoredObject]) -> String {
    let mut delimiter = String::from(";;");
    while objects.iter().any(|object| object.create_sql.contains(&delimiter)) {
        delimiter.push(';');
    }
    let mut text = format!("\nDELIMITER {delimiter}\n");
    for object in in_order(objects) {
        if !object.sql_mode.is_empty() {
            text.push_str(&format!(
                "SET SESSION sql_mode='{}'{delimiter}\n",
                object.sql_mode.replace('\'', "''")
            ));
        }
        if let Some(zone) = object.time_zone.as_deref().filter(|_| object.kind == ObjectKind::Event) {
            text.push_str(&format!("SET SESSION time_zone='{}'{delimiter}\n", zone.replace('\'', "''")));
        }
        text.push_str(&object.create_sql);
        text.push_str(&delimiter);
        text.push('\n');
    }
    text.push_str("DELIMITER ;\n");
    text
}

/// The order of creation, with every view after those that it names: a script has no second try.
fn in_order(objects: &[StoredObject]) -> Vec<&StoredObject> {
    let mut waiting: Vec<&StoredObject> = objects.iter().collect();
    let mut ordered = Vec::with_capacity(waiting.len());
    while !waiting.is_empty() {
        let names_another = |object: &StoredObject| {
            object.kind == ObjectKind::View
                && waiting.iter().any(|other| {
                    other.kind == ObjectKind::View
                        && other.name != object.name
                        && object.create_sql.contains(&quote_identifier(&other.name))
                })
        };
        // Views that name each other in a circle cannot exist; a name that only looks like one must not block.
        let next = waiting.iter().position(|object| !names_another(object)).unwrap_or(0);
        ordered.push(waiting.remove(next));
    }
    ordered
}

pub(super) enum Packer {
    Plain,
    Gzip(Box<GzEncoder<Vec<u8>>>),
}

pub(super) fn failed(error: std::io::Error) -> Error {
    Error::new(Kind::Space, "write the export", "the output took no more").caused_by(error).hint(
        "Check the room at the place where it is written; a download that was stopped ends like this too.",
    )
}

impl Packer {
    pub(super) fn new(form: Export) -> Self {
        match form {
            Export::Plain => Self::Plain,
            Export::Gzip => Self::Gzip(Box::new(GzEncoder::new(Vec::new(), Compression::new(6)))),
        }
    }
    pub(super) async fn push(
        self,
        plain: Vec<u8>,
        out: &mut (dyn AsyncWrite + Send + Unpin),
    ) -> Result<Self> {
        match self {
            Self::Plain => {
                out.write_all(&plain).await.map_err(failed)?;
                Ok(Self::Plain)
            }
            Self::Gzip(mut encoder) => {
                let work =
                    move || encoder.write_all(&plain).map(|()| (std::mem::take(encoder.get_mut()), encoder));
                let done = tokio::task::spawn_blocking(work)
                    .await
                    .map_err(|error| task_failed("compress the export", error))?;
                let (packed, encoder) = done.map_err(failed)?;
                out.write_all(&packed).await.map_err(failed)?;
                Ok(Self::Gzip(encoder))
            }
        }
    }
    pub(super) async fn finish(self, out: &mut (dyn AsyncWrite + Send + Unpin)) -> Result<()> {
        if let Self::Gzip(encoder) = self {
            let rest = encoder.finish().map_err(failed)?;
            out.write_all(&rest).await.map_err(failed)?;
        }
        out.flush().await.map_err(failed)
    }
}
