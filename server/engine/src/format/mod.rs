//! HFA1: what lies in a vault. Decided once; what a released version wrote stays readable for ever.
//!
//! A backup is some **packs** (`data-00000.pack` …), one **index** (`index.pack`), one **slot bundle** and one
//! **manifest**. The manifest is written last: *a backup exists if and only if its manifest exists*.
//!
//! * A **segment** is a logical stream with exactly one [`Owner`]. Segments of many owners may lie interleaved in
//!   one pack, so that one sequential read of a shared database serves thousands of tenants in bounded memory.
//! * A **frame** is a piece of a segment, at most 1 MiB, sealed with AES-256-GCM under the segment's own key.
//! * Inside a segment lie **blocks**: independent zstd or gzip frames of plain data, so that a part is reached
//!   without reading what comes before it. Compression comes before encryption and never crosses owners.
//! * The index is itself a pack with one segment per owner: names, counts and hashes of plain data would outlive
//!   the destruction of a key and confirm guesses, therefore they are never in clear.
//! * The manifest is in clear and signed; it holds what is needed to find and check the ciphertext, and no key.
//!
//! # Bytes of a pack
//!
//! ```text
//! pack    = "HFA1PACK" pack-number:u32 record* end
//! record  = 0x01 segment:u32 length:u32 header          the segment's header, before its first frame
//!         | 0x02 segment:u32 sequence:u64 last:u8 length:u32 ciphertext:length tag:16
//! end     = 0x03 records:u64                             nothing follows
//! header  = "HFA1" version:u8=1 suite:u8=1 salt:32 length:u16 context commitment:32 hmac:32
//! ```
//!
//! Integers are big-endian. `context` is a CBOR map with ascending integer keys ([`context::Context`]). Suite 1 is
//! AES-256-GCM with keys by HKDF-SHA-512 from (data key, salt): payload, commitment, header. The nonce of a frame
//! is `000000 ‖ sequence:u64 ‖ last:u8`, its additional data the SHA-256 of the header up to and without the HMAC.
//!
//! # What readers must refuse
//!
//! An unknown magic, version, suite, record or flag; a context that is not the expected one or not canonical; a
//! commitment or HMAC that does not fit; a frame out of sequence, after the last one, of an unknown segment or
//! too long; an end without every segment's last frame; anything after the end. Plain data of a frame may be used
//! provisionally once its tag is right; it *must not* take effect before the last frame and the manifest agree.
//!
//! # Order of writing
//!
//! Slots, packs, index, then the manifest. A new attempt has new object keys, data keys and salts; encryption is
//! never resumed. The manifest is published only by the holder of the run's lease: a stale worker can neither
//! overwrite nor publish.
//!
//! # Not protected against
//!
//! Whoever can delete objects can make backups disappear; whoever owns a worker can read what it backs up.

pub mod block;
pub mod context;
pub mod frame;
pub mod header;
pub mod index;
pub mod keys;
pub mod manifest;
pub mod pack;
pub mod slots;

pub use context::{Codec, Context, Owner};
pub use pack::{PackReader, PackWriter};

/// Plain bytes of a frame at most.
pub const FRAME: usize = 1 << 20;
/// The only version there is.
pub const VERSION: u8 = 1;
