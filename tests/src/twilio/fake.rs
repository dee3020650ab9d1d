//! A fake of Twilio that remembers its calls and messages and speaks the wire protocol of its REST API: over HTTP on the
//! loopback address, and without a socket in virtual time. It refuses what the real one would, and can fail as it does.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use providers::egress::{Answer, EgressError, OutboundRequest, RetryAfter};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use url::form_urlencoded;

use crate::sim::clock::VirtualClock;

/// The account.
pub(super) const ACCOUNT: &str = "AC00000000000000000000000000000001";
/// Its auth token.
pub(super) const TOKEN: &str = "the-auth-token";

/// The parameters of `POST Calls.json` that we may send, by twilio-oai's `twilio_api_v2010`.
const CALL_PARAMETERS: [&str; 19] = [
    "To",
    "From",
    "Url",
    "Method",
    "StatusCallback",
    "StatusCallbackMethod",
    "StatusCallbackEvent",
    "Timeout",
    "TimeLimit",
    "MachineDetection",
    "AsyncAmd",
    "AsyncAmdStatusCallback",
    "AsyncAmdStatusCallbackMethod",
    "Record",
    "RecordingStatusCallback",
    "RecordingStatusCallbackMethod",
    "RecordingStatusCallbackEvent",
    "RecordingChannels",
    "CallReason",
];
/// Those of `POST Messages.json`.
const MESSAGE_PARAMETERS: [&str; 4] = ["To", "From", "Body", "StatusCallback"];

/// How the next request for a call or a text goes wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// It never arrives, and no answer comes.
    HangsBefore,
    /// It is carried out, and no answer comes.
    HangsAfter,
    /// The connection is reset before it is read. (Whoever sent it cannot know.)
    ResetBefore,
    /// It is carried out, and the connection is reset.
    ResetAfter,
    /// It is answered with this status, header and body, and not carried out.
    Answers(u16, &'static str, &'static str),
    /// It is carried out, and half of the answer comes.
    HalfAnswer,
    /// It is carried out, and the answer is a page of HTML.
    Html,
}

/// A form's fields.
pub(super) type Fields = Vec<(String, String)>;

/// A call, or a message, that was asked for.
#[derive(Clone, Debug)]
pub(super) struct Made {
    pub(super) sid: String,
    pub(super) status: String,
    pub(super) created_ms: i64,
    pub(super) form: Fields,
}

impl Made {
    /// The first field of this name.
    pub(super) fn field(&self, name: &str) -> Option<&str> {
        self.form.iter().find(|(given, _)| given == name).map(|(_, value)| value.as_str())
    }
}

#[derive(Default)]
struct State {
    calls: Vec<Made>,
    messages: Vec<Made>,
    /// What comes of the next requests that make something.
    faults: VecDeque<Fault>,
    /// Every request: method, path without the account, form or query.
    seen: Vec<(String, String, Fields)>,
    recordings: BTreeMap<String, Vec<u8>>,
}

/// What it answers.
#[derive(Clone, Debug)]
pub(super) struct Reply {
    status: u16,
    header: String,
    body: Vec<u8>,
}

/// The fake. Clones are the same.
#[derive(Clone)]
pub(super) struct FakeTwilio {
    state: Arc<Mutex<State>>,
    clock: VirtualClock,
}

fn reply(status: u16, body: &Value) -> Reply {
    Reply { status, header: String::new(), body: body.to_string().into_bytes() }
}

fn refusal(status: u16, code: u32) -> Reply {
    reply(status, &json!({"code": code, "message": "refused", "more_info": "https://example.com", "status": status}))
}

/// A moment as Twilio writes it.
fn rfc2822(at_ms: i64) -> String {
    let at = domain::time::Timestamp::from_milliseconds(at_ms).to_string();
    let (date, time) = at.split_once('T').unwrap();
    let mut parts = date.split('-');
    let (year, month, day) = (parts.next().unwrap(), parts.next().unwrap(), parts.next().unwrap());
    let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let month = months[month.parse::<usize>().unwrap() - 1];
    format!("{day} {month} {year} {} +0000", &time[..8])
}

fn decoded(text: &[u8]) -> Fields {
    form_urlencoded::parse(text).map(|(name, value)| (name.into_owned(), value.into_owned())).collect()
}

