//! Tests of the guard over TLS, with a certificate that only these tests trust.

use std::io::{self, Read as _, Write as _};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::sync::Arc;
use std::thread::JoinHandle;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rustls::pki_types::{CertificateDer, PrivatePkcs8KeyDer};
use rustls::{RootCertStore, ServerConfig, ServerConnection, StreamOwned};
use store::tls::public_roots;
use tokio::io::AsyncWriteExt as _;

use super::{Guard, LOCAL, PLENTY, accept, listen, lookup, post};
use crate::egress::{Egress, EgressError, OutboundRequest};

/// Self-signed certificate for `endpoint.test`, valid until 2126.
const CERTIFICATE: &str = "\
    MIIBnzCCAUSgAwIBAgIUO3a3dJuFgLVI9AShUwTkTi/1r0cwCgYIKoZIzj0EAwIwGDEWMBQGA1UEAwwNZW5kcG9pbnQudGVzdDAgFw0yNjExMj\
    EwMDMwMzFaGA8yMTI2MTAyODAwMzAzMVowGDEWMBQGA1UEAwwNZW5kcG9pbnQudGVzdDBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABDpTREyP\
    3fP95uzOsJK507NF8hVakbzMbS31fkx8nTvYyiW2nlQe22UdB/0SMUyGFs/LiS2yKMMvHk+xkP3OGNOjajBoMB0GA1UdDgQWBBQr62qNfczy+8\
    QK7rt4Ub5TV7LWezAfBgNVHSMEGDAWgBQr62qNfczy+8QK7rt4Ub5TV7LWezAYBgNVHREEETAPgg1lbmRwb2ludC50ZXN0MAwGA1UdEwEB/wQC\
    MAAwCgYIKoZIzj0EAwIDSQAwRgIhAK6SNHGtwDHmbNZXJUiRIJxv32yeJZ7mHAcFCfb3lttzAiEAvm/fM0+qfA7sZCtDk4+IOA0t/Kjhu8gx98\
    aQhBnrqkQ=";

/// Private key of [`CERTIFICATE`]. It has no other use.
const KEY: &str = "\
    MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgf2c6lLA3jkbFnacYvOiFpCYQoE+UHdTLZiBQqESJ7HShRANCAAQ6U0RMj93z/e\
    bszrCSudOzRfIVWpG8zG0t9X5MfJ072Moltp5UHttlHQf9EjFMhhbPy4ktsijDLx5PsZD9zhjT";

fn decoded(base64: &str) -> Vec<u8> {
    STANDARD.decode(base64).unwrap()
}

type TlsStream = StreamOwned<ServerConnection, TcpStream>;

/// Starts an endpoint that answers its only request properly.
fn endpoint() -> (u16, JoinHandle<bool>) {
    endpoint_that(|stream| stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nsafe"))
}

/// Starts an endpoint that serves TLS with [`CERTIFICATE`] to one client. Its thread returns `true` if a request arrived and
/// was answered.
fn endpoint_that(answer: fn(&mut TlsStream) -> io::Result<()>) -> (u16, JoinHandle<bool>) {
    let certificate = CertificateDer::from(decoded(CERTIFICATE));
    let key = PrivatePkcs8KeyDer::from(decoded(KEY));
    let config = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate], key.into())
        .unwrap();
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    let serve = move || {
        let (socket, _) = listener.accept().unwrap();
        let mut stream = StreamOwned::new(ServerConnection::new(Arc::new(config)).unwrap(), socket);
        let mut request = [0; 1_024];
        let arrived = stream.read(&mut request).is_ok_and(|read| request[..read].starts_with(b"POST /hooks "));
        arrived && answer(&mut stream).is_ok()
    };
    (port, std::thread::spawn(serve))
}

fn egress(roots: RootCertStore) -> Egress {
    Egress::with(Guard::Clients(LOCAL), lookup(|| Ok(vec![Ipv4Addr::LOCALHOST.into()])), roots).unwrap()
}

fn trusting() -> RootCertStore {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from(decoded(CERTIFICATE))).unwrap();
    roots
}

#[tokio::test]
async fn a_trusted_certificate_for_the_urls_host_is_talked_to() {
    let (port, endpoint) = endpoint();
    let answer = egress(trusting()).send(post(&format!("https://endpoint.test:{port}/hooks"), PLENTY)).await.unwrap();
    assert_eq!((answer.status, answer.body.as_str()), (200, "safe"));
    assert!(endpoint.join().unwrap());
}

#[tokio::test]
async fn a_trusted_certificate_for_another_host_is_refused_before_anything_is_sent() {
    let (port, endpoint) = endpoint();
    let answer = egress(trusting()).send(post(&format!("https://other.test:{port}/hooks"), PLENTY)).await;
    assert!(matches!(answer, Err(EgressError::Tls(_))), "{answer:?}");
    assert!(!endpoint.join().unwrap());
}

#[tokio::test]
async fn a_certificate_that_nobody_vouches_for_is_refused_before_anything_is_sent() {
    let (port, endpoint) = endpoint();
    let answer = egress(public_roots()).send(post(&format!("https://endpoint.test:{port}/hooks"), PLENTY)).await;
    assert!(matches!(answer, Err(EgressError::Tls(_))), "{answer:?}");
    assert!(!endpoint.join().unwrap());
}

#[tokio::test]
async fn an_endpoint_that_speaks_no_tls_is_a_failure_to_secure() {
    let (listener, address) = listen().await;
    let endpoint = async {
        let mut stream = accept(&listener).await;
        stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await.unwrap();
        stream
    };
    let egress = egress(trusting());
    let url = format!("https://{address}/hooks");
    let (answer, _stream) = tokio::join!(egress.send(post(&url, PLENTY)), endpoint);
    assert!(matches!(answer, Err(EgressError::Tls(_))), "{answer:?}");
}

#[tokio::test]
async fn tls_that_breaks_down_after_the_request_was_sent_is_not_taken_for_a_request_that_was_not() {
    let (port, endpoint) =
        endpoint_that(|stream| stream.sock.write_all(b"\x17\x03\x03\x00\x1eno record of this session here"));
    let answer = egress(trusting()).send(post(&format!("https://endpoint.test:{port}/hooks"), PLENTY)).await;
    assert!(matches!(answer, Err(EgressError::Broken(_))), "{answer:?}");
    assert!(endpoint.join().unwrap());
}

/// Older servers close the connection without the TLS `close_notify`.
#[tokio::test]
async fn an_answer_that_ends_with_its_connection_is_one_where_the_status_says_everything() {
    for (needs_all, expected) in [(false, Some((200, "taken".to_owned(), true))), (true, None)] {
        let (port, endpoint) = endpoint_that(|stream| stream.write_all(b"HTTP/1.1 200 OK\r\n\r\ntaken"));
        let url = format!("https://endpoint.test:{port}/hooks");
        let answer = egress(trusting()).send(OutboundRequest { needs_all, ..post(&url, PLENTY) }).await;
        assert_eq!(answer.ok().map(|answer| (answer.status, answer.body, answer.cut)), expected);
        assert!(endpoint.join().unwrap());
    }
}
