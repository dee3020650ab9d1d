//! Fake of an AWS service over HTTP on this machine, which records its requests.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

/// Request to the fake.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    /// Method and path.
    pub(crate) line: String,
    head: String,
    /// Body of the request.
    pub(crate) body: String,
}

/// Answer of the fake: status, headers, body.
pub(crate) type Answer = (u16, &'static str, String);

/// Server that runs as long as the test does.
pub(crate) struct Fake {
    /// Address of the server.
    pub(crate) url: String,
    asked: Arc<Mutex<Vec<Asked>>>,
}

impl Asked {
    /// Returns the value of a header.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let headers = self.head.lines().filter_map(|line| line.split_once(':'));
        headers.filter(|(given, _)| given.eq_ignore_ascii_case(name)).map(|(_, value)| value.trim()).next()
    }

    /// Returns the access key of the signature, and the session's token.
    pub(crate) fn signed_by(&self) -> (&str, Option<&str>) {
        let signature = self.header("authorization").unwrap_or_default();
        let key = signature.split("Credential=").nth(1).and_then(|rest| rest.split('/').next());
        (key.unwrap_or_default(), self.header("x-amz-security-token"))
    }

    /// Returns the region of the signature.
    pub(crate) fn region(&self) -> &str {
        self.header("authorization").and_then(|signature| signature.split('/').nth(2)).unwrap_or_default()
    }

    fn read(stream: &mut TcpStream) -> Option<Self> {
        let mut bytes = Vec::new();
        let mut chunk = [0; 4_096];
        loop {
            let text = String::from_utf8_lossy(&bytes).into_owned();
            if let Some((head, body)) = text.split_once("\r\n\r\n") {
                let asked = Self {
                    line: head.lines().next()?.trim_end_matches(" HTTP/1.1").to_owned(),
                    head: head.to_owned(),
                    body: body.to_owned(),
                };
                let length = asked.header("content-length").and_then(|length| length.parse().ok()).unwrap_or(0);
                if asked.body.len() >= length {
                    return Some(asked);
                }
            }
            match stream.read(&mut chunk).ok()? {
                0 => return None,
                read => bytes.extend_from_slice(&chunk[..read]),
            }
        }
    }
}

impl Fake {
    /// Starts a server that answers by this function. Every connection is closed behind its answer.
    pub(crate) fn new(answer: impl Fn(&Asked) -> Answer + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let asked = Arc::<Mutex<Vec<Asked>>>::default();
        let told = Arc::clone(&asked);
        thread::spawn(move || {
            for mut stream in listener.incoming().flatten() {
                let Some(request) = Asked::read(&mut stream) else { continue };
                let (status, headers, body) = answer(&request);
                told.lock().expect("the list").push(request);
                let length = body.len();
                let head =
                    format!("HTTP/1.1 {status} -\r\ncontent-length: {length}\r\nconnection: close\r\n{headers}\r\n");
                // The client may have given up.
                drop(stream.write_all(format!("{head}{body}").as_bytes()));
            }
        });
        Self { url, asked }
    }

    /// Returns the requests so far.
    pub(crate) fn asked(&self) -> Vec<Asked> {
        self.asked.lock().expect("the list").clone()
    }
}
