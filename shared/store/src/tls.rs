//! How a request of ours introduces itself and whom it trusts, whether it goes to AWS, to a provider or to a client's endpoint.

use std::sync::Arc;

use http::HeaderValue;
use rustls::{ClientConfig, RootCertStore};

/// The `User-Agent` of every request.
pub const WE: HeaderValue = HeaderValue::from_static(concat!("Ringdown/", env!("CARGO_PKG_VERSION")));

/// Mozilla's roots, compiled in: reading the machine's takes milliseconds of a cold start.
pub fn public_roots() -> RootCertStore {
    RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() }
}

/// TLS 1.2 and 1.3 by ring, for HTTP/1.1, with servers that these roots answer for.
///
/// # Errors
/// [`rustls::Error`] where ring can do neither version.
pub fn client_config(roots: RootCertStore) -> Result<ClientConfig, rustls::Error> {
    let mut config = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(config)
}