impl FakeTwilio {
    pub(super) fn new(clock: VirtualClock) -> Self {
        Self { state: Arc::default(), clock }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    /// Says how the next requests that make something go wrong, one each.
    pub(super) fn fails(&self, faults: impl IntoIterator<Item = Fault>) {
        self.state().faults.extend(faults);
    }

    /// The calls that were made.
    pub(super) fn calls(&self) -> Vec<Made> {
        self.state().calls.clone()
    }

    /// The messages that were made.
    pub(super) fn messages(&self) -> Vec<Made> {
        self.state().messages.clone()
    }

    /// How often this was asked for.
    pub(super) fn asked(&self, method: &str, path: &str) -> usize {
        let state = self.state();
        state.seen.iter().filter(|(given, to, _)| given == method && to.starts_with(path)).count()
    }

    /// Puts a call into another state.
    pub(super) fn call_becomes(&self, sid: &str, status: &str) {
        let mut state = self.state();
        let call = state.calls.iter_mut().find(|call| call.sid == sid).expect("there is such a call");
        call.status = status.to_owned();
    }

    /// Keeps a recording.
    pub(super) fn keeps_recording(&self, sid: &str, bytes: &[u8]) {
        self.state().recordings.insert(sid.to_owned(), bytes.to_vec());
    }

    /// Somebody else's call between the same numbers as the one that was made last.
    pub(super) fn somebody_calls_too(&self) {
        let mut state = self.state();
        let last = state.calls.last().cloned().expect("there is a call");
        let sid = format!("CA{:032}", 900 + state.calls.len());
        state.calls.push(Made { sid, ..last });
    }

    /// What comes of a request: the answer, and whether the connection holds.
    fn takes(&self, method: &str, target: &str, authorization: &str, body: &[u8]) -> Result<Reply, Fault> {
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let expected = format!("Basic {}", STANDARD.encode(format!("{ACCOUNT}:{TOKEN}")));
        let Some(path) = path.strip_prefix(&format!("/2010-04-01/Accounts/{ACCOUNT}/")) else {
            return Ok(refusal(404, 20_404));
        };
        let fields = if method == "POST" { decoded(body) } else { decoded(query.as_bytes()) };
        self.state().seen.push((method.to_owned(), path.to_owned(), fields.clone()));
        if authorization != expected {
            return Ok(refusal(401, 20_003));
        }
        if method == "POST" && matches!(path, "Calls.json" | "Messages.json") {
            return self.makes(path, fields);
        }
        Ok(self.shows(method, path, &fields))
    }

    fn makes(&self, path: &str, fields: Fields) -> Result<Reply, Fault> {
        let fault = self.state().faults.pop_front();
        match &fault {
            Some(Fault::HangsBefore | Fault::ResetBefore) => return Err(fault.unwrap()),
            Some(Fault::Answers(status, header, body)) => {
                let header = if header.is_empty() { String::new() } else { format!("{header}\r\n") };
                return Ok(Reply { status: *status, header, body: body.as_bytes().to_vec() });
            }
            Some(Fault::HangsAfter | Fault::ResetAfter | Fault::HalfAnswer | Fault::Html) | None => {}
        }
        let made = match self.carries_out(path, fields) {
            Ok(made) => made,
            Err(refusal) => return Ok(refusal),
        };
        match fault {
            Some(Fault::Html) => Ok(Reply { status: 201, header: String::new(), body: b"<html>".to_vec() }),
            Some(fault) => Err(fault),
            None => Ok(reply(201, &made)),
        }
    }

    fn carries_out(&self, path: &str, fields: Fields) -> Result<Value, Reply> {
        let known: &[&str] = if path == "Calls.json" { &CALL_PARAMETERS } else { &MESSAGE_PARAMETERS };
        assert!(fields.iter().all(|(name, _)| known.contains(&name.as_str())), "{fields:?}");
        let made =
            Made { sid: String::new(), status: "queued".to_owned(), created_ms: self.clock.now_ms(), form: fields };
        let (to, from) = (made.field("To").unwrap_or_default(), made.field("From").unwrap_or_default());
        let needed = if path == "Calls.json" { "Url" } else { "Body" };
        if to.is_empty() || from.is_empty() || made.field(needed).is_none() {
            return Err(refusal(400, 21_201));
        }
        let mut state = self.state();
        if path == "Calls.json" {
            let call = Made { sid: format!("CA{:032}", state.calls.len() + 1), ..made };
            state.calls.push(call.clone());
            return Ok(call_json(&call));
        }
        let message = Made { sid: format!("SM{:032}", state.messages.len() + 1), ..made };
        state.messages.push(message.clone());
        Ok(message_json(&message))
    }

    fn shows(&self, method: &str, path: &str, fields: &Fields) -> Reply {
        let mut state = self.state();
        let wanted = |made: &&Made| {
            let same =
                |name: &str| fields.iter().all(|(given, value)| given != name || made.field(name) == Some(value));
            same("To") && same("From")
        };
        if path == "Calls.json" {
            let calls: Vec<Value> = state.calls.iter().rev().filter(wanted).map(call_json).collect();
            return reply(200, &json!({"calls": calls, "page": 0, "page_size": 50, "next_page_uri": null}));
        }
        if path == "Messages.json" {
            let messages: Vec<Value> = state.messages.iter().rev().filter(wanted).map(message_json).collect();
            return reply(200, &json!({"messages": messages, "page": 0, "page_size": 50, "next_page_uri": null}));
        }
        if let Some(recording) = path.strip_prefix("Recordings/").and_then(|name| name.strip_suffix(".mp3")) {
            return match state.recordings.get(recording) {
                Some(bytes) => Reply { status: 200, header: String::new(), body: bytes.clone() },
                None => refusal(404, 20_404),
            };
        }
        let sid = path.strip_prefix("Calls/").and_then(|name| name.strip_suffix(".json")).unwrap_or_default();
        let Some(call) = state.calls.iter_mut().find(|call| call.sid == sid) else { return refusal(404, 20_404) };
        let asked = fields.iter().find(|(name, _)| name == "Status").map(|(_, value)| value.as_str());
        let live = matches!(call.status.as_str(), "queued" | "ringing" | "in-progress");
        match (method, asked) {
            ("GET", _) => {}
            ("POST", Some("completed")) if live => "completed".clone_into(&mut call.status),
            ("POST", Some("canceled")) if call.status != "in-progress" && live => {
                "canceled".clone_into(&mut call.status);
            }
            _ => return refusal(400, 21_220),
        }
        reply(200, &call_json(call))
    }

    /// The network, as the program sees it, without a socket.
    pub(super) async fn exchange(self, request: OutboundRequest) -> Result<Answer, EgressError> {
        let target = match request.url.query() {
            Some(query) => format!("{}?{query}", request.url.path()),
            None => request.url.path().to_owned(),
        };
        let authorization = request.headers.get("authorization").and_then(|value| value.to_str().ok());
        match self.takes(request.method.as_str(), &target, authorization.unwrap_or_default(), &request.body) {
            Ok(reply) => {
                let wait = reply.header.strip_prefix("Retry-After: ").map(str::trim);
                let body = String::from_utf8_lossy(&reply.body).into_owned();
                let retry_after = wait.and_then(RetryAfter::parse);
                Ok(Answer { status: reply.status, retry_after, body, cut: false })
            }
            Err(Fault::HangsBefore | Fault::HangsAfter) => {
                tokio::time::sleep(Duration::from_secs(3_600)).await;
                Err(EgressError::Timeout)
            }
            Err(_) => Err(EgressError::Broken("connection reset".into())),
        }
    }

    /// Serves on the loopback address for as long as the test runs; gives the address.
    pub(super) async fn serves(&self) -> url::Url {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/", listener.local_addr().unwrap()).parse().unwrap();
        let fake = self.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(fake.clone().converses(stream));
            }
        });
        url
    }

    async fn converses(self, mut stream: TcpStream) {
        let Some((head, body)) = read_request(&mut stream).await else { return };
        let mut line = head.lines().next().unwrap_or_default().split(' ');
        let (method, target) = (line.next().unwrap_or_default(), line.next().unwrap_or_default());
        let header = |name: &str| {
            let mut headers = head.lines().skip(1).filter_map(|line| line.split_once(": "));
            headers.find(|(given, _)| given.eq_ignore_ascii_case(name)).map_or("", |(_, value)| value)
        };
        if method == "POST" && header("content-type") != "application/x-www-form-urlencoded" {
            return;
        }
        match self.takes(method, target, header("authorization"), &body) {
            Ok(reply) => {
                let Reply { status, header, body } = reply;
                let head = format!("HTTP/1.1 {status} Any\r\n{header}Content-Length: {}\r\n\r\n", body.len());
                let _sent = stream.write_all(&[head.as_bytes(), &body].concat()).await;
            }
            Err(Fault::HalfAnswer) => {
                let half = b"HTTP/1.1 201 Created\r\nContent-Length: 400\r\n\r\n{\"sid\": \"CA0000";
                let _sent = stream.write_all(half).await;
            }
            // What was not read when a connection is closed resets it.
            Err(_) => drop(stream),
        }
    }
}

