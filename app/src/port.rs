//! What a page may ask of the server.
//!
//! Pages and server functions know these traits only; `server` implements them, tests script them. So a server
//! function stays one line, and SQL or S3 in one does not compile.

use std::{fmt, sync::Arc};

use domain::Fault;
use leptos::{prelude::*, server_fn::codec::JsonEncoding, server_fn::error::ServerFnErrorErr};
use serde::{Deserialize, Serialize};

use crate::{
    access::api::AccessPort,
    access::passkeys_api::PasskeysPort,
    access::people_api::{InvitationsPort, PeoplePort},
    access::security_api::SecurityPort,
    access::tokens_api::TokensPort,
    alerts::api::AlertsPort,
    alerts::webhooks_api::WebhooksPort,
    approvals::api::ApprovalsPort,
    audit::api::AuditPort,
    backups::api::BackupsPort,
    health::api::HealthPort,
    policies::api::PoliciesPort,
    restores::api::RestoresPort,
    restores::request_api::RequestsPort,
    sources::api::SourcesPort,
    tenancy::api::TenantsPort,
    tenancy::map_api::MapsPort,
    vaults::api::VaultsPort,
};

/// Everything that pages may ask.
pub trait Backend:
    AccessPort
    + PasskeysPort
    + SecurityPort
    + TokensPort
    + PeoplePort
    + InvitationsPort
    + SourcesPort
    + TenantsPort
    + MapsPort
    + PoliciesPort
    + BackupsPort
    + RestoresPort
    + RequestsPort
    + VaultsPort
    + HealthPort
    + AlertsPort
    + WebhooksPort
    + ApprovalsPort
    + AuditPort
{
}
impl<T> Backend for T where
    T: AccessPort
        + PasskeysPort
        + SecurityPort
        + TokensPort
        + PeoplePort
        + InvitationsPort
        + SourcesPort
        + TenantsPort
        + MapsPort
        + PoliciesPort
        + BackupsPort
        + RestoresPort
        + RequestsPort
        + VaultsPort
        + HealthPort
        + AlertsPort
        + WebhooksPort
        + ApprovalsPort
        + AuditPort
{
}

/// The backend of the current request, put into the context by the server.
#[derive(Clone)]
pub struct BackendHandle(pub Arc<dyn Backend>);

/// The backend of the current request.
pub fn backend() -> Result<Arc<dyn Backend>, ApiError> {
    use_context::<BackendHandle>()
        .map(|handle| handle.0)
        .ok_or_else(|| ApiError(Fault::Unavailable { what: "the server".into() }))
}

/// A [`Fault`] on its way through a server function. A newtype because trait and fault are both foreign here.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ApiError(pub Fault);

impl fmt::Display for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}
impl std::error::Error for ApiError {}
impl From<Fault> for ApiError {
    fn from(fault: Fault) -> Self {
        Self(fault)
    }
}
impl FromServerFnError for ApiError {
    type Encoder = JsonEncoding;
    fn from_server_fn_error(error: ServerFnErrorErr) -> Self {
        Self(match error {
            ServerFnErrorErr::Args(text)
            | ServerFnErrorErr::MissingArg(text)
            | ServerFnErrorErr::Deserialization(text) => {
                Fault::invalid("form", format!("the form could not be read: {text}"))
            }
            _ => Fault::Unavailable { what: "the server".into() },
        })
    }
}

/// Text that must not be shown, logged or sent back: a password on its way in.
#[derive(Clone, Serialize, Deserialize, Default)]
#[serde(transparent)]
pub struct SecretText(pub String);

impl fmt::Debug for SecretText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(secret)")
    }
}

/// The present, put into the context by the server beside [`BackendHandle`], so that "3 h ago" agrees with the
/// clock that wrote the rows. Without it pages show exact times only.
#[derive(Debug, Clone, Copy)]
pub struct Present(pub domain::Timestamp);

/// The present of the current request.
pub fn present() -> Option<domain::Timestamp> {
    use_context::<Present>().map(|present| present.0)
}
