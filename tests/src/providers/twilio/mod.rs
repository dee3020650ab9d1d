//! Tests of Twilio's adapter and callbacks alone. Tests for every provider are in `live`.

mod call_tests;
mod callback_tests;
mod pair_tests;
mod search_tests;

use local::events::HttpAnswer;

use crate::harness::fakes::fake::Letter;
use crate::harness::fakes::twilio::{ACCOUNT, Twilio, form, signature};
use crate::providers::every::{CUSTOMER, OURS, PUBLIC_URL};

/// World whose organization calls and texts through Twilio.
type LiveWorld = crate::providers::every::LiveWorld<Twilio>;

impl LiveWorld {
    /// Changes the status of a call at Twilio.
    fn call_becomes(&self, sid: &str, status: &str) {
        self.fake.becomes(sid, &serde_json::json!({ "status": status }));
    }

    /// Sends a callback with this form to an address that Twilio was given, correctly signed. Returns the status and
    /// the body.
    async fn calls_back(&self, address: &str, fields: &[(&str, &str)]) -> (u16, String) {
        let signature = signature(address, fields);
        self.calls_back_signed(address, fields, &signature).await
    }

    /// Sends a callback with any signature. Returns the status and the body.
    async fn calls_back_signed(&self, address: &str, fields: &[(&str, &str)], signature: &str) -> (u16, String) {
        let answer = self.tries_to_call_back(address, fields, signature).await.expect("the function answers");
        (answer.status, String::from_utf8(answer.body).unwrap())
    }

    /// Sends a callback. Returns `None` if the function died or timed out.
    async fn tries_to_call_back(&self, address: &str, fields: &[(&str, &str)], signature: &str) -> Option<HttpAnswer> {
        let headers = vec![
            ("content-type", "application/x-www-form-urlencoded".to_owned()),
            ("x-twilio-signature", signature.to_owned()),
        ];
        self.tries_to_deliver(Letter { url: address.to_owned(), headers, body: form(fields) }).await
    }

    /// Sends a callback about the status of a call that Twilio made. Returns the status of the answer.
    pub(crate) async fn tells(&self, place: usize, status: &str, more: &[(&str, &str)]) -> u16 {
        let call = self.fake.calls()[place].clone();
        let address = call.field("StatusCallback").unwrap();
        let known = [("CallSid", call.id.as_str()), ("AccountSid", ACCOUNT), ("CallStatus", status)];
        let fields: Vec<(&str, &str)> = known.iter().chain(more).copied().collect();
        self.calls_back(address, &fields).await.0
    }
}
