//! Translation of Telnyx's events about SMS messages: the delivery of ours, and those of customers. Sources: telnyx-node
//! b9b12ca, `OutboundMessagePayload`; developers.telnyx.com/docs/messaging/messages/receiving-webhooks and
//! …/advanced-opt-in-out.

use domain::ids::ProviderMessageId;
use domain::phone::PhoneNumber;
use domain::sms::{DeliveryReport, DeliveryStatus, Inbound, Keyword};
use serde::Deserialize;

use super::wire::TelnyxText;
use crate::reading::lenient;
use crate::sms::{ReceivedText, without_words};

/// Webhook about an SMS message.
#[derive(Deserialize)]
struct Webhook {
    data: Event,
}

#[derive(Deserialize)]
struct Event {
    #[serde(default)]
    event_type: String,
    #[serde(default, deserialize_with = "lenient")]
    payload: Option<TelnyxText>,
}

/// Event about an SMS message of ours.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TextEvent {
    /// Delivery report of the event.
    pub report: DeliveryReport,
    /// Address that Telnyx was to send the event to, as the event tells it. It is signed, unlike the address of the request
    /// itself.
    pub meant_for: Option<String>,
}

impl TextEvent {
    /// Parses an event about a sent message. Returns `None` if it has no known status.
    pub fn read(body: &[u8]) -> Option<Self> {
        let Webhook { data: Event { event_type, payload } } = serde_json::from_slice(body).ok()?;
        let text = payload.filter(|text| !text.id.is_empty())?;
        if !matches!(event_type.as_str(), "message.sent" | "message.finalized") {
            return None;
        }
        let status = delivery(text.to.first()?.status.as_deref()?)?;
        let error = text.errors.first();
        let report = DeliveryReport {
            provider_message_id: ProviderMessageId::new(text.id),
            status,
            error_code: error.and_then(|error| error.code.clone()),
            opted_out: text.errors.iter().any(super::wire::TelnyxError::is_opt_out),
        };
        Some(Self { report, meant_for: text.webhook_url })
    }
}

/// Translates a delivery status. An unconfirmed message was sent, and no more is known of it.
fn delivery(status: &str) -> Option<DeliveryStatus> {
    match status {
        "queued" | "sending" => Some(DeliveryStatus::Queued),
        "sent" | "delivery_unconfirmed" => Some(DeliveryStatus::Sent),
        "delivered" => Some(DeliveryStatus::Delivered),
        "delivery_failed" => Some(DeliveryStatus::Undelivered),
        "expired" | "sending_failed" => Some(DeliveryStatus::Failed),
        _ => None,
    }
}

/// Parses a customer's SMS message. Returns `None` if it was not sent between two phone numbers.
pub fn text_of(body: &[u8]) -> Option<ReceivedText> {
    let Webhook { data: Event { event_type, payload } } = serde_json::from_slice(body).ok()?;
    let text = payload.filter(|text| event_type == "message.received" && !text.id.is_empty())?;
    let number = |number: Option<&str>| PhoneNumber::parse(number?).ok();
    let from = number(text.from.as_ref()?.phone_number.as_deref())?;
    let to = number(text.to.first()?.phone_number.as_deref())?;
    let carrier_keyword = match text.autoresponse_type.as_deref() {
        Some("STOP") => Some(Keyword::Stop),
        Some("START") => Some(Keyword::Start),
        Some("HELP") => Some(Keyword::Help),
        Some(_) | None => None,
    };
    let words = text.text.filter(|text| !text.is_empty());
    let kinds: Vec<&str> = text.media.iter().filter_map(|media| media.content_type.as_deref()).collect();
    let content = words.unwrap_or_else(|| without_words(&kinds));
    let inbound = Inbound { provider_message_id: ProviderMessageId::new(text.id), content, carrier_keyword };
    Some(ReceivedText { from, to, inbound })
}

#[cfg(test)]
mod tests {
    use domain::sms::{DeliveryStatus, Keyword};
    use serde_json::{Value, json};

    use super::{TextEvent, text_of};

