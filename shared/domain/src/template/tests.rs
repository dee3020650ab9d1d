//! Tests of parsing and rendering templates.

use serde_json::{Map, Value, json};

use super::{LONGEST_RESULT, Mistake, Problem, RenderError, Template, TemplateError, Unusable};

fn values(object: Value) -> Map<String, Value> {
    match object {
        Value::Object(values) => values,
        other => panic!("not an object: {other}"),
    }
}

fn render(template: &str, object: Value) -> Result<String, RenderError> {
    Template::parse(template).unwrap().render(&values(object))
}

fn rendered(template: &str, object: Value) -> String {
    render(template, object).unwrap()
}

fn mistake(template: &str) -> TemplateError {
    Template::parse(template).unwrap_err()
}

#[test]
fn a_text_without_placeholders_is_itself() {
    for text in ["", "Hello", "a { b } c", "}} }", "{", "a\\b", "\\", "C:\\dir\\", "{\"a\": {\"b\": 1}}", "🚗 ‏שלום\0"]
    {
        assert_eq!(rendered(text, json!({})), text);
    }
}

#[test]
fn strings_go_in_as_they_are_and_numbers_and_booleans_as_json() {
    let object =
        json!({"s": "a \"b\" \n", "empty": "", "i": -7, "f": 1.5, "big": 18_446_744_073_709_551_615_u64, "b": true});
    assert_eq!(
        rendered("{{s}}|{{empty}}|{{i}}|{{f}}|{{big}}|{{b}}", object),
        "a \"b\" \n||-7|1.5|18446744073709551615|true"
    );
}

#[test]
fn white_space_inside_the_braces_does_not_count_and_outside_it_does() {
    assert_eq!(rendered(" {{ name }} {{\n\tname}} ", json!({"name": "Ann"})), " Ann Ann ");
}

#[test]
fn names_have_letters_of_any_script_digits_underscores_and_hyphens() {
    let object = json!({"first_name": 1, "x-1": 2, "größe": 3, "名前": 4, "7": 5});
    assert_eq!(rendered("{{first_name}}{{x-1}}{{größe}}{{名前}}{{7}}", object), "12345");
}

#[test]
fn a_path_leads_through_objects_and_arrays() {
    let object = json!({"lead": {"car": {"year": 2024}, "phones": ["+1", {"kind": "cell"}], "0": "zero"}});
    assert_eq!(
        rendered("{{lead.car.year}} {{ lead.phones.0 }} {{lead.phones.1.kind}} {{lead.0}}", object),
        "2024 +1 cell zero"
    );
}

#[test]
fn a_variable_of_the_whole_path_comes_before_what_the_path_leads_to() {
    assert_eq!(rendered("{{a.b}}", json!({"a.b": "flat", "a": {"b": "nested"}})), "flat");
    assert_eq!(rendered("{{a.b}}", json!({"a.b": "flat"})), "flat");
}

#[test]
fn an_index_has_one_form_and_stays_inside_the_array() {
    for path in ["list.1", "list.00", "list.-1", "list.x", "list.99999999999999999999999999"] {
        let error = render(&format!("{{{{{path}}}}}"), json!({"list": ["only"]})).unwrap_err();
        assert_eq!(error, unusable(&[(path, Problem::Missing)]));
    }
}

#[test]
fn a_backslash_makes_braces_literal_and_another_makes_the_backslash_literal() {
    let object = || json!({"a": "A"});
    assert_eq!(rendered(r"\{{a}}", object()), "{{a}}");
    assert_eq!(rendered(r"\\{{a}}", object()), r"\A");
    assert_eq!(rendered(r"\\\{{a}}", object()), r"\{{a}}");
    assert_eq!(rendered(r"\\\\{{a}}", object()), r"\\A");
    assert_eq!(rendered(r"x\{{ and {{a}}", object()), "x{{ and A");
    assert_eq!(rendered(r"\{{{{a}}", object()), "{{A");
    assert_eq!(rendered(r"{{a}}\{{a}}", object()), "A{{a}}");
    assert_eq!(rendered(r"a\\b", object()), r"a\\b");
    assert_eq!(Template::parse(r"\{{a}}").unwrap().variables().count(), 0);
}

#[test]
fn single_braces_may_stand_next_to_a_placeholder() {
    assert_eq!(rendered("{ {{a}} }", json!({"a": 1})), "{ 1 }");
    assert_eq!(rendered("{\"x\": {\"y\": {{a}}}}", json!({"a": 1})), "{\"x\": {\"y\": 1}}");
}

#[test]
fn a_value_is_never_read_as_a_template() {
    let object = json!({"name": "{{secret}} \\{{ {{name}} {{", "tail": "secret}}", "secret": "S"});
    assert_eq!(rendered("Hi {{name}}{{tail}}", object), "Hi {{secret}} \\{{ {{name}} {{secret}}");
}

