//! What is Twilio's own, of its adapter and its callbacks. What every provider has to do is in `live`.

mod call_tests;
mod callback_tests;
mod pair_tests;
mod search_tests;

use local::events::HttpAnswer;

use crate::fakes::fake::Letter;
use crate::fakes::twilio::{ACCOUNT, Twilio, form, signature};
use crate::live::{CUSTOMER, OURS, PUBLIC_URL};

/// A world whose organization calls and texts through Twilio.
type LiveWorld = crate::live::LiveWorld<Twilio>;

impl LiveWorld {
    /// Puts a call at Twilio into another state.
    fn call_becomes(&self, sid: &str, status: &str) {
        self.fake.becomes(sid, &serde_json::json!({ "status": status }));
    }

    /// Twilio calls back: at an address it was given, with this form, rightly signed. Gives status and body.
    async fn calls_back(&self, address: &str, fields: &[(&str, &str)]) -> (u16, String) {
        let signature = signature(address, fields);
        self.calls_back_signed(address, fields, &signature).await
    }

    /// The same, with any signature.
    async fn calls_back_signed(&self, address: &str, fields: &[(&str, &str)], signature: &str) -> (u16, String) {
        let answer = self.tries_to_call_back(address, fields, signature).await.expect("the function answers");
        (answer.status, String::from_utf8(answer.body).unwrap())
    }

    /// The same; `None` where the function died, or took too long.
    async fn tries_to_call_back(&self, address: &str, fields: &[(&str, &str)], signature: &str) -> Option<HttpAnswer> {
        let headers = vec![
            ("content-type", "application/x-www-form-urlencoded".to_owned()),
            ("x-twilio-signature", signature.to_owned()),
        ];
        self.tries_to_deliver(Letter { url: address.to_owned(), headers, body: form(fields) }).await
    }

    /// Twilio tells of the state of a call that it made.
    pub(crate) async fn tells(&self, place: usize, status: &str, more: &[(&str, &str)]) -> u16 {
        let call = self.fake.calls()[place].clone();
        let address = call.field("StatusCallback").unwrap();
        let known = [("CallSid", call.id.as_str()), ("AccountSid", ACCOUNT), ("CallStatus", status)];
        let fields: Vec<(&str, &str)> = known.iter().chain(more).copied().collect();
        self.calls_back(address, &fields).await.0
    }
}
