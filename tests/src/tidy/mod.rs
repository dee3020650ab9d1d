//! Tidiness of the repository: facts that must agree across files, and text that no file may contain.

mod circles;
mod deployment;
mod layers;
mod names;
mod openapi;
mod policies;
mod prose;
mod samples;
mod sources;
mod timing;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use local::template::{Names, Template};
use serde_json::Value;

const TEMPLATE: &str = include_str!("../../../template.yaml");
/// Page with the table of functions.
const FUNCTIONS_PAGE: &str = include_str!("../../../docs/functions.md");
/// Page with the tables of test numbers.
const TEST_NUMBERS_PAGE: &str = include_str!("../../../docs/test-numbers.md");
const DOCUMENT: &str = include_str!("../../../docs/openapi.json");
const CLIENT_DOCUMENT: &str = include_str!("../../../docs/openapi.client.json");

/// Returns the repository's folder.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the package lies in the workspace").to_owned()
}

/// File of the repository, with its path from the repository's folder.
struct File {
    path: String,
    text: String,
}

/// Returns the repository's text files. Hidden files are left out except `.ci`, and so are files that git ignores.
fn files() -> Vec<File> {
    let mut git = Command::new("git");
    git.args(["ls-files", "--cached", "--others", "--exclude-standard"]).current_dir(root());
    let listed = git.output().ok().filter(|output| output.status.success());
    let listed = listed.map(|output| String::from_utf8_lossy(&output.stdout).into_owned());
    // Sources that were copied without their git history are all included.
    let kept: Option<BTreeSet<&str>> = listed.as_deref().map(|listed| listed.lines().collect());
    let mut found = Vec::new();
    let mut folders = vec![root()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).expect("the folder can be listed") {
            let path = entry.expect("the entry can be read").path();
            let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default().to_owned();
            if name.starts_with("target") || (name.starts_with('.') && name != ".ci") {
                continue;
            }
            if path.is_dir() {
                folders.push(path);
            } else if let Ok(text) = fs::read_to_string(&path) {
                let path = path.strip_prefix(root()).expect("it lies in the repository").display().to_string();
                if kept.as_ref().is_none_or(|kept| kept.contains(path.as_str())) {
                    found.push(File { path, text });
                }
            }
        }
    }
    found.sort_by(|one, other| one.path.cmp(&other.path));
    found
}

/// Returns the Rust sources.
fn sources() -> Vec<File> {
    files().into_iter().filter(|file| file.path.ends_with(".rs")).collect()
}

fn template() -> Template {
    Template::read(TEMPLATE, local::aws::REGION, &Names::new()).expect("the template can be followed")
}

/// Returns the template's resources of a type, by their ids, with `!Ref X` as `{"Ref": "X"}`.
pub(crate) fn resources(kind: &str) -> Vec<(String, Value)> {
    let document = local::template::yaml::parse(TEMPLATE).expect("the template is YAML");
    let resources = document["Resources"].as_object().expect("there are resources").clone();
    resources.into_iter().filter(|(_, resource)| resource["Type"] == kind).collect()
}

fn document() -> Value {
    serde_json::from_str(DOCUMENT).expect("docs/openapi.json is JSON")
}

/// Returns the cells of the first table below a heading, row by row, without their backticks and without the table's
/// head.
pub(crate) fn table(markdown: &str, heading: &str) -> Vec<Vec<String>> {
    let below = markdown.lines().skip_while(|line| *line != heading).skip(1);
    let rows = below.skip_while(|line| !line.starts_with('|')).take_while(|line| line.starts_with('|'));
    let cells = |row: &str| row.trim_matches('|').split('|').map(|cell| cell.trim().replace('`', "")).collect();
    rows.skip(2).map(cells).collect()
}
