//! Public addresses, and the networks that are refused. A client's URL must not reach our own network or a cloud's metadata
//! service. It must also not reach an address that we and a router may read differently.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Returns the reason why the address is not public. `None` if it is public.
pub(super) fn not_public(address: IpAddr) -> Option<&'static str> {
    match address {
        IpAddr::V4(v4) => not_public_v4(v4),
        IpAddr::V6(v6) => not_public_v6(v6),
    }
}

fn not_public_v4(address: Ipv4Addr) -> Option<&'static str> {
    let bits = u32::from(address);
    REFUSED_V4.iter().find(|(network, prefix, _)| same_prefix(bits, u32::from(*network), *prefix)).map(|found| found.2)
}

fn not_public_v6(address: Ipv6Addr) -> Option<&'static str> {
    let bits = u128::from(address);
    let named = REFUSED_V6.iter().find(|(network, prefix, _)| (bits ^ u128::from(*network)) >> (128 - prefix) == 0);
    let global = bits >> 125 == 0b001;
    named.map(|found| found.2).or((!global).then_some("reserved"))
}

const fn same_prefix(one: u32, other: u32, prefix: u32) -> bool {
    (one ^ other) >> (32 - prefix) == 0
}

/// Special-purpose networks of IPv4, as IANA lists them, and metadata services that clouds place outside of them.
const REFUSED_V4: [(Ipv4Addr, u32, &str); 17] = [
    (Ipv4Addr::new(0, 0, 0, 0), 8, "unspecified"),
    (Ipv4Addr::new(10, 0, 0, 0), 8, "private"),
    (Ipv4Addr::new(100, 64, 0, 0), 10, "shared by a carrier's customers"),
    (Ipv4Addr::new(127, 0, 0, 0), 8, "loopback"),
    // Most clouds have their metadata service at 169.254.169.254.
    (Ipv4Addr::new(169, 254, 0, 0), 16, "link-local"),
    (Ipv4Addr::new(172, 16, 0, 0), 12, "private"),
    // Contains another metadata service: 192.0.0.192.
    (Ipv4Addr::new(192, 0, 0, 0), 24, "reserved for protocols"),
    (Ipv4Addr::new(192, 0, 2, 0), 24, "for documentation"),
    (Ipv4Addr::new(192, 88, 99, 0), 24, "a relay to IPv6"),
    (Ipv4Addr::new(192, 168, 0, 0), 16, "private"),
    (Ipv4Addr::new(198, 18, 0, 0), 15, "for benchmarks"),
    (Ipv4Addr::new(198, 51, 100, 0), 24, "for documentation"),
    (Ipv4Addr::new(203, 0, 113, 0), 24, "for documentation"),
    // A public address by the registry. In one cloud, every virtual machine reaches its host by it.
    (Ipv4Addr::new(168, 63, 129, 16), 32, "a cloud's metadata service"),
    (Ipv4Addr::new(224, 0, 0, 0), 4, "multicast"),
    (Ipv4Addr::new(255, 255, 255, 255), 32, "broadcast"),
    (Ipv4Addr::new(240, 0, 0, 0), 4, "reserved"),
];

/// Special-purpose networks of IPv6. An address that is outside of 2000::/3 and in none of them is refused as reserved. An IPv4
/// address inside an IPv6 one is always refused: a public endpoint has no need to be written so.
const REFUSED_V6: [(Ipv6Addr, u32, &str); 17] = [
    (Ipv6Addr::UNSPECIFIED, 128, "unspecified"),
    (Ipv6Addr::LOCALHOST, 128, "loopback"),
    (Ipv6Addr::new(0, 0, 0, 0, 0, 0, 0, 0), 96, "an IPv4 address in disguise"),
    (Ipv6Addr::new(0, 0, 0, 0, 0, 0xffff, 0, 0), 96, "an IPv4 address in disguise"),
    (Ipv6Addr::new(0, 0, 0, 0, 0xffff, 0, 0, 0), 96, "an IPv4 address in disguise"),
    (Ipv6Addr::new(0x64, 0xff9b, 0, 0, 0, 0, 0, 0), 96, "an IPv4 address in disguise"),
    (Ipv6Addr::new(0x64, 0xff9b, 1, 0, 0, 0, 0, 0), 48, "an IPv4 address in disguise"),
    (Ipv6Addr::new(0x2002, 0, 0, 0, 0, 0, 0, 0), 16, "an IPv4 address in disguise"),
    (Ipv6Addr::new(0x2001, 0, 0, 0, 0, 0, 0, 0), 32, "an IPv4 address in disguise"),
    (Ipv6Addr::new(0x2001, 2, 0, 0, 0, 0, 0, 0), 48, "for benchmarks"),
    (Ipv6Addr::new(0x2001, 0, 0, 0, 0, 0, 0, 0), 23, "reserved for protocols"),
    (Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 0), 32, "for documentation"),
    (Ipv6Addr::new(0x3fff, 0, 0, 0, 0, 0, 0, 0), 20, "for documentation"),
    // AWS has its metadata service over IPv6 at fd00:ec2::254.
    (Ipv6Addr::new(0xfc00, 0, 0, 0, 0, 0, 0, 0), 7, "private"),
    (Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, 0), 10, "link-local"),
    (Ipv6Addr::new(0xfec0, 0, 0, 0, 0, 0, 0, 0), 10, "private"),
    (Ipv6Addr::new(0xff00, 0, 0, 0, 0, 0, 0, 0), 8, "multicast"),
];

