//! Test endpoint on the loopback address. It speaks in raw bytes, so that it can break off anywhere.

use std::net::Ipv4Addr;

use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use url::Url;

use crate::egress::{Egress, EgressPolicy};

/// Request as it arrived at the endpoint.
#[derive(Clone, Debug)]
pub(crate) struct Arrived {
    head: String,
    /// Bytes of the body.
    pub(crate) body: Vec<u8>,
}

impl Arrived {
    /// Returns the request line.
    pub(crate) fn line(&self) -> &str {
        self.head.lines().next().unwrap_or_default()
    }

    /// Returns the value of a header. It is empty if the header is missing.
    pub(crate) fn header(&self, name: &str) -> &str {
        let mut headers = self.head.lines().filter_map(|line| line.split_once(": "));
        headers.find(|(other, _)| other.eq_ignore_ascii_case(name)).map_or("", |(_, value)| value)
    }

    /// Parses the body as JSON.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }
}

/// Creates an HTTP client that may connect to the loopback address.
pub(crate) fn local_egress() -> Egress {
    Egress::new(EgressPolicy { allow_insecure: true }).unwrap()
}

/// Starts an endpoint, and returns it with its URL.
pub(crate) async fn listen() -> (TcpListener, Url) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    (listener, url.parse().unwrap())
}

/// Waits for a request, and reads all of it.
pub(crate) async fn arrived(listener: &TcpListener) -> (TcpStream, Arrived) {
    let (mut stream, _) = listener.accept().await.unwrap();
    let mut bytes = Vec::new();
    loop {
        stream.read_buf(&mut bytes).await.unwrap();
        let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") else { continue };
        let head = String::from_utf8(bytes[..end].to_vec()).unwrap();
        let arrived = Arrived { head, body: bytes[end + 4..].to_vec() };
        if arrived.header("content-length") == arrived.body.len().to_string() {
            return (stream, arrived);
        }
    }
}

/// Waits for a request, answers it with these bytes, and closes the connection.
pub(crate) async fn answer(listener: &TcpListener, bytes: &[u8]) -> Arrived {
    let (mut stream, arrived) = arrived(listener).await;
    stream.write_all(bytes).await.unwrap();
    arrived
}

/// Builds an HTTP answer. `header` is empty, or complete header lines.
pub(crate) fn http(status: u16, header: &str, body: &str) -> Vec<u8> {
    format!("HTTP/1.1 {status} Any\r\n{header}Content-Length: {}\r\n\r\n{body}", body.len()).into_bytes()
}
