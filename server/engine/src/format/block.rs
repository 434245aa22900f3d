//! Blocks: plain data compressed in independent pieces.
//!
//! Each block is a complete zstd or gzip frame, so that any stock tool decompresses the stream and a reader can
//! begin at any block. Every block is decompressed again and compared before it is sealed: compression libraries
//! have had faults that only a restore would have shown.

use std::io::Write;

use super::Codec;
use crate::{Error, Kind, Result};

/// Plain bytes of a block.
pub const BLOCK: usize = 2 << 20;
/// zstd's own default: the best gain for its time on SQL text.
pub const ZSTD_LEVEL: i32 = 3;
/// For engines that are faster than zstd at its default: half the time. On SQL text, and on hexadecimal digits above all,
/// what is stored is not even larger: longer searches find matches there that cost more than they save.
pub const ZSTD_FAST: i32 = 1;
const GZIP_LEVEL: u32 = 6;

/// Compresses a block and proves that it can be decompressed.
pub fn compress(codec: Codec, plain: &[u8]) -> Result<Vec<u8>> {
    let failed = |error: std::io::Error| {
        Error::new(Kind::Integrity, "compress a block", "the library refused").caused_by(error)
    };
    let packed = match codec {
        Codec::Zstd => zstd::bulk::compress(plain, ZSTD_LEVEL).map_err(failed)?,
        Codec::Gzip => {
            let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::new(GZIP_LEVEL));
            encoder.write_all(plain).and_then(|()| encoder.finish()).map_err(failed)?
        }
    };
    if decompress(codec, &packed, plain.len()).ok().as_deref() != Some(plain) {
        return Err(not_what_went_in());
    }
    Ok(packed)
}

/// Compresses many blocks with the same memory.
pub struct Packer {
    codec: Codec,
    zstd: Option<(zstd::bulk::Compressor<'static>, zstd::bulk::Decompressor<'static>)>,
    packed: Vec<u8>,
    unpacked: Vec<u8>,
}

impl Packer {
    /// For `codec`; `level` is zstd's.
    pub fn new(codec: Codec, level: i32) -> Result<Self> {
        let failed = |error: std::io::Error| {
            Error::new(Kind::Integrity, "compress a block", "the library refused").caused_by(error)
        };
        let zstd = match codec {
            Codec::Zstd => Some((
                zstd::bulk::Compressor::new(level).map_err(failed)?,
                zstd::bulk::Decompressor::new().map_err(failed)?,
            )),
            Codec::Gzip => None,
        };
        Ok(Self { codec, zstd, packed: Vec::new(), unpacked: Vec::new() })
    }
    /// Compresses a block and proves that it can be decompressed.
    pub fn pack(&mut self, plain: &[u8]) -> Result<&[u8]> {
        let failed = |error: std::io::Error| {
            Error::new(Kind::Integrity, "compress a block", "the library refused").caused_by(error)
        };
        let Some((compressor, decompressor)) = &mut self.zstd else {
            self.packed = compress(self.codec, plain)?;
            return Ok(&self.packed);
        };
        self.packed.clear();
        self.packed.reserve(zstd::zstd_safe::compress_bound(plain.len()));
        compressor.compress_to_buffer(plain, &mut self.packed).map_err(failed)?;
        self.unpacked.clear();
        self.unpacked.reserve(plain.len());
        decompressor.decompress_to_buffer(&self.packed, &mut self.unpacked).map_err(failed)?;
        if self.unpacked == plain { Ok(&self.packed) } else { Err(not_what_went_in()) }
    }
}

fn not_what_went_in() -> Error {
    Error::new(Kind::Integrity, "compress a block", "what was compressed does not decompress to what went in")
        .hint("Suspect the memory of this machine.")
        .later()
}

