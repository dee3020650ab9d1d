//! Loopback server that speaks HTTP in raw bytes. It takes one request per connection, so it can break off at any
//! point.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;
use std::sync::Arc;

use futures::future::BoxFuture;
use providers::egress::{Answer, EgressError, OutboundRequest, RetryAfter};
use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{AbortHandle, JoinSet};

/// Request as it arrived.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    pub(crate) method: String,
    /// Path without the query.
    pub(crate) path: String,
    query: BTreeMap<String, String>,
    headers: BTreeMap<String, String>,
    pub(crate) body: Vec<u8>,
}

impl Asked {
    /// Converts a request that was not sent over a socket.
    pub(crate) fn of(request: &OutboundRequest) -> Self {
        let text = |value: &http::HeaderValue| value.to_str().unwrap_or_default().to_owned();
        let headers = request.headers.iter().map(|(name, value)| (name.as_str().to_owned(), text(value)));
        Self {
            method: request.method.to_string(),
            path: request.url.path().to_owned(),
            query: request.url.query_pairs().into_owned().collect(),
            headers: headers.collect(),
            body: request.body.clone(),
        }
    }

    /// Creates a request without query, headers and body.
    pub(crate) fn to(method: &str, path: &str) -> Self {
        let (query, headers) = (BTreeMap::new(), BTreeMap::new());
        Self { method: method.to_owned(), path: path.to_owned(), query, headers, body: Vec::new() }
    }

    /// Returns a parameter of the query.
    pub(crate) fn query(&self, name: &str) -> Option<&str> {
        self.query.get(name).map(String::as_str)
    }

    /// Returns the segments of the path, decoded.
    pub(crate) fn segments(&self) -> Vec<String> {
        self.path.trim_matches('/').split('/').map(|segment| segment.replace("%3A", ":")).collect()
    }

    /// Parses the body as a form and returns it as an object. A repeated name has an array.
    pub(crate) fn form(&self) -> Value {
        let mut form = serde_json::Map::new();
        for (name, value) in url::form_urlencoded::parse(&self.body) {
            let value = Value::from(value.into_owned());
            match form.get_mut(name.as_ref()) {
                None => drop(form.insert(name.into_owned(), value)),
                Some(Value::Array(values)) => values.push(value),
                Some(one) => *one = Value::Array(vec![one.clone(), value]),
            }
        }
        Value::Object(form)
    }

    /// Returns the value of a header. The value is empty if the header is missing.
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", String::as_str)
    }

    /// Parses the body as JSON. Returns null if it is none.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }
}

/// Reaction of the server to a request.
#[derive(Clone, Debug)]
pub(crate) enum Reaction {
    /// The server answers.
    Answer { status: u16, header: Option<(&'static str, String)>, body: String },
    /// The server answers, and breaks off in the middle of the body.
    Half { status: u16, body: String },
    /// The server begins to answer, and never goes on.
    Stalls { status: u16, body: String },
    /// The server closes the connection without an answer.
    Close,
    /// The server resets the connection.
    Reset,
    /// The server never answers.
    Silence,
}

impl Reaction {
    pub(crate) fn json(status: u16, body: &Value) -> Self {
        Self::Answer { status, header: None, body: body.to_string() }
    }

    /// Returns the result that the program sees if no socket is used.
    pub(crate) async fn without_a_socket(self) -> Result<Answer, EgressError> {
        match self {
            Self::Answer { status, header, body } => {
                let wait = header.filter(|(name, _)| *name == "Retry-After").map(|(_, value)| value);
                let retry_after = wait.as_deref().and_then(RetryAfter::parse);
                Ok(Answer { status, retry_after, body, cut: false })
            }
            Self::Half { .. } | Self::Close | Self::Reset => {
                Err(EgressError::Broken("the connection was closed".into()))
            }
            Self::Silence | Self::Stalls { .. } => futures::future::pending().await,
        }
    }

    /// Creates an answer with a body that need not be JSON.
    pub(crate) fn text(status: u16, body: &str) -> Self {
        Self::Answer { status, header: None, body: body.to_owned() }
    }

    /// Creates an answer with a header.
    pub(crate) fn with_header(status: u16, name: &'static str, value: &str, body: &str) -> Self {
        Self::Answer { status, header: Some((name, value.to_owned())), body: body.to_owned() }
    }

    pub(crate) fn empty(status: u16) -> Self {
        Self::Answer { status, header: None, body: String::new() }
    }
}

/// Function that decides about a request.
pub(crate) type Responder = Arc<dyn Fn(Asked) -> BoxFuture<'static, Reaction> + Send + Sync>;

/// Running server. It stops when it is dropped.
#[derive(Debug)]
pub(crate) struct Server {
    pub(crate) url: String,
    accepting: AbortHandle,
}

impl Drop for Server {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

impl Server {
    pub(crate) async fn start(responder: Responder) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("there is a free port");
        let url = format!("http://{}", listener.local_addr().expect("it is bound"));
        let accepting = tokio::spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                let responder = Arc::clone(&responder);
                connections.spawn(async move { serve(stream, &responder).await });
                while connections.try_join_next().is_some() {}
            }
        });
        Self { url, accepting: accepting.abort_handle() }
    }
}

async fn serve(mut stream: TcpStream, responder: &Responder) {
    let Some(asked) = read(&mut stream).await else { return };
    let sent = match responder(asked).await {
        Reaction::Answer { status, header, body } => {
            let header = header.map(|(name, value)| format!("{name}: {value}\r\n")).unwrap_or_default();
            stream.write_all(&answer(status, &header, &body, body.len())).await
        }
        Reaction::Half { status, body } => stream.write_all(&answer(status, "", &body, body.len() * 2)).await,
        Reaction::Stalls { status, body } => {
            let begun = stream.write_all(&answer(status, "", &body, body.len() * 2)).await;
            stream.read(&mut [0]).await.map(drop).ok();
            begun
        }
        Reaction::Close => Ok(()),
        Reaction::Reset => stream.set_zero_linger(),
        // Until the client closes the connection.
        Reaction::Silence => stream.read(&mut [0]).await.map(drop),
    };
    // The client may have gone away already.
    sent.ok();
}

fn answer(status: u16, header: &str, body: &str, length: usize) -> Vec<u8> {
    let head =
        format!("HTTP/1.1 {status} Any\r\nContent-Type: application/json\r\n{header}Content-Length: {length}\r\n");
    format!("{head}Connection: close\r\n\r\n{body}").into_bytes()
}

/// Reads a request to its end. Returns `None` if the client breaks off.
async fn read(stream: &mut TcpStream) -> Option<Asked> {
    let mut bytes = Vec::new();
    let (head, begun) = loop {
        if let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
            break (String::from_utf8(bytes[..end].to_vec()).ok()?, end + 4);
        }
        if stream.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
    };
    let headers: BTreeMap<String, String> = head
        .lines()
        .filter_map(|line| line.split_once(": "))
        .map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()))
        .collect();
    let length: usize = headers.get("content-length").and_then(|length| length.parse().ok()).unwrap_or(0);
    while bytes.len() < begun + length {
        if stream.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
    }
    let mut line = head.lines().next()?.split(' ');
    let (method, target) = (line.next()?.to_owned(), line.next()?);
    let target = reqwest::Url::parse(&format!("http://fake{target}")).ok()?;
    let query = target.query_pairs().into_owned().collect();
    Some(Asked { method, path: target.path().to_owned(), query, headers, body: bytes[begun..begun + length].to_vec() })
}