    fn webhook(kind: &str, fields: &Value) -> Vec<u8> {
        let mut payload = json!({
            "id": "text-1", "record_type": "message", "direction": "inbound", "type": "SMS", "parts": 1,
            "from": { "phone_number": "+15555550123", "carrier": "T", "line_type": "Wireless" },
            "to": [{ "phone_number": "+15555550100", "status": "webhook_delivered" }],
            "text": "Yes please", "media": [], "errors": [], "autoresponse_type": null, "webhook_url": null,
        });
        payload.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
        let data = json!({ "event_type": kind, "id": "event-1", "record_type": "event", "payload": payload });
        json!({ "data": data, "meta": { "attempt": 1 } }).to_string().into_bytes()
    }

    #[test]
    fn each_state_of_a_text_is_told_so() {
        for (status, expected) in [
            ("queued", Some(DeliveryStatus::Queued)),
            ("sending", Some(DeliveryStatus::Queued)),
            ("sent", Some(DeliveryStatus::Sent)),
            ("delivery_unconfirmed", Some(DeliveryStatus::Sent)),
            ("delivered", Some(DeliveryStatus::Delivered)),
            ("delivery_failed", Some(DeliveryStatus::Undelivered)),
            ("expired", Some(DeliveryStatus::Failed)),
            ("sending_failed", Some(DeliveryStatus::Failed)),
            ("moon_in_the_way", None),
        ] {
            let fields = json!({ "to": [{ "status": status }], "webhook_url": "https://calls.example/1" });
            let read = TextEvent::read(&webhook("message.finalized", &fields));
            assert_eq!(read.as_ref().map(|event| event.report.status), expected, "{status}");
            assert!(read.is_none_or(|event| event.meant_for.as_deref() == Some("https://calls.example/1")));
        }
    }

    #[test]
    fn what_failed_says_why_and_whether_the_customer_opted_out() {
        let failed = |code: &str, title: &str| {
            let errors = json!([{ "code": code, "title": title }]);
            let fields = json!({ "to": [{ "status": "delivery_failed" }], "errors": errors });
            TextEvent::read(&webhook("message.finalized", &fields)).unwrap().report
        };
        let report = failed("40008", "Undeliverable");
        assert_eq!((report.error_code.as_deref(), report.opted_out), (Some("40008"), false));
        assert!(failed("40300", "Blocked due to STOP message").opted_out);
        assert!(!failed("40300", "Not assigned").opted_out);
    }

    #[test]
    fn a_customers_text_is_read_with_what_telnyx_answered_to_it() {
        let read = text_of(&webhook("message.received", &json!({}))).unwrap();
        assert_eq!((read.from.as_str(), read.to.as_str()), ("+15555550123", "+15555550100"));
        assert_eq!((read.inbound.content.as_str(), read.inbound.carrier_keyword), ("Yes please", None));
        for (word, keyword) in [("STOP", Keyword::Stop), ("START", Keyword::Start), ("HELP", Keyword::Help)] {
            let read = text_of(&webhook("message.received", &json!({ "autoresponse_type": word }))).unwrap();
            assert_eq!(read.inbound.carrier_keyword, Some(keyword));
        }
        let media = json!({ "text": "", "media": [{ "content_type": "image/jpeg", "url": "https://m.example/1" }] });
        let read = text_of(&webhook("message.received", &media)).unwrap();
        assert_eq!(read.inbound.content, "[media: image/jpeg]");
    }

    #[test]
    fn what_is_something_else_says_nothing() {
        assert!(text_of(&webhook("message.sent", &json!({}))).is_none());
        assert!(TextEvent::read(&webhook("message.received", &json!({}))).is_none());
        for fields in [
            json!({ "id": "" }),
            json!({ "from": null }),
            json!({ "from": { "phone_number": "22395" } }),
            json!({ "to": [] }),
        ] {
            assert!(text_of(&webhook("message.received", &fields)).is_none(), "{fields}");
        }
        for body in ["", "[]", "{}", r#"{"data": 7}"#, r#"{"data": {"payload": []}}"#] {
            assert!(text_of(body.as_bytes()).is_none() && TextEvent::read(body.as_bytes()).is_none(), "{body}");
        }
    }
}
