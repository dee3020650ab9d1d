//! Tests of the guard over real sockets on the loopback address.

use std::future::Future;
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt as _;
use http::{HeaderMap, HeaderValue, Method};
use rustls::RootCertStore;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use url::Url;

use super::policy::Guard;
use super::resolver::Lookup;
use super::{Answer, Egress, EgressError, EgressPolicy, OutboundRequest, UrlError, WEBHOOK_KEEP_BYTES};

mod late;
mod tls;

const DEPLOYED: EgressPolicy = EgressPolicy { allow_insecure: false };
const LOCAL: EgressPolicy = EgressPolicy { allow_insecure: true };

/// Time limit that suffices for anything on one machine. A test that reaches it has failed.
const PLENTY: Duration = Duration::from_secs(30);

/// Time limit for endpoints that never finish. Tests wait for all of it, so it is short.
const LITTLE: Duration = Duration::from_millis(500);

fn egress(policy: EgressPolicy) -> Egress {
    Egress::new(policy).unwrap()
}

/// Creates a client for which every name has these addresses.
fn egress_where_names_mean(policy: EgressPolicy, addresses: &[&str]) -> Egress {
    let addresses: Vec<IpAddr> = addresses.iter().map(|address| address.parse().unwrap()).collect();
    Egress::with(Guard::Clients(policy), lookup(move || Ok(addresses.clone())), RootCertStore::empty()).unwrap()
}

fn lookup(answer: impl Fn() -> io::Result<Vec<IpAddr>> + Send + Sync + 'static) -> Lookup {
    Arc::new(move |_| std::future::ready(answer()).boxed())
}

fn post(url: &str, timeout: Duration) -> OutboundRequest {
    let headers =
        HeaderMap::from_iter([(http::HeaderName::from_static("webhook-id"), HeaderValue::from_static("evt_1"))]);
    let body = br#"{"event":"call.started"}"#.to_vec();
    let (url, keep_bytes) = (Url::parse(url).unwrap(), WEBHOOK_KEEP_BYTES);
    OutboundRequest { method: Method::POST, url, headers, body, timeout, keep_bytes, needs_all: true }
}

async fn listen() -> (TcpListener, SocketAddr) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    (listener, address)
}

async fn accept(listener: &TcpListener) -> TcpStream {
    tokio::time::timeout(PLENTY, listener.accept()).await.expect("nobody connected").unwrap().0
}

/// Binds a port that refuses connections, and that no other process can take in the meantime.
fn bind_without_listening() -> (TcpSocket, SocketAddr) {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind((Ipv4Addr::LOCALHOST, 0).into()).unwrap();
    let address = socket.local_addr().unwrap();
    (socket, address)
}

/// Reads a request up to the end of its body, which is the one of [`post`], or until the client gives up.
async fn read_request(stream: &mut TcpStream) -> String {
    let mut text = Vec::new();
    while !text.ends_with(b"}") && stream.read_buf(&mut text).await.is_ok_and(|read| read > 0) {}
    String::from_utf8(text).unwrap()
}

/// Posts to an endpoint that treats its only connection in this way.
async fn post_to<F: Future<Output = ()>>(
    timeout: Duration,
    treat: impl FnOnce(TcpStream) -> F,
) -> Result<Answer, EgressError> {
    let (listener, address) = listen().await;
    let endpoint = async {
        let stream = accept(&listener).await;
        treat(stream).await;
    };
    let egress = egress(LOCAL);
    let url = format!("http://{address}/hooks");
    let (answer, ()) = tokio::join!(egress.send(post(&url, timeout)), endpoint);
    assert!(listener.accept().now_or_never().is_none(), "the request was sent a second time");
    answer
}

/// Posts to an endpoint that reads the request, sends this answer and closes.
async fn post_answered_by(answer: &str) -> Result<Answer, EgressError> {
    post_to(PLENTY, async |mut stream| {
        read_request(&mut stream).await;
        stream.write_all(answer.as_bytes()).await.unwrap();
    })
    .await
}

/// Waits until the client has closed the connection, in whatever way. Bytes that it sends in the meantime are ignored.
async fn wait_for_hanging_up(stream: &mut TcpStream) {
    let mut buffer = [0; 1_024];
    while stream.read(&mut buffer).await.is_ok_and(|read| read > 0) {}
}

