//! Greeting, TLS and password. The packets and the password plugins are mysql_common's, the cryptography is theirs
//! and aws-lc's; here is only who says what when.
//!
//! A server may ask for another plugin once. It never gets a password in clear unless nobody can listen.

use aws_lc_rs::rsa::{OAEP_SHA1_MGF1SHA1, OaepPublicEncryptingKey, PublicEncryptingKey};
use domain::sources::TlsMode;
use mysql_common::constants::CapabilityFlags;
use mysql_common::io::ParseBuf;
use mysql_common::packets::{AuthPlugin, HandshakePacket, HandshakeResponse, SslRequest};
use mysql_common::proto::MySerialize;
use rustls::pki_types::SubjectPublicKeyInfoDer;
use rustls::pki_types::pem::PemObject;
use secrecy::ExposeSecret;
use zeroize::Zeroizing;

use super::fault::Fault;
use super::packets::Packets;
use super::{fields, tls};
use crate::source::mysql::connect::Endpoint;
use crate::{Error, Kind};

/// Largest packet that we take, in bytes.
const MAX_PACKET: u32 = 1 << 30;

/// `utf8mb4_general_ci`, which every server knows.
const COLLATION: u8 = 45;

/// More packets than any exchange of passwords needs.
const STEPS: usize = 8;

/// Everything up to the server's consent. Returns whether rows end with the new form of packet.
pub(super) fn shake(packets: &mut Packets, endpoint: &Endpoint) -> Result<bool, Fault> {
    let greeting = read(packets)?;
    let greeting = parse(&greeting)?;
    let offered = greeting.capabilities();
    let encrypted = endpoint.tls != TlsMode::Off && endpoint.socket.is_none();
    let mut wanted = CapabilityFlags::CLIENT_LONG_PASSWORD
        | CapabilityFlags::CLIENT_LONG_FLAG
        | CapabilityFlags::CLIENT_LOCAL_FILES
        | CapabilityFlags::CLIENT_PROTOCOL_41
        | CapabilityFlags::CLIENT_TRANSACTIONS
        | CapabilityFlags::CLIENT_SECURE_CONNECTION
        | CapabilityFlags::CLIENT_PLUGIN_AUTH
        | CapabilityFlags::CLIENT_PLUGIN_AUTH_LENENC_CLIENT_DATA
        | CapabilityFlags::CLIENT_DEPRECATE_EOF;
    wanted.set(CapabilityFlags::CLIENT_SSL, encrypted);
    let agreed = wanted & offered;
    if !agreed.contains(
        CapabilityFlags::CLIENT_PROTOCOL_41
            | CapabilityFlags::CLIENT_SECURE_CONNECTION
            | CapabilityFlags::CLIENT_PLUGIN_AUTH,
    ) {
        return Err(Fault::odd("it is older than MySQL 5.5 and MariaDB 5.5"));
    }
    if encrypted {
        if !agreed.contains(CapabilityFlags::CLIENT_SSL) {
            return Err(Fault::NoTls);
        }
        let mut request = Vec::new();
        SslRequest::new(agreed, MAX_PACKET, COLLATION).serialize(&mut request);
        packets.send(&[], &request)?;
        packets.encrypt(tls::session(endpoint)?)?;
    }
    // The server proposes; a plugin that we do not have is answered with one that it will replace.
    let plugin = greeting
        .auth_plugin()
        .and_then(|plugin| ours(plugin.as_bytes()))
        .unwrap_or(AuthPlugin::MysqlNativePassword);
    let nonce = greeting.nonce();
    let proof = plugin.gen_data(Some(endpoint.password.expose_secret()), &nonce);
    let mut response = Vec::new();
    HandshakeResponse::new(
        proof.as_deref(),
        (8, 0, 0),
        Some(endpoint.user.as_str().as_bytes()),
        None::<&[u8]>,
        Some(plugin.borrow()),
        agreed,
        None,
        MAX_PACKET,
    )
    .serialize(&mut response);
    packets.send(&[], &response)?;
    agree(packets, endpoint, plugin, nonce)?;
    packets.settled()?;
    Ok(agreed.contains(CapabilityFlags::CLIENT_DEPRECATE_EOF))
}

fn parse(greeting: &[u8]) -> Result<HandshakePacket<'_>, Fault> {
    if let Some((code, message)) = fields::refusal(greeting) {
        return Err(Fault::Server { code, message, last: true });
    }
    // The parser computes with the length of the nonce as a signed byte.
    let name = greeting.iter().position(|byte| *byte == 0).unwrap_or_default();
    if greeting.first() != Some(&10) || greeting.get(name + 21).is_none_or(|length| *length > 100) {
        return Err(Fault::odd("its greeting is not that of protocol 10"));
    }
    ParseBuf(greeting).parse(()).map_err(|_| Fault::odd("its greeting is malformed"))
}

