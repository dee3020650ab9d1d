//! Rules for the URLs and addresses that may be connected to.

use std::net::IpAddr;

use url::{Host, Url};

use super::address::not_public;
use super::error::{LONGEST_URL, NotPublic, UrlError};

/// Port of https: the only one below [`FIRST_FREE_PORT`] that a URL may name.
const HTTPS_PORT: u16 = 443;

/// First port that a URL may name freely. Those below belong to protocols such as SSH and SMTP, which must not be probed in our
/// name.
const FIRST_FREE_PORT: u16 = 1_024;

/// Rules for connections to clients' URLs. The default allows https and public addresses only.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct EgressPolicy {
    /// Allows plain http, loopback addresses and every port as well. The local stack and tests set it; a deployment never does.
    /// Other private addresses stay refused.
    pub allow_insecure: bool,
}

/// Parses a URL, and checks everything that needs no look-up of its name.
pub(super) fn read(guard: Guard, text: &str) -> Result<Url, UrlError> {
    if text.len() > LONGEST_URL {
        return Err(UrlError::TooLong);
    }
    let url = Url::parse(text).map_err(UrlError::Malformed)?;
    guard.check(&url)?;
    Ok(url)
}

impl EgressPolicy {
    /// Checks everything of a URL that needs no look-up of its name.
    pub(super) fn check(self, url: &Url) -> Result<(), UrlError> {
        match url.scheme() {
            "https" => {}
            "http" if self.allow_insecure => {}
            _ => return Err(UrlError::NotHttps),
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(UrlError::Credentials);
        }
        let port = url.port_or_known_default().unwrap_or(HTTPS_PORT);
        if port != HTTPS_PORT && port < FIRST_FREE_PORT && !self.allow_insecure {
            return Err(UrlError::Port(port));
        }
        // The parser has read a host in digits of any notation (0x7f.1, 2130706433) as an address.
        match url.host() {
            Some(Host::Ipv4(address)) => self.check_address(address.into()).map_err(UrlError::NotPublic),
            Some(Host::Ipv6(address)) => self.check_address(address.into()).map_err(UrlError::NotPublic),
            Some(Host::Domain(_)) => Ok(()),
            None => Err(UrlError::Malformed(url::ParseError::EmptyHost)),
        }
    }

    /// Checks an address before a connection to it.
    pub(super) fn check_address(self, address: IpAddr) -> Result<(), NotPublic> {
        match not_public(address) {
            Some(_) if self.allow_insecure && address.is_loopback() => Ok(()),
            Some(kind) => Err(NotPublic { address, kind }),
            None => Ok(()),
        }
    }
}

/// Party that chose the address of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Guard {
    /// Client of the API. Its URLs are checked against the policy.
    Clients(EgressPolicy),
    /// Operator of the deployment. Every address is allowed, also in a private network, and plain http.
    Operators,
}

impl Guard {
    /// Checks everything of a URL that needs no look-up of its name.
    pub(super) fn check(self, url: &Url) -> Result<(), UrlError> {
        match self {
            Self::Clients(policy) => policy.check(url),
            Self::Operators => Ok(()),
        }
    }

    /// Checks an address before a connection to it.
    pub(super) fn check_address(self, address: IpAddr) -> Result<(), NotPublic> {
        match self {
            Self::Clients(policy) => policy.check_address(address),
            Self::Operators => Ok(()),
        }
    }

