//! Where a server is, who we are there, and a connection to it.
//!
//! Every connection of ours reads in UTC and in utf8mb4 with an empty SQL mode, so that what is read never
//! depends on the server's defaults. A limit on the rows of every answer, which a server may set for everybody, would
//! cut tables off without a word. Messages come in English, because they are searched for values that must not be
//! repeated.

use std::path::PathBuf;
use std::time::Duration;

use domain::sources::{AccountName, HostName, ServerFamily, TlsMode};
use mysql_async::prelude::Queryable;
use mysql_async::{Conn, OptsBuilder, SslOpts};
use secrecy::{ExposeSecret, SecretString};

use super::faults;
use crate::Result;
use crate::source::tool::option_file::Options;

/// How long to wait for a connection.
const CONNECT_SECONDS: u64 = 10;

/// What every session of ours is set to.
pub(super) const SESSION: [&str; 2] = [
    "SET SESSION sql_mode='', time_zone='+00:00', net_write_timeout=86400, net_read_timeout=86400, \
     wait_timeout=86400, sql_quote_show_create=1, sql_select_limit=18446744073709551615, lc_messages='en_US'",
    "SET NAMES utf8mb4",
];

/// System's bundle of certificate authorities, for client programs that have no built-in list.
const SYSTEM_CA: &str = "/etc/ssl/certs/ca-certificates.crt";

/// A server and an account on it.
#[derive(Debug, Clone)]
pub struct Endpoint {
    /// Host name or address.
    pub host: HostName,
    /// TCP port.
    pub port: u16,
    /// Unix socket; where given, it is used instead of TCP.
    pub socket: Option<PathBuf>,
    /// The account.
    pub user: AccountName,
    /// Its password.
    pub password: SecretString,
    /// How the connection is protected. A socket needs no protection.
    pub tls: TlsMode,
    /// A certificate authority to trust besides the public ones, as a PEM file.
    pub ca: Option<PathBuf>,
}

impl Endpoint {
    /// An endpoint over TCP that trusts the public certificate authorities.
    pub const fn new(
        host: HostName,
        port: u16,
        user: AccountName,
        password: SecretString,
        tls: TlsMode,
    ) -> Self {
        Self { host, port, socket: None, user, password, tls, ca: None }
    }
    /// `backup@db1:3306`, for messages.
    pub fn shown(&self) -> String {
        match &self.socket {
            Some(socket) => format!("{}@{}", self.user, socket.display()),
            None => format!("{}@{}:{}", self.user, self.host, self.port),
        }
    }

    /// Opens a connection.
    pub async fn connect(&self) -> Result<Conn> {
        let attempt = format!("connect to {}", self.shown());
        let mut options = OptsBuilder::default()
            .ip_or_hostname(self.host.as_str())
            .tcp_port(self.port)
            .user(Some(self.user.as_str()))
            .pass(Some(self.password.expose_secret()))
            .prefer_socket(false)
            .max_allowed_packet(Some(1 << 30))
            .wait_timeout(Some(86_400))
            .stmt_cache_size(0)
            .tcp_keepalive(Some(Duration::from_secs(30)));
        if let Some(socket) = &self.socket {
            options = options.socket(Some(socket.to_string_lossy()));
        } else if self.tls != TlsMode::Off {
            let mut tls = SslOpts::default();
            if let Some(ca) = &self.ca {
                tls = tls.with_root_certs(vec![ca.clone().into()]);
            }
            if self.tls == TlsMode::Encrypt {
                tls = tls.with_danger_accept_invalid_certs(true).with_danger_skip_domain_validation(true);
            }
            options = options.ssl_opts(Some(tls));
        }
        let connecting = tokio::time::timeout(Duration::from_secs(CONNECT_SECONDS), Conn::new(options));
        let mut conn = connecting
            .await
            .map_err(|_| faults::timed_out(attempt.clone(), &self.shown(), CONNECT_SECONDS))?
            .map_err(|error| faults::from_driver(attempt.clone(), &self.shown(), error))?;
        for sql in SESSION {
            conn.query_drop(sql)
                .await
                .map_err(|error| faults::from_driver(attempt.clone(), &self.shown(), error))?;
        }
        Ok(conn)
    }

    /// The lines of an option file by which a client program of `family` reaches this server.
    pub fn options(&self, family: ServerFamily) -> Options {
        let mut options =
            Options::client().set("user", self.user.as_str()).set("password", self.password.expose_secret());
        if let Some(socket) = &self.socket {
            return options.set("socket", &socket.to_string_lossy()).set("protocol", "socket");
        }
        options = options
            .set("host", self.host.as_str())
            .set("port", &self.port.to_string())
            .set("protocol", "tcp");
        let ca =
            self.ca.as_ref().map_or_else(|| SYSTEM_CA.into(), |path| path.to_string_lossy().into_owned());
        match (family, self.tls) {
            (ServerFamily::Mariadb, TlsMode::Off) => options.flag("skip-ssl"),
            (ServerFamily::Mariadb, TlsMode::Encrypt) => {
                options.flag("ssl").flag("skip-ssl-verify-server-cert")
            }
            (ServerFamily::Mariadb, TlsMode::Verify) => {
                options.flag("ssl").flag("ssl-verify-server-cert").set("ssl-ca", &ca)
            }
            (ServerFamily::Mysql, TlsMode::Off) => {
                options.set("ssl-mode", "DISABLED").flag("get-server-public-key")
            }
            (ServerFamily::Mysql, TlsMode::Encrypt) => options.set("ssl-mode", "REQUIRED"),
            (ServerFamily::Mysql, TlsMode::Verify) => {
                options.set("ssl-mode", "VERIFY_IDENTITY").set("ssl-ca", &ca)
            }
        }
    }
}