/// The plugins by which we prove a password without sending it.
fn ours(name: &[u8]) -> Option<AuthPlugin<'static>> {
    match AuthPlugin::from_bytes(name) {
        AuthPlugin::CachingSha2Password => Some(AuthPlugin::CachingSha2Password),
        AuthPlugin::MysqlNativePassword => Some(AuthPlugin::MysqlNativePassword),
        AuthPlugin::Ed25519 => Some(AuthPlugin::Ed25519),
        _ => None,
    }
}

fn read(packets: &mut Packets) -> Result<Vec<u8>, Fault> {
    let at = packets.read()?;
    Ok(packets.payload(&at).to_vec())
}

fn agree(
    packets: &mut Packets,
    endpoint: &Endpoint,
    mut plugin: AuthPlugin<'static>,
    mut nonce: Vec<u8>,
) -> Result<(), Fault> {
    let password = endpoint.password.expose_secret();
    let mut switched = false;
    for _ in 0..STEPS {
        let packet = read(packets)?;
        match packet.as_slice() {
            [0x00, ..] => return Ok(()),
            [0xFF, ..] => {
                let (code, message) = fields::refusal(&packet).ok_or(fields::Malformed)?;
                return Err(Fault::Server { code, message, last: true });
            }
            [0xFE] => return Err(unsupported(endpoint, b"mysql_old_password")),
            [0xFE, request @ ..] if !switched => {
                switched = true;
                let end = request.iter().position(|byte| *byte == 0).ok_or(fields::Malformed)?;
                let (name, data) = request.split_at(end);
                plugin = ours(name).ok_or_else(|| unsupported(endpoint, name))?;
                // Twenty bytes are followed by a zero, the thirty-two of ed25519 are not.
                let data = data.get(1..).unwrap_or_default();
                nonce = data.get(..20).filter(|_| data.len() == 21).unwrap_or(data).to_vec();
                let mut proof = Vec::new();
                if let Some(data) = plugin.gen_data(Some(password), &nonce) {
                    data.serialize(&mut proof);
                }
                packets.send(&[], &proof)?;
            }
            // The server remembers this password: its consent follows.
            [0x01, 0x03] if plugin == AuthPlugin::CachingSha2Password => {}
            [0x01, 0x04] if plugin == AuthPlugin::CachingSha2Password => {
                let mut clear = Zeroizing::new(password.as_bytes().to_vec());
                clear.push(0);
                if packets.is_private() {
                    packets.send(&[], &clear)?;
                } else {
                    packets.send(&[0x02], &[])?;
                    let key = read(packets)?;
                    let sealed = seal(&mut clear, &nonce, &key)?;
                    packets.send(&[], &sealed)?;
                }
            }
            _ => return Err(Fault::odd("it answers a password with something unknown")),
        }
    }
    Err(Fault::odd("it does not come to an end with the password"))
}

/// The password under the server's public key, by which a server without TLS takes it.
fn seal(clear: &mut [u8], nonce: &[u8], packet: &[u8]) -> Result<Vec<u8>, Fault> {
    let unusable = || Fault::odd("its public key for passwords is unusable");
    let pem = packet.strip_prefix(&[0x01]).ok_or_else(unusable)?;
    let der = SubjectPublicKeyInfoDer::from_pem_slice(pem).map_err(|_| unusable())?;
    let key = PublicEncryptingKey::from_der(&der).map_err(|_| unusable())?;
    let key = OaepPublicEncryptingKey::new(key).map_err(|_| unusable())?;
    for (byte, mask) in clear.iter_mut().zip(nonce.iter().cycle()) {
        *byte ^= mask;
    }
    let mut sealed = vec![0; key.ciphertext_size()];
    key.encrypt(&OAEP_SHA1_MGF1SHA1, clear, &mut sealed, None).map_err(|_| unusable())?;
    Ok(sealed)
}

fn unsupported(endpoint: &Endpoint, plugin: &[u8]) -> Fault {
    let name = String::from_utf8_lossy(plugin).into_owned();
    Fault::Ours(
        Error::new(
            Kind::Source,
            format!("connect to {}", endpoint.shown()),
            format!("the server wants this account to log in by the plugin {name}, which is not supported"),
        )
        .hint(
            "Give the account a password by caching_sha2_password, mysql_native_password or ed25519: ALTER USER … \
             IDENTIFIED WITH ….",
        ),
    )
}
