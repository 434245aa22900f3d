//! The catalog's contract, held to both databases: every test of `contract!` runs on SQLite and on Postgres.

#![expect(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

mod access;
mod approvals;
mod audit;
mod backups;
mod connections;
mod counting;
mod isolation;
mod leases;
mod maps;
mod migrations;
mod notices;
mod people;
mod physical;
mod postgres;
mod queue;
mod races;
mod restores;
mod row_security;
mod runs;
mod schedules;
mod sessions;
mod statements;
mod tenants;
mod tokens;
mod trail;
mod trail_acts;
mod trail_proof;
mod trail_retention;
mod webhooks;
mod world;
