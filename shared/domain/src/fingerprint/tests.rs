use std::collections::BTreeSet;

use super::Fingerprint;

fn of(text: &str) -> Fingerprint {
    Fingerprint::of(text, &serde_json::from_str(text).unwrap())
}

fn current(text: &str) -> String {
    of(text).as_str().to_owned()
}

#[test]
fn key_order_and_white_space_do_not_count() {
    let one = current(r#"{"a":1,"b":{"c":[1,2],"d":"x"}}"#);
    let two = current("{ \"b\": {\"d\":\"\\u0078\", \"c\": [1.0, 2]},\n\"a\": 1e0 }");
    assert_eq!(one, two);
}

#[test]
fn every_difference_in_value_counts() {
    let bodies = [
        r#"{"a":1}"#,
        r#"{"a":"1"}"#,
        r#"{"a":2}"#,
        r#"{"a":-1}"#,
        r#"{"a":1,"b":null}"#,
        r#"{"a":[1]}"#,
        r#"{"a":{"1":1}}"#,
        r#"{"a":true}"#,
        r#"{"a":false}"#,
        r#"{"a":null}"#,
        r#"{"a":1.5}"#,
        r#"{"a":"1\"b"}"#,
        r#"{"a":["x","y"]}"#,
        r#"{"a":["xy"]}"#,
        r#"{"a":["x","y",""]}"#,
    ];
    let prints: BTreeSet<String> = bodies.iter().map(|body| current(body)).collect();
    assert_eq!(prints.len(), bodies.len());
}

#[test]
fn numbers_count_as_decimal_values_of_any_size() {
    for same in [
        &["1", "1.0", "1e0", "10e-1", "0.1E+1", "0.001e3"][..],
        &["100000000000000000", "1e17", "10.0e16", "1E+17"],
        &["0", "-0", "0.0", "-0.0e5", "0e-7"],
        &["123456789012345678901234567890", "1.2345678901234567890123456789e29"],
        &["0.1", "1e-1", "0.10"],
        &["-2.50", "-25e-1"],
        &["1e-400", "10e-401"],
        &["9007199254740993", "9007199254740993.0"],
    ] {
        let prints: BTreeSet<String> = same.iter().map(|number| current(number)).collect();
        assert_eq!(prints.len(), 1, "{same:?}");
    }
    let others = [
        "18446744073709551616",
        "18446744073709551617",
        "18446744073709551618",
        "9007199254740992.5",
        "9007199254740993",
        "9007199254740992",
        "0.1",
        "0.10000000000000000001",
        "1e-400",
        "1e-401",
        "1e-99999999999999999999",
        "1e-99999999999999999998",
        "-1",
        "1",
        "10",
        "11",
        "1.1",
    ];
    let prints: BTreeSet<String> = others.iter().map(|number| current(number)).collect();
    assert_eq!(prints.len(), others.len());
}

/// Checks that a fingerprint stored by an earlier deployment still names the same request.
#[test]
fn a_fingerprint_of_the_first_version_is_still_known() {
    let stored = "v1:b4c72bf7d9c6b1c0";
    assert!(!of(r#"{"a":1}"#).is(stored));
    let body = r#"{"agentSlug":"demo","toNumber":"+15555550123","metadata":{"n":1e2}}"#;
    let stored = "v1:3e21ce31a57d2dbb8fefafd0dd30566b0d2740c64f8a29bc5732764d539334da";
    assert!(of(body).is(stored), "{:?}", of(body));
    assert!(!of(&body.replace("demo", "other")).is(stored));
    assert!(of(body).is(of(body).as_str()) && of(body).as_str().starts_with("v2:"));
    assert!(of(body).part(3).is(&format!("{stored}#3")));
}

#[test]
fn a_body_as_deep_as_json_may_be_is_read() {
    let deep = format!("{}1{}", "[".repeat(120), "]".repeat(120));
    assert!(current(&deep).starts_with("v2:"));
}
