//! The files of a whole server, copied while it runs: for servers too large to be read row by row.
//!
//! The server family's own program copies pages and redo log (`mariadb-backup`, or `xtrabackup` for MySQL) and
//! writes one stream; an incremental copy holds only the pages changed since an earlier copy's log position. What
//! makes it a backup is around it: [`preflight`] refuses what cannot work and says why, [`copy`] runs the program
//! and believes nothing but its exit, its last line and its own notes together ([`checkpoints`]), [`witness`] reads
//! the rows of the source at the copy's very position. The way back: [`unpack`] makes a data directory of a stream
//! and prepares it, [`server`] starts a private server on it that nobody else can reach. [`workplace`] is where all
//! of that lies, and how it is removed after a sudden death.
//!
//! It needs the files: a managed service (Amazon RDS, Aurora, Cloud SQL, Azure) gives none.

pub mod checkpoints;
pub mod copy;
pub mod preflight;
pub mod programs;
pub mod server;
pub mod unpack;
pub mod witness;
pub mod workplace;

pub use programs::Programs;
pub use workplace::Workplace;
