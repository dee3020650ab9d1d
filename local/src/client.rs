//! Minimal client of the API for the demo and the chat. Each request has a connection of its own.

use std::io;

use http_body_util::{BodyExt, Full};
use hyper::body::Bytes;
use hyper::{Method, Request, header};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::net::TcpStream;

/// Address and key of an API.
#[derive(Debug, Clone)]
pub struct Client {
    authority: String,
    api_key: String,
}

/// Answer of the API.
#[derive(Debug, Clone)]
pub struct Answer {
    /// HTTP status.
    pub status: u16,
    /// JSON body, or null if it is no JSON.
    pub body: Value,
}

impl Client {
    /// Creates a client of the API at this URL.
    pub fn new(url: &str, api_key: &str) -> Self {
        Self { authority: url.trim_start_matches("http://").to_owned(), api_key: api_key.to_owned() }
    }

    /// Sends a GET request.
    ///
    /// # Errors
    /// An I/O error if no answer was received.
    pub async fn get(&self, path: &str) -> io::Result<Answer> {
        self.send(self.request(Method::GET, path).body(Full::default())).await
    }

    /// Sends JSON in a POST request with an idempotency key.
    ///
    /// # Errors
    /// An I/O error if no answer was received.
    pub async fn post(&self, path: &str, idempotency_key: &str, body: &Value) -> io::Result<Answer> {
        let request = self.request(Method::POST, path).header("idempotency-key", idempotency_key);
        let request = request.header(header::CONTENT_TYPE, "application/json");
        self.send(request.body(Full::from(body.to_string()))).await
    }

    fn request(&self, method: Method, path: &str) -> hyper::http::request::Builder {
        let request = Request::builder().method(method).uri(path).header(header::HOST, &self.authority);
        request.header(header::AUTHORIZATION, format!("Bearer {}", self.api_key))
    }

    async fn send(&self, request: Result<Request<Full<Bytes>>, hyper::http::Error>) -> io::Result<Answer> {
        let request = request.map_err(|error| io::Error::new(io::ErrorKind::InvalidInput, error))?;
        let stream = TcpStream::connect(&self.authority).await?;
        let handshake = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await;
        let (mut sender, connection) = handshake.map_err(io::Error::other)?;
        let exchange = async {
            let answer = sender.send_request(request).await?;
            let status = answer.status().as_u16();
            let body = answer.into_body().collect().await?.to_bytes();
            Ok::<_, hyper::Error>(Answer { status, body: serde_json::from_slice(&body).unwrap_or_default() })
        };
        // The connection future moves the bytes. Its errors also appear in the exchange.
        futures::pin_mut!(exchange, connection);
        match futures::future::select(exchange, connection).await {
            futures::future::Either::Left((answer, _)) => answer.map_err(io::Error::other),
            futures::future::Either::Right((_, exchange)) => exchange.await.map_err(io::Error::other),
        }
    }
}