async fn read_request(stream: &mut TcpStream) -> Option<(String, Vec<u8>)> {
    let mut bytes = Vec::new();
    loop {
        if stream.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
        let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") else { continue };
        let head = String::from_utf8(bytes[..end].to_vec()).ok()?;
        let length = head.lines().find_map(|line| {
            let (name, value) = line.split_once(": ")?;
            name.eq_ignore_ascii_case("content-length").then(|| value.parse::<usize>().ok()).flatten()
        });
        if bytes.len() - end - 4 >= length.unwrap_or(0) {
            return Some((head, bytes[end + 4..].to_vec()));
        }
    }
}

fn call_json(call: &Made) -> Value {
    json!({
        "sid": call.sid, "status": call.status, "account_sid": ACCOUNT, "direction": "outbound-api",
        "to": call.field("To"), "from": call.field("From"), "date_created": rfc2822(call.created_ms),
        "start_time": null, "end_time": null, "duration": null, "price": null, "price_unit": "USD",
        "answered_by": null, "queue_time": "0", "uri": format!("/2010-04-01/Accounts/{ACCOUNT}/Calls/{}.json", call.sid),
    })
}

fn message_json(message: &Made) -> Value {
    json!({
        "sid": message.sid, "status": message.status, "error_code": null, "error_message": null,
        "to": message.field("To"), "from": message.field("From"), "body": message.field("Body"),
        "direction": "outbound-api", "date_created": rfc2822(message.created_ms), "num_segments": "1",
        "num_media": "0", "price": null, "messaging_service_sid": null,
    })
}