#[test]
fn variables_are_told_each_once_in_order() {
    let template = Template::parse("{{b}} {{a.c}} {{ b }} text {{a}}").unwrap();
    assert_eq!(template.variables().collect::<Vec<_>>(), ["a", "a.c", "b"]);
}

fn unusable(expected: &[(&str, Problem)]) -> RenderError {
    let variables = expected.iter().map(|(path, problem)| Unusable { path: (*path).to_owned(), problem: *problem });
    RenderError::Unusable(variables.collect())
}

#[test]
fn every_unusable_variable_is_told_at_once() {
    let error = render(
        "{{gone}} {{none}} {{object}} {{list}} {{deep.gone}} {{text.length}} {{fine}} {{gone}}",
        json!({"none": null, "object": {}, "list": [], "deep": {}, "text": "abc", "fine": 1}),
    )
    .unwrap_err();
    let expected = [
        ("deep.gone", Problem::Missing),
        ("gone", Problem::Missing),
        ("list", Problem::Array),
        ("none", Problem::Null),
        ("object", Problem::Object),
        ("text.length", Problem::Missing),
    ];
    assert_eq!(error, unusable(&expected));
    assert!(
        error.to_string().starts_with("deep.gone is missing; gone is missing; list is an array; it must"),
        "{error}"
    );
}

#[test]
fn a_wrong_placeholder_is_told_with_its_place() {
    let at = |template: &str| {
        let TemplateError { mistake, line, column } = mistake(template);
        (mistake, line, column)
    };
    assert_eq!(at("Hello {{name"), (Mistake::Unclosed, 1, 7));
    assert_eq!(at("{{"), (Mistake::Unclosed, 1, 1));
    assert_eq!(at("{{a}\n}"), (Mistake::Unclosed, 1, 1));
    assert_eq!(at("ä 🚗\n  {{}}"), (Mistake::Empty, 2, 3));
    assert_eq!(at("{{a}}\n\n🚗{{ \t }}"), (Mistake::Empty, 3, 2));
    for bad in ["a..b", ".a", "a.", ".", "first name", "#if a", "{a", "a|b", "a'b", "a/b", "{{a", "a\0b"] {
        let expected = (Mistake::BadName(bad.to_owned()), 1, 3);
        assert_eq!(at(&format!("x {{{{ {bad} }}}}")), expected);
    }
    let long = "no end ".repeat(100);
    assert_eq!(mistake(&format!("{{{{{long}}}}}")).mistake, Mistake::BadName(long.chars().take(40).collect()));
    assert_eq!(
        mistake("Hi {{first name}}").to_string(),
        "line 1, column 4: \"first name\" is not a variable: names of letters, digits, _ and -, with . between them \
         (a literal {{ is written \\{{)"
    );
}

#[test]
fn the_result_is_bounded_however_often_a_variable_is_named() {
    let half = "x".repeat(LONGEST_RESULT / 2);
    assert_eq!(rendered("{{a}}{{a}}", json!({"a": half})).len(), LONGEST_RESULT);
    assert_eq!(render("{{a}}{{a}}.", json!({"a": half})), Err(RenderError::TooLong));
    assert_eq!(render(&"{{a}}".repeat(1_000_000), json!({"a": half})), Err(RenderError::TooLong));
    assert_eq!(render(&"x".repeat(LONGEST_RESULT + 1), json!({})), Err(RenderError::TooLong));
}

/// Tries short texts of all meaningful parts, in every order, and bytes without meaning.
#[test]
fn no_text_makes_it_panic_and_what_is_taken_renders() {
    const PIECES: [&str; 9] = ["{", "}", "{{", "}}", "\\", "a", ".", " ", "é\u{fffd}"];
    let mut texts = vec![String::new()];
    for _ in 0..5 {
        texts = texts.iter().flat_map(|text| PIECES.map(|piece| format!("{text}{piece}"))).collect();
    }
    let mut taken = 0;
    for text in texts {
        let Ok(template) = Template::parse(&text) else { continue };
        let names: Map<String, Value> = template.variables().map(|path| (path.to_owned(), json!("v"))).collect();
        assert!(template.render(&names).is_ok(), "{text}");
        taken += 1;
    }
    assert!(taken > 1_000, "{taken}");
    let mut bytes: Vec<u8> = (0..=255).chain(b"{{".repeat(3)).chain((0..=255).rev()).collect();
    for round in 0..256 {
        bytes.rotate_left(7 + round % 5);
        let text = String::from_utf8_lossy(&bytes);
        assert!(Template::parse(&text).map_or(true, |template| template.render(&Map::new()).is_err()));
    }
}
