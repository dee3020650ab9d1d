//! Tests that a function has one name everywhere: registry, template, sample, OpenAPI operation, docs/functions.md, source file.

use std::collections::BTreeSet;

use functions::dialect::Dialect;
use functions::route::{Access, Route};
use functions::{FUNCTIONS, Function, Trigger};
use local::template::{Schedule, Trigger as Declared};
use store::QueueName;

use super::{FUNCTIONS_PAGE, document, files, sources, table, template};

/// Returns the trigger of a function in one line.
fn woken_by(function: &Function) -> String {
    match function.trigger {
        Trigger::Http(route) => format!("{} {}", route.method, route.path),
        Trigger::Queue { queue, .. } => format!("queue {}", queue.as_str()),
        Trigger::Schedule { .. } => "every minute".to_owned(),
    }
}

fn registry() -> BTreeSet<(String, String)> {
    FUNCTIONS.iter().map(|function| (function.name.to_owned(), woken_by(function))).collect()
}

#[test]
fn no_two_functions_share_a_name_or_a_trigger() {
    let names: BTreeSet<&str> = FUNCTIONS.iter().map(|function| function.name).collect();
    let triggers: BTreeSet<String> = FUNCTIONS.iter().map(woken_by).collect();
    assert_eq!((names.len(), triggers.len()), (FUNCTIONS.len(), FUNCTIONS.len()));
}

#[test]
fn the_template_declares_the_registrys_functions_with_their_triggers() {
    let declared = |trigger: &Declared| match trigger {
        Declared::Http(route) => format!("{} {}", route.method, route.path),
        Declared::Queue(source) => {
            let logical = |queue: &QueueName| format!("{}Queue", capitalized(queue.as_str())) == source.queue;
            let queue = QueueName::ALL.into_iter().find(logical);
            format!("queue {}", queue.expect("the registry knows the queue").as_str())
        }
        Declared::Schedule(Schedule { every, .. }) if every.as_secs() == 60 => "every minute".to_owned(),
        Declared::Schedule(Schedule { every, .. }) => format!("every {every:?}"),
    };
    let template = template();
    let mut found = BTreeSet::new();
    for function in &template.functions {
        let [trigger] = function.triggers.as_slice() else { panic!("{} has not one trigger", function.handler) };
        found.insert((function.handler.clone(), declared(trigger)));
        assert_eq!(function.id, format!("{}Function", camel_case(&function.handler)));
    }
    assert_eq!(found, registry());
    assert_eq!(template.functions.len(), FUNCTIONS.len());
}

#[test]
fn a_queues_variable_names_the_queue() {
    let template = template();
    let places = template.queues.iter().map(|queue| (queue.id.clone(), format!("url of {}", queue.id)));
    let tables = template.tables.iter().map(|table| (table.id.clone(), table.name.clone()));
    let environments = template.environments(&places.chain(tables).collect()).expect("the environments are known");
    for environment in environments.values() {
        for queue in QueueName::ALL {
            let variable = format!("{}_QUEUE_URL", queue.as_str().to_uppercase());
            assert_eq!(environment[&variable], format!("url of {}Queue", capitalized(queue.as_str())));
        }
    }
}

#[test]
fn the_document_has_an_operation_for_every_route() {
    let document = document();
    let mut found = BTreeSet::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let name = operation["operationId"].as_str().unwrap().to_owned();
            found.insert((name, format!("{} {path}", method.to_uppercase())));
        }
    }
    let routes = FUNCTIONS.iter().filter(|function| matches!(function.trigger, Trigger::Http(_)));
    let routes: BTreeSet<_> = routes.map(|function| (function.name.to_owned(), woken_by(function))).collect();
    assert_eq!(found, routes);
}

#[test]
fn the_page_of_functions_lists_every_function_and_its_trigger() {
    let rows = table(FUNCTIONS_PAGE, "# Functions");
    let listed: BTreeSet<_> = rows.iter().map(|row| (row[0].clone(), row[1].clone())).collect();
    assert_eq!(listed, registry());
    assert_eq!(rows.len(), FUNCTIONS.len());
}

#[test]
fn every_function_has_a_sample_event_and_no_sample_is_left_over() {
    let files = files();
    let samples = files.iter().filter_map(|file| file.path.strip_prefix("events/")?.strip_suffix(".json"));
    let samples: BTreeSet<&str> = samples.collect();
    assert_eq!(samples, FUNCTIONS.iter().map(|function| function.name).collect());
}

#[test]
fn every_function_is_a_file_below_the_folder_of_its_trigger() {
    let sources = sources();
    for function in FUNCTIONS {
        let folder = match function.trigger {
            Trigger::Http(Route { access: Access::Signed { .. }, .. }) => "inbound",
            Trigger::Http(route) if route.dialect != Dialect::Native => "dialects",
            Trigger::Http(_) => "api",
            Trigger::Queue { .. } => "queue",
            Trigger::Schedule { .. } => "schedule",
        };
        let (folder, file) = (format!("functions/src/{folder}/"), format!("/{}.rs", function.name.replace('-', "_")));
        let files: Vec<_> =
            sources.iter().filter(|source| source.path.starts_with(&folder) && source.path.ends_with(&file)).collect();
        let [source] = files.as_slice() else { panic!("there is not one file {folder}…{file}") };
        let named = format!("name: \"{}\"", function.name);
        assert!(source.text.contains(&named), "{} does not define the function {}", source.path, function.name);
    }
    let handlers = sources.iter().filter(|file| {
        file.path.starts_with("functions/src/") && file.text.contains("pub(crate) const FUNCTION: Function")
    });
    assert_eq!(handlers.count(), FUNCTIONS.len(), "a file defines a function that the registry does not list");
}

fn capitalized(word: &str) -> String {
    let (first, rest) = word.split_at(1);
    format!("{}{rest}", first.to_uppercase())
}

fn camel_case(name: &str) -> String {
    name.split('-').map(capitalized).collect()
}
