use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::thread;
use std::time::Duration;

use aws_smithy_runtime_api::client::http::HttpConnector;
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_types::body::SdkBody;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

use super::Connector;

/// Posts a request to this address.
async fn posted(to: &str) -> Result<HttpResponse, ConnectorError> {
    posted_by(&Connector::new(), to).await
}

async fn posted_by(connector: &Connector, to: &str) -> Result<HttpResponse, ConnectorError> {
    let mut request = HttpRequest::new(SdkBody::from(r#"{"TableName":"t"}"#));
    request.set_method("POST").unwrap();
    request.set_uri(format!("http://{to}/")).unwrap();
    request.headers_mut().insert("x-amz-target", "DynamoDB_20120810.BatchGetItem");
    connector.call(request).await
}

/// Posts a request to a server that answers with these bytes. Also returns the request as the server received it.
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
    let (answer, asked) = answered(b"HTTP/1.1 400 Bad\r\nx-amzn-requestid: R1\r\ncontent-length: 4\r\n\r\n{  }").await;
    let answer = answer.unwrap();
    assert_eq!((answer.status().as_u16(), answer.headers().get("x-amzn-requestid")), (400, Some("R1")));
    assert_eq!(answer.body().bytes(), Some(&b"{  }"[..]));
    assert!(asked.starts_with("POST / HTTP/1.1\r\n"), "{asked}");
    assert!(asked.contains("\r\nhost: 127.0.0.1:"), "{asked}");
    assert!(asked.contains("\r\nuser-agent: Ringdown/"), "{asked}");
    assert!(asked.contains("x-amz-target: DynamoDB_20120810.BatchGetItem\r\n"), "{asked}");
    assert!(asked.ends_with("\r\n\r\n{\"TableName\":\"t\"}"), "{asked}");
}

#[tokio::test]
async fn what_fails_on_the_way_may_be_sent_again() {
    let (answer, _) = answered(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{").await;
    assert!(answer.is_err_and(|error| error.is_io()), "half of an answer");
    let (answer, _) = answered(b"").await;
    assert!(answer.is_err_and(|error| error.is_io()), "no answer");
    let (answer, _) = answered(b"SSH-2.0-OpenSSH_9.6\r\n").await;
    assert!(
        answer.is_err_and(|error| !error.is_io() && !error.is_timeout()),
        "an answer that is none, which is no help again"
    );
    let nobody = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
    assert!(posted(&nobody).await.is_err_and(|error| error.is_io()), "nobody there");
}

/// Serves one connection after the other, each with the given number of answers. Reports each closed connection.
fn serving(answers: &'static [usize]) -> (String, UnboundedReceiver<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let (closing, closed) = unbounded_channel();
    thread::spawn(move || {
        for answers in answers {
            let (mut stream, _) = listener.accept().unwrap();
            for _ in 0..*answers {
                answer(&mut stream);
            }
            drop(stream);
            closing.send(()).unwrap();
        }
    });
    (address, closed)
}

#[tokio::test]
async fn a_connection_is_kept_and_where_it_was_closed_a_new_one_is_made() {
    let (address, mut closed) = serving(&[3, 1, 2]);
    let connector = Connector::new();
    for requests in [3, 1, 2] {
        for _ in 0..requests {
            let answer = posted_by(&connector, &address).await.unwrap();
            assert_eq!(answer.body().bytes(), Some(&b"{}"[..]));
        }
        closed.recv().await.unwrap();
    }
}

/// Accepts two connections and answers once on each, then once on a third. Later requests on the first two are never
/// answered.
fn falling_silent() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    thread::spawn(move || {
        let mut streams: Vec<TcpStream> = (0..2).map(|_| listener.accept().unwrap().0).collect();
        streams.iter_mut().for_each(answer);
        streams.push(listener.accept().unwrap().0);
        answer(&mut streams[2]);
        // Blocks until the test is over.
        listener.accept().ok();
    });
    address
}

fn answer(stream: &mut TcpStream) {
    let mut asked = Vec::new();
    while !asked.ends_with(b"}") {
        let mut chunk = [0; 1_024];
        let read = stream.read(&mut chunk).unwrap();
        assert_ne!(read, 0, "a connection ended early");
        asked.extend_from_slice(&chunk[..read]);
    }
    stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}").unwrap();
}

#[tokio::test]
async fn where_a_kept_connection_leads_nowhere_none_that_was_kept_is_tried_again() {
    let address = falling_silent();
    let connector = Connector::new();
    let (one, other) = tokio::join!(posted_by(&connector, &address), posted_by(&connector, &address));
    assert_eq!((one.unwrap().status().as_u16(), other.unwrap().status().as_u16()), (200, 200));
    let unanswered = tokio::time::timeout(Duration::from_millis(50), posted_by(&connector, &address)).await;
    assert!(unanswered.is_err(), "nobody answers over the first two");
    assert_eq!(posted_by(&connector, &address).await.unwrap().status().as_u16(), 200, "over a new one");
}

#[tokio::test]
async fn a_connection_is_for_whom_it_was_made_to() {
    let ((one, mut first), (other, mut second)) = (serving(&[2]), serving(&[2]));
    let connector = Connector::new();
    for _ in 0..2 {
        let (answer, another) = tokio::join!(posted_by(&connector, &one), posted_by(&connector, &other));
        assert_eq!((answer.unwrap().status().as_u16(), another.unwrap().status().as_u16()), (200, 200));
    }
    tokio::join!(first.recv(), second.recv());
}
