//! Tests of the demos.

use std::process::Stdio;

use tokio::io::{AsyncBufReadExt, BufReader};

use crate::process::{command, run};

#[tokio::test]
async fn the_demo_shows_a_call_from_its_request_to_its_analysis() {
    let output = run(&["demo"]).await;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{text}{}", String::from_utf8_lossy(&output.stderr));
    assert!(!text.contains('\u{1b}'), "coloured only on a terminal");
    let place = |what: &str| text.find(what).unwrap_or_else(|| panic!("no {what} in {text}"));
    assert!(place("202: queued") < place("call.started"));
    assert!(place("call.started") < place("call.ended") && place("call.ended") < place("call.analyzed"));
    let transcript = ["customer “Hello?”", "agent    “Hello, this is a simulated call.”"].map(place);
    assert!(transcript.is_sorted() && place("call.ended") < transcript[0], "{text}");
    assert!(transcript[1] < place("call.analyzed"), "{text}");
    assert_eq!(text.matches("signature verified").count(), 3, "{text}");
}

#[tokio::test]
async fn the_demo_shows_a_conversation_by_sms_from_its_opening_to_stop() {
    let output = run(&["demo", "sms"]).await;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{text}{}", String::from_utf8_lossy(&output.stderr));
    let place = |what: &str| text.find(what).unwrap_or_else(|| panic!("no {what} in {text}"));
    let story = [
        "201: in_progress",
        "“Hello from Demo Motors!",
        "sms.message_delivery_updated",
        "“Yes please. What are your opening hours?”",
        "sms.tool_call_invocation",
        "opening_hours: ok",
        "“You wrote: \"Yes please. What are your opening hours?\". opening_hours answered: ",
        "“You wrote: \"Thank you, I will come by on Saturday.\".”",
        "“STOP”",
        "contact.opt_out",
        "sms.conversation_closed",
    ];
    let places: Vec<usize> = story.into_iter().map(place).collect();
    assert!(places.is_sorted(), "{text}");
    assert_eq!(text.matches("202: the customer texts").count(), 2, "{text}");
    let events = text.lines().filter(|line| line.contains(" s  sms.") || line.contains(" s  contact."));
    let events: Vec<&str> = events.collect();
    assert!(events.iter().all(|event| event.contains("signature verified")), "{text}");
    assert!(events.last().is_some_and(|last| last.contains("opted_out")), "{text}");
}

#[tokio::test]
async fn the_demo_ends_quietly_once_nobody_reads_it() {
    let mut command = command(&["demo"]);
    let mut demo = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the binary starts");
    let mut lines = BufReader::new(demo.stdout.take().expect("its output is piped")).lines();
    for _ in 0..3 {
        assert!(lines.next_line().await.expect("the demo prints").is_some());
    }
    drop(lines);
    let output = demo.wait_with_output().await.expect("the demo ends");
    assert!(output.status.success() && output.stderr.is_empty(), "{output:?}");
}