/// Decompresses one block of at most `limit` plain bytes.
pub fn decompress(codec: Codec, packed: &[u8], limit: usize) -> Result<Vec<u8>> {
    let failed = |error: std::io::Error| {
        Error::new(Kind::Integrity, "decompress a block", "it is damaged or longer than it should be")
            .caused_by(error)
    };
    match codec {
        Codec::Zstd => zstd::bulk::decompress(packed, limit).map_err(failed),
        Codec::Gzip => {
            let mut decoder = Decompressor::new(codec, limit as u64)?;
            let plain = decoder.push(packed)?;
            decoder.finish()?;
            Ok(plain)
        }
    }
}

enum Decoder {
    Zstd(Box<zstd::stream::write::Decoder<'static, Vec<u8>>>),
    Gzip(Box<flate2::write::MultiGzDecoder<Vec<u8>>>),
}

/// Decompresses a stream of blocks as it comes, and never more than was announced: a stream that grows beyond it is
/// an attack or a fault, and must not fill a disk.
pub struct Decompressor {
    decoder: Decoder,
    left: u64,
}

impl Decompressor {
    /// For a stream of `codec` with `plain_bytes` in all.
    pub fn new(codec: Codec, plain_bytes: u64) -> Result<Self> {
        let decoder = match codec {
            Codec::Zstd => {
                Decoder::Zstd(Box::new(zstd::stream::write::Decoder::new(Vec::new()).map_err(|error| {
                    Error::new(Kind::Integrity, "decompress a segment", "the library refused")
                        .caused_by(error)
                })?))
            }
            Codec::Gzip => Decoder::Gzip(Box::new(flate2::write::MultiGzDecoder::new(Vec::new()))),
        };
        Ok(Self { decoder, left: plain_bytes })
    }
    /// Takes compressed bytes and gives what became plain.
    pub fn push(&mut self, packed: &[u8]) -> Result<Vec<u8>> {
        let damaged = |error: std::io::Error| {
            Error::new(Kind::Integrity, "decompress a segment", "it is damaged").caused_by(error)
        };
        let mut plain = Vec::new();
        for piece in packed.chunks(64 << 10) {
            let produced = match &mut self.decoder {
                Decoder::Zstd(decoder) => {
                    decoder.write_all(piece).and_then(|()| decoder.flush()).map_err(damaged)?;
                    std::mem::take(decoder.get_mut())
                }
                Decoder::Gzip(decoder) => {
                    decoder.write_all(piece).and_then(|()| decoder.flush()).map_err(damaged)?;
                    std::mem::take(decoder.get_mut())
                }
            };
            self.left = self.left.checked_sub(produced.len() as u64).ok_or_else(|| {
                Error::new(
                    Kind::Integrity,
                    "decompress a segment",
                    "it grows beyond what its index announces",
                )
            })?;
            if plain.is_empty() { plain = produced } else { plain.extend_from_slice(&produced) }
        }
        Ok(plain)
    }
    /// Must be called at the end: everything that was announced must have come.
    pub fn finish(self) -> Result<()> {
        if self.left == 0 {
            return Ok(());
        }
        Err(Error::new(
            Kind::Integrity,
            "decompress a segment",
            format!("{} bytes are missing at its end", self.left),
        ))
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn blocks_concatenate_and_bombs_are_stopped() {
        for codec in [Codec::Zstd, Codec::Gzip] {
            let long = vec![7; 100_000];
            let parts: [&[u8]; 4] = [b"one", b"", &long, b"four"];
            let packed: Vec<u8> = parts.iter().flat_map(|part| compress(codec, part).unwrap()).collect();
            let mut decoder = Decompressor::new(codec, 100_007).unwrap();
            assert_eq!(decoder.push(&packed).unwrap(), parts.concat());
            decoder.finish().unwrap();
            let mut short = Decompressor::new(codec, 100_006).unwrap();
            assert!(short.push(&packed).is_err());
            let mut long = Decompressor::new(codec, 100_008).unwrap();
            long.push(&packed).unwrap();
            assert!(long.finish().is_err());
            let bomb = compress(codec, &vec![0; 64 << 20]).unwrap();
            assert!(decompress(codec, &bomb, 1 << 20).is_err());
        }
    }
}
