//! TLS settings and `User-Agent` of all our requests, to AWS, to providers and to clients' endpoints.

use std::sync::Arc;

use http::HeaderValue;
use rustls::{ClientConfig, RootCertStore};

/// `User-Agent` of every request.
pub const WE: HeaderValue = HeaderValue::from_static(concat!("Ringdown/", env!("CARGO_PKG_VERSION")));

/// Returns Mozilla's roots, which are compiled in. Reading the machine's roots would take milliseconds of a cold start.
pub fn public_roots() -> RootCertStore {
    RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() }
}

/// Returns a configuration for HTTP/1.1 over TLS 1.2 and 1.3 by ring, which trusts these roots.
///
/// # Errors
/// [`rustls::Error`] if ring supports neither version.
pub fn client_config(roots: RootCertStore) -> Result<ClientConfig, rustls::Error> {
    let mut config = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(config)
}
