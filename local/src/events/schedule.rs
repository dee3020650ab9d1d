//! Scheduled events of EventBridge.

use serde_json::{Value, json};

use super::moment;
use crate::template::ACCOUNT_ID;

/// Builds the event of one run of a schedule.
pub fn scheduled_event(rule: &str, id: &str, region: &str, now_ms: i64) -> Value {
    let now = moment(now_ms);
    let date = format!("{:04}-{:02}-{:02}", now.year(), u8::from(now.month()), now.day());
    let time = format!("{date}T{:02}:{:02}:{:02}Z", now.hour(), now.minute(), now.second());
    json!({
        "version": "0",
        "id": id,
        "detail-type": "Scheduled Event",
        "source": "aws.events",
        "account": ACCOUNT_ID,
        "time": time,
        "region": region,
        "resources": [format!("arn:aws:events:{region}:{ACCOUNT_ID}:rule/{rule}")],
        "detail": {},
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_event_names_its_rule_and_time() {
        let event = scheduled_event("EveryMinute", "id-1", "us-east-1", 1_583_348_638_390);
        assert_eq!(event["time"], "2020-03-04T19:03:58Z");
        assert_eq!(event["resources"], json!(["arn:aws:events:us-east-1:000000000000:rule/EveryMinute"]));
        assert_eq!(event["detail"], json!({}));
    }
}