#[tokio::test]
async fn a_request_arrives_as_it_was_given_and_its_answer_comes_back() {
    let answer = post_to(PLENTY, async |mut stream| {
        let request = read_request(&mut stream).await;
        assert!(request.starts_with("POST /hooks HTTP/1.1\r\n"), "{request}");
        assert!(request.contains("\r\nwebhook-id: evt_1\r\n"), "{request}");
        assert!(request.contains("\r\nuser-agent: Ringdown/"), "{request}");
        assert!(request.ends_with("\r\n\r\n{\"event\":\"call.started\"}"), "{request}");
        stream.write_all(b"HTTP/1.1 503 Busy\r\nRetry-After: 7\r\nContent-Length: 5\r\n\r\nlater").await.unwrap();
    })
    .await
    .unwrap();
    assert_eq!((answer.status, answer.body.as_str()), (503, "later"));
    assert_eq!(answer.retry_after, super::RetryAfter::parse("7"));
}

#[tokio::test]
async fn a_redirect_is_an_answer_and_is_not_followed() {
    let (elsewhere, address) = listen().await;
    for status in [301, 302, 303, 307, 308] {
        let redirect = format!("HTTP/1.1 {status} Moved\r\nLocation: http://{address}/\r\nContent-Length: 0\r\n\r\n");
        assert_eq!(post_answered_by(&redirect).await.unwrap().status, status);
    }
    assert!(elsewhere.accept().now_or_never().is_none());
}

#[tokio::test]
async fn headers_that_never_end_run_into_the_deadline() {
    let answer = post_to(LITTLE, async |mut stream| {
        read_request(&mut stream).await;
        stream.write_all(b"HTTP/1.1 200 OK\r\nX-Slow: ").await.unwrap();
        wait_for_hanging_up(&mut stream).await;
    })
    .await;
    assert!(matches!(answer, Err(EgressError::Timeout)), "{answer:?}");
}

#[tokio::test]
async fn a_body_that_never_ends_by_silence_runs_into_the_deadline() {
    let answer = post_to(LITTLE, async |mut stream| {
        read_request(&mut stream).await;
        stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf").await.unwrap();
        wait_for_hanging_up(&mut stream).await;
    })
    .await;
    assert!(matches!(answer, Err(EgressError::Timeout)), "{answer:?}");
}