#[cfg(test)]
mod tests {
    use super::not_public;

    fn judge(address: &str) -> Option<&'static str> {
        not_public(address.parse().unwrap())
    }

    #[test]
    fn public_addresses_pass() {
        let public = [
            "1.1.1.1",
            "8.8.8.8",
            "9.255.255.255",
            "11.0.0.0",
            "100.63.255.255",
            "100.128.0.0",
            "126.255.255.255",
            "128.0.0.0",
            "169.253.255.255",
            "169.255.0.0",
            "172.15.255.255",
            "172.32.0.0",
            "192.0.1.0",
            "192.167.255.255",
            "192.169.0.0",
            "198.17.255.255",
            "198.20.0.0",
            "223.255.255.255",
            "168.63.129.17",
            "2606:4700:4700::1111",
            "2001:4860:4860::8888",
            "2003::1",
            "2600::",
            "2a00:1450::1",
        ];
        for address in public {
            assert_eq!(judge(address), None, "{address}");
        }
    }

    #[test]
    fn every_special_network_is_refused_from_its_first_address_to_its_last() {
        let refused = [
            ("0.0.0.0", "0.255.255.255", "unspecified"),
            ("10.0.0.0", "10.255.255.255", "private"),
            ("100.64.0.0", "100.127.255.255", "shared by a carrier's customers"),
            ("127.0.0.0", "127.255.255.255", "loopback"),
            ("169.254.0.0", "169.254.169.254", "link-local"),
            ("172.16.0.0", "172.31.255.255", "private"),
            ("192.0.0.0", "192.0.0.192", "reserved for protocols"),
            ("192.0.2.0", "192.0.2.255", "for documentation"),
            ("192.88.99.0", "192.88.99.255", "a relay to IPv6"),
            ("192.168.0.0", "192.168.255.255", "private"),
            ("198.18.0.0", "198.19.255.255", "for benchmarks"),
            ("198.51.100.0", "198.51.100.255", "for documentation"),
            ("203.0.113.0", "203.0.113.255", "for documentation"),
            ("168.63.129.16", "168.63.129.16", "a cloud's metadata service"),
            ("224.0.0.0", "239.255.255.255", "multicast"),
            ("240.0.0.0", "255.255.255.254", "reserved"),
            ("255.255.255.255", "255.255.255.255", "broadcast"),
            ("::", "::", "unspecified"),
            ("::1", "::1", "loopback"),
            ("::2", "::7f00:1", "an IPv4 address in disguise"),
            ("::ffff:127.0.0.1", "::ffff:8.8.8.8", "an IPv4 address in disguise"),
            ("::ffff:0:a00:1", "::ffff:0:808:808", "an IPv4 address in disguise"),
            ("64:ff9b::a9fe:a9fe", "64:ff9b::808:808", "an IPv4 address in disguise"),
            ("64:ff9b:1::", "64:ff9b:1:ffff:ffff:ffff:ffff:ffff", "an IPv4 address in disguise"),
            ("2002::", "2002:7f00:1::", "an IPv4 address in disguise"),
            ("2001::", "2001:0:ffff:ffff:ffff:ffff:ffff:ffff", "an IPv4 address in disguise"),
            ("2001:2::", "2001:2:0:ffff:ffff:ffff:ffff:ffff", "for benchmarks"),
            ("2001:10::", "2001:1ff:ffff:ffff:ffff:ffff:ffff:ffff", "reserved for protocols"),
            ("2001:db8::", "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff", "for documentation"),
            ("3fff::", "3fff:fff:ffff:ffff:ffff:ffff:ffff:ffff", "for documentation"),
            ("fc00::", "fd00:ec2::254", "private"),
            ("fe80::1", "febf::1", "link-local"),
            ("fec0::1", "feff::1", "private"),
            ("ff00::", "ff02::1", "multicast"),
            ("100::1", "1fff::1", "reserved"),
            ("4000::", "fbff::1", "reserved"),
        ];
        for (first, last, why) in refused {
            assert_eq!(judge(first), Some(why), "{first}");
            assert_eq!(judge(last), Some(why), "{last}");
        }
    }
}
