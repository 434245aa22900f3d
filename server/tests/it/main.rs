//! The control plane through its router: use cases, who may do what, and what strangers try.
#![expect(clippy::unwrap_used, clippy::panic, reason = "tests")]
#![recursion_limit = "256"]

mod api_cases;
mod api_input;
mod api_refusals;
mod api_tokens;
mod audit;
mod cases;
mod coverage;
mod events;
mod forgery;
mod headers;
mod limits;
mod matrix;
mod migrating;
mod names;
mod passkeys;
mod people;
mod restores;
mod second_factors;
mod secrets;
mod sessions;
mod set_up;
mod use_cases;
mod whole_servers;
mod worker_jobs;
mod worker_killed;
mod worker_killed_files;
mod worker_killed_tenants;
mod worker_notices;
mod worker_physical;
mod worker_published;
mod worker_routes;
mod worker_tenant_restores;
mod worker_tenants;
mod worker_verification;
mod worker_world;
mod world;
