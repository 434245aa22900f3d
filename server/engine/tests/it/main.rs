//! Tests of the engine against real things: file systems, servers, sockets. One binary, so that it links once.
#![expect(clippy::unwrap_used, clippy::panic, reason = "tests")]

mod format_v8;
mod storage_contract;
mod storage_disk;
mod storage_double;
mod storage_faults;
mod storage_proxy;