    /// Returns `true` if plain http is allowed.
    pub(super) fn allows_plain_http(self) -> bool {
        match self {
            Self::Clients(policy) => policy.allow_insecure,
            Self::Operators => true,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::error::LONGEST_URL;
    use super::{EgressPolicy, Guard, read};

    const DEPLOYED: EgressPolicy = EgressPolicy { allow_insecure: false };
    const LOCAL: EgressPolicy = EgressPolicy { allow_insecure: true };

    fn complaint(policy: EgressPolicy, url: &str) -> Option<String> {
        read(Guard::Clients(policy), url).err().map(|error| error.to_string())
    }

    #[test]
    fn a_public_https_url_is_taken_on_443_and_on_free_ports() {
        for url in [
            "https://example.com",
            "https://example.com:443/hooks?team=a#top",
            "https://hooks.example.com:8443/",
            "https://8.8.8.8/hooks",
            "https://[2606:4700:4700::1111]/hooks",
            "https://bücher.example/",
        ] {
            assert_eq!(complaint(DEPLOYED, url), None, "{url}");
        }
    }

    #[test]
    fn every_refusal_says_how_to_mend_the_url() {
        let long = format!("https://example.com/{}", "a".repeat(LONGEST_URL));
        for (url, expected) in [
            ("", "must be an absolute URL, such as https://example.com/hooks"),
            ("/hooks", "must be an absolute URL, such as https://example.com/hooks"),
            ("https://", "must be an absolute URL, such as https://example.com/hooks"),
            ("http://example.com", "must begin with https://"),
            ("ftp://example.com", "must begin with https://"),
            ("file:///etc/passwd", "must begin with https://"),
            ("https://user@example.com", "must not hold a user or password; requests are signed instead"),
            ("https://:pass@example.com", "must not hold a user or password; requests are signed instead"),
            ("https://example.com:22", "must use port 443, or one from 1024 up; 22 belongs to another protocol"),
            ("https://example.com:0", "must use port 443, or one from 1024 up; 0 belongs to another protocol"),
            (long.as_str(), "must have at most 2048 characters"),
        ] {
            assert_eq!(complaint(DEPLOYED, url).as_deref(), Some(expected), "{url}");
        }
    }

    #[test]
    fn an_address_is_recognized_in_every_notation() {
        for (url, kind) in [
            ("https://127.0.0.1/", "loopback"),
            ("https://127.1/", "loopback"),
            ("https://2130706433/", "loopback"),
            ("https://0x7f.0.0.1/", "loopback"),
            ("https://0177.0.0.1/", "loopback"),
            ("https://127.0.0.1./", "loopback"),
            ("https://１２７.0.0.1/", "loopback"),
            ("https://169.254.169.254/latest/meta-data/", "link-local"),
            ("https://10.0.0.8/", "private"),
            ("https://[::1]/", "loopback"),
            ("https://[::ffff:127.0.0.1]/", "an IPv4 address in disguise"),
            ("https://[::ffff:7f00:1]/", "an IPv4 address in disguise"),
            ("https://[64:ff9b::169.254.169.254]/", "an IPv4 address in disguise"),
            ("https://[fd00:ec2::254]/", "private"),
            ("https://[fe80::1]/", "link-local"),
            ("https://[::]/", "unspecified"),
        ] {
            let expected = format!("must lead to a public address; this one is {kind}");
            assert_eq!(complaint(DEPLOYED, url), Some(expected), "{url}");
        }
    }

    #[test]
    fn the_local_stack_adds_http_and_loopback_and_nothing_else() {
        for url in ["http://example.com", "http://127.0.0.1:9000/hooks", "http://[::1]:80/", "https://localhost:81/"] {
            assert_eq!(complaint(LOCAL, url), None, "{url}");
        }
        for url in ["http://10.0.0.8/", "http://169.254.169.254/", "http://0.0.0.0:9000/", "http://[::ffff:127.0.0.1]/"]
        {
            assert!(complaint(LOCAL, url).is_some_and(|text| text.starts_with("must lead to")), "{url}");
        }
        assert!(complaint(LOCAL, "ftp://127.0.0.1/").is_some());
        assert!(complaint(LOCAL, "http://user:pass@127.0.0.1/").is_some());
    }

    #[test]
    fn what_the_operator_says_is_not_held_against_the_clients_policy() {
        for url in ["http://172.17.0.1:4566/", "http://10.0.0.1/", "https://ssm.eu-central-1.amazonaws.com/"] {
            let (url, guards) = (url::Url::parse(url).unwrap(), [Guard::Operators, Guard::Clients(LOCAL)]);
            let checked = guards.map(|guard| guard.check(&url).is_ok());
            assert_eq!(checked, [true, url.scheme() == "https"], "{url}");
        }
        assert!(Guard::Operators.check_address([172, 17, 0, 1].into()).is_ok());
    }
}
