//! Where a webhook may go.
//!
//! Whoever enters a URL chooses a place that this server then talks to, from inside the operator's network. So the
//! name is resolved once, every address is looked at, and the connection goes to an address that was looked at:
//! a name that answers differently the second time gains nothing. Private networks are closed unless the operator
//! opens them in the configuration file.

use std::{
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    time::Duration,
};

use super::Undelivered;
use crate::config::Network;

/// How long a name may take to resolve.
const RESOLVE: Duration = Duration::from_secs(5);

/// What the operator allows.
#[derive(Debug, Clone, Default)]
pub struct EgressRules {
    /// Networks that may be reached although they are not public; there `http://` is accepted too.
    pub allowed: Vec<Network>,
}

impl EgressRules {
    /// The addresses of `host` that may be connected to; never empty.
    pub async fn resolve(&self, host: &str, port: u16) -> Result<Vec<SocketAddr>, Undelivered> {
        let looked_up = tokio::time::timeout(RESOLVE, tokio::net::lookup_host((host, port))).await;
        let found: Vec<SocketAddr> = match looked_up {
            Ok(Ok(addresses)) => addresses.collect(),
            Ok(Err(_)) => return Err(Undelivered::later(format!("the name {host} cannot be resolved"))),
            Err(_) => return Err(Undelivered::later(format!("resolving the name {host} took too long"))),
        };
        let mut refused = None;
        let mut allowed = Vec::new();
        for address in found {
            match self.refusal(address.ip()) {
                None => allowed.push(address),
                Some(what) => refused = Some(format!("{host} is {}, {what}", address.ip())),
            }
        }
        if allowed.is_empty() {
            let reason = refused.unwrap_or_else(|| format!("the name {host} has no address"));
            return Err(Undelivered::never(format!(
                "{reason}; an operator can open it with `[webhooks] allow_private` in the configuration file"
            )));
        }
        Ok(allowed)
    }

    /// Whether the operator opened the network of `address` by name.
    pub fn is_opened(&self, address: IpAddr) -> bool {
        let address = unmapped(address);
        self.allowed.iter().any(|network| network.contains(address))
    }

    /// Why `address` may not be connected to; `None` if it may.
    pub fn refusal(&self, address: IpAddr) -> Option<&'static str> {
        if self.is_opened(address) {
            return None;
        }
        match unmapped(address) {
            IpAddr::V4(ip) => closed_v4(ip),
            IpAddr::V6(ip) => closed_v6(ip),
        }
    }
}

/// IPv4 that hides in IPv6 notation (mapped, compatible, NAT64, 6to4) is judged as what it reaches.
fn unmapped(address: IpAddr) -> IpAddr {
    let IpAddr::V6(ip) = address else { return address };
    let segments = ip.segments();
    let low = |high: u16, low: u16| IpAddr::V4(Ipv4Addr::from_bits(u32::from(high) << 16 | u32::from(low)));
    match segments {
        [0, 0, 0, 0, 0, 0, 0, _] => address,
        [0, 0, 0, 0, 0, 0xffff | 0, high, last]
        | [0x64, 0xff9b, 0, 0, 0, 0, high, last]
        | [0x2002, high, last, ..] => low(high, last),
        _ => address,
    }
}

fn closed_v4(ip: Ipv4Addr) -> Option<&'static str> {
    let [a, b, c, _] = ip.octets();
    if ip.is_loopback() {
        Some("this machine itself")
    } else if ip.is_link_local() {
        Some("a link-local address, where cloud machines keep their credentials")
    } else if ip.is_private() || (a == 100 && b & 0xc0 == 64) {
        Some("an address in a private network")
    } else if ip.is_multicast() || ip.is_broadcast() || a >= 240 {
        Some("not an address of one machine")
    } else if a == 0
        || (a == 192 && b == 0 && c == 0)
        || ip.is_documentation()
        || (a == 198 && b & 0xfe == 18)
    {
        Some("a reserved address")
    } else {
        None
    }
}

fn closed_v6(ip: Ipv6Addr) -> Option<&'static str> {
    let [first, second, ..] = ip.segments();
    if ip.is_loopback() || ip.is_unspecified() {
        Some("this machine itself")
    } else if first & 0xffc0 == 0xfe80 {
        Some("a link-local address")
    } else if first & 0xfe00 == 0xfc00 || first & 0xffc0 == 0xfec0 {
        Some("an address in a private network")
    } else if ip.is_multicast() {
        Some("not an address of one machine")
    } else if first & 0xe000 != 0x2000 || (first == 0x2001 && (second == 0xdb8 || second == 0)) {
        Some("a reserved address")
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn everything_inside_is_closed_in_every_notation() {
        let rules = EgressRules::default();
        for inside in [
            "127.0.0.1",
            "127.9.9.9",
            "10.1.2.3",
            "172.16.0.1",
            "192.168.1.1",
            "169.254.169.254",
            "100.64.0.1",
            "0.0.0.0",
            "224.0.0.1",
            "255.255.255.255",
            "240.0.0.1",
            "192.0.0.8",
            "198.18.0.1",
            "192.0.2.1",
            "::1",
            "::",
            "fe80::1",
            "fc00::1",
            "fd00:ec2::254",
            "ff02::1",
            "::ffff:127.0.0.1",
            "::ffff:169.254.169.254",
            "64:ff9b::a9fe:a9fe",
            "2002:7f00:1::",
            "::7f00:1",
            "2001:db8::1",
            "fec0::1",
        ] {
            assert!(rules.refusal(inside.parse().unwrap()).is_some(), "{inside}");
        }
        for outside in ["1.1.1.1", "93.184.216.34", "172.32.0.1", "2606:4700::1111", "::ffff:1.1.1.1"] {
            assert_eq!(rules.refusal(outside.parse().unwrap()), None, "{outside}");
        }
    }

    #[test]
    fn an_operator_opens_exactly_what_was_written() {
        let rules = EgressRules { allowed: vec!["10.1.0.0/16".parse().unwrap()] };
        assert_eq!(rules.refusal("10.1.2.3".parse().unwrap()), None);
        assert_eq!(rules.refusal("::ffff:10.1.2.3".parse().unwrap()), None);
        assert!(rules.refusal("10.2.0.1".parse().unwrap()).is_some());
    }

    #[tokio::test]
    async fn a_name_that_points_inside_is_refused() {
        let refused = EgressRules::default().resolve("localhost", 443).await.unwrap_err();
        assert!(!refused.later && refused.reason.contains("this machine itself"), "{refused}");
    }
}
