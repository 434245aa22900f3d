//! Where a request comes from and whether the way was encrypted.
//!
//! What `X-Forwarded-For` and `X-Forwarded-Proto` say is believed only from proxies that the configuration names:
//! anybody can write a header.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use axum::extract::ConnectInfo;
use http::{HeaderMap, Request, Uri, header};

use crate::config::{Network, Web};

/// The other end of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Peer {
    /// Whose request it is.
    pub address: IpAddr,
    /// Whether nobody on the way could listen.
    pub is_secure: bool,
    /// Host and port that the browser believes to talk to, in lower case.
    pub authority: String,
}

impl Peer {
    /// Reads it from a request.
    pub fn of<B>(request: &Request<B>, web: &Web) -> Self {
        let direct = request.extensions().get::<ConnectInfo<SocketAddr>>().map(|info| info.0.ip());
        let direct = direct.unwrap_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED)).to_canonical();
        let is_proxy = is_trusted(&web.trusted_proxies, direct);
        let headers = request.headers();
        let speaks_https = || header_text(headers, "x-forwarded-proto").eq_ignore_ascii_case("https");
        Self {
            address: if is_proxy { forwarded(headers, &web.trusted_proxies, direct) } else { direct },
            is_secure: web.tls.is_some() || (is_proxy && speaks_https()),
            authority: authority(headers, request.uri()),
        }
    }

    /// Whether the browser talks to its own machine, where plain HTTP can be heard by nobody else and browsers
    /// accept secure cookies.
    pub fn is_local(&self) -> bool {
        let host = host_of(&self.authority);
        host == "localhost"
            || host.ends_with(".localhost")
            || host.trim_matches(['[', ']']).parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
    }
}

fn is_trusted(proxies: &[Network], address: IpAddr) -> bool {
    proxies.iter().any(|network| network.contains(address))
}

/// The last address of the chain that is not a trusted proxy's: everything before it may be invented.
fn forwarded(headers: &HeaderMap, proxies: &[Network], direct: IpAddr) -> IpAddr {
    let chain: Vec<&str> = headers
        .get_all("x-forwarded-for")
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .collect();
    let mut nearest = direct;
    for entry in chain.into_iter().rev() {
        let Ok(address) = entry.trim().parse::<IpAddr>() else { break };
        nearest = address.to_canonical();
        if !is_trusted(proxies, nearest) {
            break;
        }
    }
    nearest
}

fn header_text<'a>(headers: &'a HeaderMap, name: &str) -> &'a str {
    headers.get(name).and_then(|value| value.to_str().ok()).map_or("", str::trim)
}

fn authority(headers: &HeaderMap, uri: &Uri) -> String {
    let host =
        uri.authority().map_or_else(|| header_text(headers, header::HOST.as_str()), |host| host.as_str());
    host.to_lowercase()
}

/// The host without its port.
fn host_of(authority: &str) -> &str {
    match authority.rfind(':') {
        Some(colon) if !authority[colon..].contains(']') => &authority[..colon],
        _ => authority,
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use std::path::PathBuf;

    use super::*;

    fn web(proxies: &[&str]) -> Web {
        Web {
            listen: ([127, 0, 0, 1], 3000).into(),
            public_url: String::new(),
            tls: None,
            trusted_proxies: proxies.iter().map(|network| network.parse().unwrap()).collect(),
            site_dir: PathBuf::new(),
        }
    }

    fn peer(from: &str, headers: &[(&str, &str)], proxies: &[&str]) -> Peer {
        let mut request = Request::builder().uri("/");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let mut request = request.body(()).unwrap();
        let from = SocketAddr::new(from.parse().unwrap(), 1);
        request.extensions_mut().insert(ConnectInfo(from));
        Peer::of(&request, &web(proxies))
    }

    #[test]
    fn headers_are_believed_from_trusted_proxies_only() {
        let lies = [("x-forwarded-for", "1.2.3.4"), ("x-forwarded-proto", "https")];
        let stranger = peer("9.9.9.9", &lies, &["10.0.0.0/8"]);
        assert_eq!((stranger.address.to_string().as_str(), stranger.is_secure), ("9.9.9.9", false));
        let proxy = peer("10.0.0.1", &lies, &["10.0.0.0/8"]);
        assert_eq!((proxy.address.to_string().as_str(), proxy.is_secure), ("1.2.3.4", true));
    }

    #[test]
    fn what_stands_before_the_first_stranger_in_the_chain_is_not_believed() {
        let chain = [("x-forwarded-for", "6.6.6.6, 1.2.3.4, 10.0.0.9")];
        assert_eq!(peer("10.0.0.1", &chain, &["10.0.0.0/8"]).address.to_string(), "1.2.3.4");
        let garbage = [("x-forwarded-for", "1.2.3.4, <script>")];
        assert_eq!(peer("10.0.0.1", &garbage, &["10.0.0.0/8"]).address.to_string(), "10.0.0.1");
    }

    #[test]
    fn only_names_of_this_machine_are_local() {
        let local = |host: &str| peer("127.0.0.1", &[("host", host)], &[]).is_local();
        for host in ["localhost", "LOCALHOST:3000", "127.0.0.1:1", "[::1]:3000", "[::1]", "a.localhost:3"] {
            assert!(local(host), "{host}");
        }
        for host in
            ["", "example.org", "localhost.example.org", "127.0.0.1.nip.io:80", "10.0.0.1", "notlocalhost"]
        {
            assert!(!local(host), "{host}");
        }
    }
}
