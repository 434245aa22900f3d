//! A notice as a signed request.
//!
//! The receiver recomputes HMAC-SHA-256 over `t`, a dot and the body with the secret that was entered, and refuses
//! old values of `t`. The id is the same for every attempt. No redirect is followed, and nothing of the answer but its
//! status is read: what another machine says must not become visible here.

use std::time::Duration;

use domain::Timestamp;
use hmac::{Hmac, KeyInit, Mac};
use reqwest::{Url, header, redirect::Policy};
use secrecy::{ExposeSecret, SecretString};
use sha2::Sha256;

use super::{Message, Undelivered, egress::EgressRules};

/// From the first packet to the status.
const WITHIN: Duration = Duration::from_secs(10);

/// Header with time and signature: `t=<unix seconds>,v1=<hex>`.
pub const SIGNATURE: &str = "holdfast-signature";
/// Header with the id of the notice.
pub const NOTICE_ID: &str = "holdfast-notice";

/// Checks a URL as far as it can be done without asking anybody.
pub fn check_url(text: &str) -> Result<Url, String> {
    let url = Url::parse(text).map_err(|_| "this is not a URL; write it as https://host/path".to_owned())?;
    match url.scheme() {
        "https" | "http" => {}
        _ => return Err("use https://".into()),
    }
    if url.host_str().is_none() {
        return Err("the URL names no host".into());
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err("a name and password cannot be part of the URL; use the signing secret".into());
    }
    Ok(url)
}

/// `t=…,v1=…` over a body.
pub fn signature(secret: &SecretString, at: Timestamp, body: &[u8]) -> Result<String, Undelivered> {
    let seconds = at.millis().div_euclid(1000);
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.expose_secret().as_bytes())
        .map_err(|_| Undelivered::never("the signing secret cannot be used"))?;
    mac.update(seconds.to_string().as_bytes());
    mac.update(b".");
    mac.update(body);
    Ok(format!("t={seconds},v1={}", hex::encode(mac.finalize().into_bytes())))
}

/// The body of a request.
pub fn body(message: &Message) -> Vec<u8> {
    serde_json::json!({
        "id": message.id,
        "kind": message.kind,
        "subject": message.subject,
        "text": message.text,
        "url": message.url,
        "at": message.at.rfc3339(),
    })
    .to_string()
    .into_bytes()
}

/// Sends `message` to `url`, signed if a secret is given.
pub async fn send(
    message: &Message,
    url: &str,
    secret: Option<&SecretString>,
    rules: &EgressRules,
    now: Timestamp,
) -> Result<(), Undelivered> {
    post(body(message), &message.id, url, secret, rules, now).await
}

/// Posts a body to `url`, signed if a secret is given. `id` is the same for every attempt.
pub async fn post(
    body: Vec<u8>,
    id: &str,
    url: &str,
    secret: Option<&SecretString>,
    rules: &EgressRules,
    now: Timestamp,
) -> Result<(), Undelivered> {
    let url = check_url(url).map_err(Undelivered::never)?;
    let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']).to_owned();
    let port = url.port_or_known_default().unwrap_or(443);
    let addresses = rules.resolve(&host, port).await?;
    if url.scheme() == "http" && !addresses.iter().all(|address| rules.is_opened(address.ip())) {
        return Err(Undelivered::never(format!(
            "{host}: use https://, because everybody on the way could read the notice"
        )));
    }
    let client = reqwest::Client::builder()
        .no_proxy()
        .redirect(Policy::none())
        .resolve_to_addrs(&host, &addresses)
        .timeout(WITHIN)
        .user_agent(concat!("Holdfast/", env!("CARGO_PKG_VERSION")))
        .build()
        .map_err(|_| Undelivered::never("no HTTP client can be made here"))?;
    let mut request = client.post(url).header(header::CONTENT_TYPE, "application/json").header(NOTICE_ID, id);
    if let Some(secret) = secret {
        request = request.header(SIGNATURE, signature(secret, now, &body)?);
    }
    match request.body(body).send().await {
        Ok(answer) if answer.status().is_success() => Ok(()),
        Ok(answer) if answer.status().is_redirection() => Err(Undelivered::never(format!(
            "{host} answered with a redirect ({}), which is never followed; enter the final URL",
            answer.status().as_u16()
        ))),
        Ok(answer) => {
            Err(Undelivered::later(format!("{host} answered with status {}", answer.status().as_u16())))
        }
        Err(error) if error.is_timeout() => {
            Err(Undelivered::later(format!("{host} did not answer within {} s", WITHIN.as_secs())))
        }
        Err(error) if error.is_connect() => {
            Err(Undelivered::later(format!("{host} cannot be reached{}", why(&error))))
        }
        Err(error) => Err(Undelivered::later(format!("the request to {host} failed{}", why(&error)))),
    }
}

/// The innermost cause, which is this machine's own word (refused, certificate, reset), not the other side's.
fn why(error: &reqwest::Error) -> String {
    let mut cause = std::error::Error::source(error);
    let mut last = None;
    while let Some(inner) = cause {
        last = Some(inner.to_string());
        cause = inner.source();
    }
    last.map(|last| format!(": {last}")).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn the_signature_is_the_documented_one() {
        // printf '1700000000.{}' | openssl dgst -sha256 -hmac secret
        let made = signature(&SecretString::from("secret"), Timestamp(1_700_000_000_999), b"{}").unwrap();
        let (t, v1) = made.split_once(",v1=").unwrap();
        assert_eq!(t, "t=1700000000");
        assert_eq!(v1, include_str!("../../../tests/fixtures/webhook-signature.hex").trim());
    }

    #[test]
    fn urls_that_could_lead_astray_are_refused() {
        for bad in ["", "ftp://a/", "https://", "https://u:p@a/", "https://u@a/", "file:///etc/passwd"] {
            assert!(check_url(bad).is_err(), "{bad}");
        }
        assert!(check_url("https://hooks.example.com/a?b=c").is_ok());
    }
}
