//! Tests of the engine against real things: file systems, servers, sockets. One binary, so that it links once.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::disallowed_methods,
    reason = "tests, which start real servers"
)]

mod definers;
mod export_text;
mod fidelity_films;
mod fidelity_oracle;
mod fidelity_schemas;
mod format_v8;
mod giants;
mod guard;
mod killed;
mod kms;
mod mysql_agree;
mod mysql_example;
mod mysql_faults;
mod mysql_hostile;
mod mysql_identity;
mod mysql_json;
mod mysql_probe;
mod mysql_round_trip;
mod mysql_server;
mod mysql_support;
mod mysql_tenancy;
mod mysql_tenancy_random;
mod mysql_wire;
mod mysql_words;
mod native;
mod native_ddl;
mod native_faults;
mod native_fidelity;
mod native_instant;
mod native_restore;
mod peak;
mod physical;
mod physical_faults;
mod physical_support;
mod pipeline;
mod pipeline_support;
mod storage_contract;
mod storage_disk;
mod storage_double;
mod storage_faults;
mod storage_proxy;
mod tenant_calls;
mod tenant_export;
mod tenant_keys;
mod tenant_live;
mod tenant_restore;
mod tenant_restore_doubt;
mod tenant_restore_faults;
mod tenant_restore_giants;
mod tenant_restore_scene;
mod tenant_spelling;
