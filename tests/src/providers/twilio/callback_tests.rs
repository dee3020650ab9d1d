//! Tests of callbacks that are not authentic, or that are about unknown calls.

use domain::ids::ConversationId;

use super::{CUSTOMER, LiveWorld, OURS, PUBLIC_URL, signature};
use crate::harness::world::simulate;

#[test]
fn what_is_not_signed_by_twilio_is_refused_and_leaves_nothing_behind() {
    simulate(async {
        let live = LiveWorld::virtually(1).await;
        let id = live.dials("one").await;
        let made = live.fake.calls()[0].clone();
        let status = made.field("StatusCallback").unwrap().to_owned();
        let fields = [("CallSid", made.id.as_str()), ("CallStatus", "completed")];
        let right = signature(&status, &fields);
        let other_attempt = status.replace("/1/status", "/2/status");
        let other_organization = status.replace("/acme/", "/other/");
        let answer = made.field("Url").unwrap().to_owned();
        let changed = [("CallSid", made.id.as_str()), ("CallStatus", "busy")];
        let before = live.world.holds();
        for (address, fields, signature) in [
            (&status, &fields, ""),
            (&status, &fields, "AAAAAAAAAAAAAAAAAAAAAAAAAAA="),
            (&status, &changed, right.as_str()),
            (&other_attempt, &fields, &right),
            (&other_organization, &fields, &right),
            (&answer, &fields, &right),
        ] {
            let (code, body) = live.calls_back_signed(address, fields, signature).await;
            assert_eq!(code, 403, "{address} {signature}: {body}");
        }
        for path in ["messages", "messages/00000000-0000-4000-8000-000000000000/1/status"] {
            let address = format!("{PUBLIC_URL}/inbound/twilio/acme/{path}");
            assert_eq!(live.calls_back_signed(&address, &fields, &right).await.0, 403, "{path}");
        }
        assert_eq!(live.world.holds(), before);
        assert!(!live.call(id).is_ended());
        assert_eq!(live.calls_back_signed(&status, &fields, &right).await.0, 200);
        assert!(live.call(id).is_ended());
    });
}

#[test]
fn a_callback_about_nothing_that_is_known_changes_nothing() {
    simulate(async {
        let live = LiveWorld::virtually(2).await;
        let id = live.dials("one").await;
        let nobody = ConversationId::random([3; 16]);
        let before = live.world.holds();
        let base = format!("{PUBLIC_URL}/inbound/twilio/acme");
        let fields =
            [("CallSid", "CA77"), ("CallStatus", "completed"), ("MessageSid", "SM77"), ("MessageStatus", "sent")];
        for path in [
            format!("calls/{nobody}/1/status"),
            format!("calls/{nobody}/1/answer"),
            "calls/nonsense/1/status".to_owned(),
            format!("calls/{id}/nonsense/status"),
            format!("calls/{id}/-1/answer"),
            format!("messages/{nobody}/1/status"),
            format!("messages/{id}/1/status"),
            format!("messages/{id}/99999999999/status"),
        ] {
            assert_eq!(live.calls_back(&format!("{base}/{path}"), &fields).await.0, 200, "{path}");
        }
        let status = format!("{base}/calls/{id}/1/status");
        for fields in [
            &[][..],
            &[("CallSid", "")],
            &[("CallSid", "../../x"), ("CallStatus", "completed")],
            &[("CallStatus", "completed")],
        ] {
            assert_eq!(live.calls_back(&status, fields).await.0, 200, "{fields:?}");
        }
        for fields in [
            &[("MessageSid", "SM1"), ("From", "22395"), ("To", OURS), ("Body", "a short code")][..],
            &[("MessageSid", "SM1"), ("From", CUSTOMER), ("To", "+15555550999"), ("Body", "not our number")],
            &[("From", CUSTOMER), ("To", OURS), ("Body", "no id")],
        ] {
            assert_eq!(live.calls_back(&format!("{base}/messages"), fields).await.0, 200, "{fields:?}");
        }
        assert_eq!(live.world.holds(), before);
    });
}
