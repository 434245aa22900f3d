//! Stored passwords, for the worker that holds a run and for what cleans up after one.

use domain::sources::{AccountName, HostName, TlsMode};

use crate::{
    Sealed,
    db::{Reader, first},
    decode::{corrupt, number, word},
    error::Result,
};

const TABLE: &str = "connections";

/// A stored password with what it is bound to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Credential {
    /// The sealed password.
    pub sealed: Sealed,
    /// The host it was entered for.
    pub host: HostName,
    /// The port it was entered for.
    pub port: u16,
    /// The account it was entered for.
    pub user: AccountName,
    /// Protection of the connection, as it is now.
    pub tls: TlsMode,
}

/// The password of a connection, if one is stored that is bound to its present host, port and user.
pub(super) async fn read(reader: &mut Reader, tenant: &str, connection: &str) -> Result<Option<Credential>> {
    let row = first!(
        reader,
        (Vec<u8>, String, i64, String, String),
        "select credential, host, port, user_name, tls from connections where tenant_id = $1 and id = $2 \
         and credential is not null and credential_host = host and credential_port = port \
         and credential_user = user_name",
        tenant,
        connection,
    )?;
    let read = |(sealed, host, port, user, tls): (Vec<u8>, String, i64, String, String)| {
        Ok(Credential {
            sealed: Sealed(sealed),
            host: HostName::new(host).map_err(|error| corrupt(TABLE, error))?,
            port: number(TABLE, port)?,
            user: AccountName::new(user).map_err(|error| corrupt(TABLE, error))?,
            tls: word(TABLE, &tls, TlsMode::find)?,
        })
    };
    row.map(read).transpose()
}
