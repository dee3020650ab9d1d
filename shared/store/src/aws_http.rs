//! The HTTP client under the SDK: the one that everything else goes through too, with connections that are kept.
//!
//! The SDK's own client speaks HTTP/2, which neither DynamoDB nor SQS does, and takes roots as PEM only: putting Mozilla's into
//! it cost a cold start seven times the instructions of everything else together, and the artifact a megabyte.

use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::body::SdkBody;
use rustls::{ClientConfig, RootCertStore};

/// How long a connection may take to come about.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(1);

type Cause = Box<dyn Error + Send + Sync>;

/// The client. Clones share their connections.
#[derive(Clone, Debug)]
pub(crate) struct Connector {
    /// The client, or why there is none: then every request fails, and says so.
    client: Result<reqwest::Client, Arc<str>>,
}

impl Connector {
    /// A client that trusts Mozilla's roots, compiled in: reading the machine's takes milliseconds of a cold start.
    pub(crate) fn new() -> Self {
        Self { client: client().map_err(|error| error.to_string().into()) }
    }
}

fn client() -> Result<reqwest::Client, Cause> {
    let roots = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
    let mut tls = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth();
    tls.alpn_protocols = vec![b"http/1.1".to_vec()];
    let client = reqwest::Client::builder()
        .tls_backend_preconfigured(tls)
        .redirect(reqwest::redirect::Policy::none())
        // What is sent again is the SDK's to decide.
        .retry(reqwest::retry::never())
        .referer(false)
        .connect_timeout(CONNECT_TIMEOUT)
        .no_proxy();
    Ok(client.build()?)
}

impl HttpConnector for Connector {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        match &self.client {
            Ok(client) => {
                let client = client.clone();
                HttpConnectorFuture::new(async move { exchange(&client, request).await })
            }
            Err(why) => HttpConnectorFuture::ready(Err(ConnectorError::user(why.to_string().into()))),
        }
    }
}

/// Whatever the settings: how long an attempt may take as a whole is the SDK's to keep.
impl HttpClient for Connector {
    fn http_connector(
        &self,
        _settings: &HttpConnectorSettings,
        _components: &RuntimeComponents,
    ) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }
}

async fn exchange(client: &reqwest::Client, request: HttpRequest) -> Result<HttpResponse, ConnectorError> {
    let (parts, body) = request.try_into_http1x().map_err(|error| ConnectorError::user(error.into()))?.into_parts();
    let url: reqwest::Url =
        parts.uri.to_string().parse().map_err(|error: url::ParseError| ConnectorError::user(error.into()))?;
    // Both services are asked in JSON, which the SDK holds in memory.
    let body = body.bytes().map(<[u8]>::to_vec).ok_or_else(|| ConnectorError::user("a body that streams".into()))?;
    let asked = client.request(parts.method, url).headers(parts.headers).body(body);
    let mut answer = asked.send().await.map_err(failed)?;
    let (status, headers) = (answer.status(), std::mem::take(answer.headers_mut()));
    let body = answer.bytes().await.map_err(failed)?;
    let mut response = HttpResponse::new(status.into(), SdkBody::from(body));
    for (name, value) in &headers {
        if let Ok(value) = value.to_str() {
            let (name, value) = (name.as_str().to_owned(), value.to_owned());
            response
                .headers_mut()
                .try_append(name, value)
                .map_err(|error| ConnectorError::other(error.into(), None))?;
        }
    }
    Ok(response)
}

/// What went wrong, as the SDK tells apart what may be sent again: all of it, as it tells its own client's failures.
fn failed(error: reqwest::Error) -> ConnectorError {
    match (error.is_timeout(), error.is_connect()) {
        (true, false) => ConnectorError::timeout(error.into()),
        (_, true) => ConnectorError::io(error.into()).never_connected(),
        (false, false) => ConnectorError::io(error.into()),
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};
    use std::net::TcpListener;
    use std::thread;

    use aws_smithy_runtime_api::client::http::HttpConnector;
    use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
    use aws_smithy_runtime_api::client::result::ConnectorError;
    use aws_smithy_types::body::SdkBody;

    use super::Connector;

    /// Posts to whoever listens there.
    async fn posted(to: &str) -> Result<HttpResponse, ConnectorError> {
        let mut request = HttpRequest::new(SdkBody::from(r#"{"TableName":"t"}"#));
        request.set_method("POST").unwrap();
        request.set_uri(format!("http://{to}/")).unwrap();
        request.headers_mut().insert("x-amz-target", "DynamoDB_20120810.BatchGetItem");
        Connector::new().call(request).await
    }

    /// Posts to a server that answers with these bytes; gives what it was sent, too.
    async fn answered(bytes: &'static [u8]) -> (Result<HttpResponse, ConnectorError>, String) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let server = thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let mut asked = Vec::new();
            while !asked.ends_with(b"}") {
                let mut chunk = [0; 1_024];
                let read = stream.read(&mut chunk).unwrap();
                asked.extend_from_slice(&chunk[..read]);
            }
            stream.write_all(bytes).unwrap();
            String::from_utf8(asked).unwrap()
        });
        let answer = posted(&address).await;
        (answer, server.join().unwrap())
    }

    #[tokio::test]
    async fn a_request_goes_out_as_it_is_and_its_answer_comes_back_whatever_its_status() {
        let (answer, asked) =
            answered(b"HTTP/1.1 400 Bad\r\nx-amzn-requestid: R1\r\ncontent-length: 4\r\n\r\n{  }").await;
        let answer = answer.unwrap();
        assert_eq!((answer.status().as_u16(), answer.headers().get("x-amzn-requestid")), (400, Some("R1")));
        assert_eq!(answer.body().bytes(), Some(&b"{  }"[..]));
        assert!(asked.starts_with("POST / HTTP/1.1\r\n"), "{asked}");
        assert!(asked.contains("x-amz-target: DynamoDB_20120810.BatchGetItem\r\n"), "{asked}");
        assert!(asked.ends_with("\r\n\r\n{\"TableName\":\"t\"}"), "{asked}");
    }

    #[tokio::test]
    async fn what_fails_on_the_way_may_be_sent_again() {
        let (answer, _) = answered(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{").await;
        assert!(answer.is_err_and(|error| error.is_io()), "half of an answer");
        let (answer, _) = answered(b"").await;
        assert!(answer.is_err_and(|error| error.is_io()), "no answer");
        let nobody = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
        assert!(posted(&nobody).await.is_err_and(|error| error.is_io()), "nobody there");
    }
}