#[tokio::test]
async fn a_body_without_end_is_cut_off_after_what_is_kept() {
    let answer = post_to(PLENTY, async |mut stream| {
        read_request(&mut stream).await;
        stream.write_all(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n").await.unwrap();
        while stream.write_all(b"4\r\nabcd\r\n").await.is_ok() {}
    })
    .await
    .unwrap();
    assert_eq!((answer.status, answer.body.len(), answer.cut), (200, WEBHOOK_KEEP_BYTES, true));
}

#[tokio::test]
async fn as_much_of_a_body_is_kept_as_was_asked_for_and_what_is_cut_says_so() {
    const KEEP: usize = 100_000;
    for (length, kept, cut) in [(KEEP - 1, KEEP - 1, false), (KEEP, KEEP, false), (KEEP + 1, KEEP, true)] {
        let (listener, address) = listen().await;
        let endpoint = async {
            let mut stream = accept(&listener).await;
            read_request(&mut stream).await;
            let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n");
            stream.write_all(head.as_bytes()).await.unwrap();
            stream.write_all(&vec![b'x'; length]).await.unwrap();
        };
        let request = OutboundRequest { keep_bytes: KEEP, ..post(&format!("http://{address}/"), PLENTY) };
        let egress = egress(LOCAL);
        let (answer, ()) = tokio::join!(egress.send(request), endpoint);
        let answer = answer.unwrap();
        assert_eq!((answer.body.len(), answer.cut), (kept, cut), "{length}");
    }
}

#[tokio::test]
async fn headers_without_end_are_given_up() {
    let answer = post_to(PLENTY, async |mut stream| {
        read_request(&mut stream).await;
        stream.write_all(b"HTTP/1.1 200 OK\r\n").await.unwrap();
        while stream.write_all(b"X-More: and more and more\r\n").await.is_ok() {}
    })
    .await;
    assert!(matches!(answer, Err(EgressError::Broken(_))), "{answer:?}");
}

#[tokio::test]
async fn a_connection_reset_is_reported_and_not_tried_again() {
    let answer = post_to(PLENTY, async |mut stream| {
        read_request(&mut stream).await;
        stream.set_zero_linger().unwrap();
    })
    .await;
    assert!(matches!(answer, Err(EgressError::Broken(_))), "{answer:?}");
}

#[tokio::test]
async fn an_answer_that_breaks_off_is_none() {
    for broken in ["", "SSH-2.0-OpenSSH_9.2\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf"] {
        let answer = post_answered_by(broken).await;
        assert!(matches!(answer, Err(EgressError::Broken(_))), "{broken}: {answer:?}");
    }
}

#[tokio::test]
async fn where_the_status_says_everything_the_body_may_break_off_and_the_head_may_not() {
    let (listener, address) = listen().await;
    for (sent, expected) in [
        ("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf", Some((200, "half", true))),
        ("HTTP/1.1 204 No Content\r\n\r\n", Some((204, "", false))),
        ("HTTP/1.1 200 OK\r\nContent-Le", None),
    ] {
        let endpoint = async {
            let mut stream = accept(&listener).await;
            read_request(&mut stream).await;
            stream.write_all(sent.as_bytes()).await.unwrap();
        };
        let request = OutboundRequest { needs_all: false, ..post(&format!("http://{address}/"), PLENTY) };
        let (answer, ()) = tokio::join!(async { egress(LOCAL).send(request).await }, endpoint);
        let answer = answer.ok();
        let told = answer.as_ref().map(|answer| (answer.status, answer.body.as_str(), answer.cut));
        assert_eq!(told, expected, "{sent}");
    }
}

#[tokio::test]
async fn every_request_has_a_connection_of_its_own() {
    let (listener, address) = listen().await;
    let egress = egress(LOCAL);
    let url = format!("http://{address}/");
    let mut kept_open = Vec::new();
    for _ in 0..2 {
        let endpoint = async {
            let mut stream = accept(&listener).await;
            read_request(&mut stream).await;
            stream.write_all(b"HTTP/1.1 204 No Content\r\n\r\n").await.unwrap();
            stream
        };
        let (answer, stream) = tokio::join!(egress.send(post(&url, PLENTY)), endpoint);
        assert_eq!(answer.unwrap().status, 204);
        kept_open.push(stream);
    }
}

#[tokio::test]
async fn a_port_where_nobody_listens_is_a_failure_to_connect() {
    let (_bound, address) = bind_without_listening();
    let answer = egress(LOCAL).send(post(&format!("http://{address}/"), PLENTY)).await;
    assert!(matches!(answer, Err(EgressError::Connect(_))), "{answer:?}");
}

#[tokio::test]
async fn plain_http_and_loopback_are_refused_where_they_are_not_allowed() {
    let (listener, address) = listen().await;
    for url in [format!("http://{address}/"), format!("https://{address}/"), "https://[::1]:9000/".to_owned()] {
        let answer = egress(DEPLOYED).send(post(&url, PLENTY)).await;
        assert!(matches!(answer, Err(EgressError::Refused(_))), "{url}: {answer:?}");
    }
    assert!(listener.accept().now_or_never().is_none());
}

#[tokio::test]
async fn a_name_that_means_a_private_address_is_refused_when_connecting_and_when_registering() {
    for addresses in [
        ["10.0.0.8"].as_slice(),
        &["127.0.0.1"],
        &["169.254.169.254"],
        &["::1"],
        &["fd00:ec2::254"],
        &["::ffff:10.0.0.8"],
        &["8.8.8.8", "192.168.1.1"],
        &["2606:4700:4700::1111", "127.0.0.1"],
    ] {
        let egress = egress_where_names_mean(DEPLOYED, addresses);
        let answer = egress.send(post("https://hooks.example.com/", PLENTY)).await;
        assert!(matches!(answer, Err(EgressError::Refused(UrlError::NotPublic(_)))), "{addresses:?}: {answer:?}");
        let checked = egress.check_url("https://hooks.example.com/").await;
        assert!(matches!(checked, Err(UrlError::NotPublic(_))), "{addresses:?}: {checked:?}");
    }
}

#[tokio::test]
async fn the_address_connected_to_is_the_one_that_was_looked_up() {
    let (listener, address) = listen().await;
    let egress = egress_where_names_mean(LOCAL, &["127.0.0.1"]);
    let endpoint = async {
        let mut stream = accept(&listener).await;
        let request = read_request(&mut stream).await;
        stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n").await.unwrap();
        request
    };
    let url = format!("http://hooks.example.com:{}/", address.port());
    let (answer, request) = tokio::join!(egress.send(post(&url, PLENTY)), endpoint);
    assert_eq!(answer.unwrap().status, 200);
    assert!(request.contains(&format!("\r\nhost: hooks.example.com:{}\r\n", address.port())), "{request}");
}

#[tokio::test]
async fn a_name_without_an_address_is_told_from_a_refused_one() {
    let nowhere = lookup(|| Err(io::Error::new(io::ErrorKind::NotFound, "no such host")));
    let silent = lookup(|| Ok(Vec::new()));
    for lookup in [nowhere, silent] {
        let egress = Egress::with(Guard::Clients(DEPLOYED), lookup, RootCertStore::empty()).unwrap();
        let answer = egress.send(post("https://hooks.example.com/", PLENTY)).await;
        assert!(matches!(answer, Err(EgressError::Dns(_))), "{answer:?}");
        let checked = egress.check_url("https://hooks.example.com/").await;
        assert!(matches!(checked, Err(UrlError::Unresolved(_))), "{checked:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_look_up_that_hangs_is_given_up_before_anything_is_sent() {
    let hanging: Lookup = Arc::new(|_| std::future::pending().boxed());
    let egress = Egress::with(Guard::Clients(DEPLOYED), hanging, RootCertStore::empty()).unwrap();
    let answer = egress.send(post("https://hooks.example.com/", super::WEBHOOK_TIMEOUT)).await;
    assert!(matches!(answer, Err(EgressError::Connect(_))), "{answer:?}");
    let checked = egress.check_url("https://hooks.example.com/").await;
    assert!(matches!(checked, Err(UrlError::Unresolved(_))), "{checked:?}");
}

#[tokio::test]
async fn a_public_url_is_registered_as_it_is() {
    let egress = egress_where_names_mean(DEPLOYED, &["8.8.8.8", "2606:4700:4700::1111"]);
    let url = egress.check_url("https://hooks.example.com/a?b=c").await.unwrap();
    assert_eq!(url.as_str(), "https://hooks.example.com/a?b=c");
}

#[tokio::test(start_paused = true)]
async fn a_function_stands_in_for_the_network_under_the_same_guard() {
    let egress = Egress::through(
        DEPLOYED,
        Arc::new(|request: OutboundRequest| {
            async move {
                if request.url.path() == "/silence" {
                    std::future::pending::<()>().await;
                }
                Ok(Answer { status: 202, retry_after: None, body: request.url.path().to_owned(), cut: false })
            }
            .boxed()
        }),
    );
    let answer = egress.send(post("https://hooks.example.com/a", PLENTY)).await.unwrap();
    assert_eq!((answer.status, answer.body.as_str()), (202, "/a"));
    let little = OutboundRequest { keep_bytes: 1, ..post("https://hooks.example.com/a", PLENTY) };
    let answer = egress.send(little).await.unwrap();
    assert_eq!((answer.body.as_str(), answer.cut), ("/", true));
    let answer = egress.send(post("https://hooks.example.com/silence", PLENTY)).await;
    assert!(matches!(answer, Err(EgressError::Timeout)), "{answer:?}");
    let answer = egress.send(post("http://hooks.example.com/a", PLENTY)).await;
    assert!(matches!(answer, Err(EgressError::Refused(UrlError::NotHttps))), "{answer:?}");
    assert!(egress.check_url("https://hooks.example.com/").await.is_ok());
    assert!(egress.check_url("https://10.0.0.8/").await.is_err());
}

#[tokio::test]
async fn neither_an_error_nor_a_debug_tells_a_path_or_a_body() {
    let request = post("https://hooks.example.com/token-4711", PLENTY);
    assert_eq!(format!("{request:?}"), "POST hooks.example.com (24 bytes)");
    let (_bound, address) = bind_without_listening();
    let error = egress(LOCAL).send(post(&format!("http://{address}/token-4711"), PLENTY)).await.unwrap_err();
    assert!(!format!("{error:?}").contains("token-4711"), "{error:?}");
}
