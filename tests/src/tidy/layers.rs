//! Tests that packages depend downwards only, and that the domain knows no AWS, no HTTP and no runtime.

use std::collections::BTreeSet;

use super::files;

/// Returns the dependencies that a package has when it is built for others, by its manifest.
fn dependencies(package: &str) -> BTreeSet<String> {
    let path = format!("{package}/Cargo.toml");
    let manifest = files().into_iter().find(|file| file.path == path).unwrap_or_else(|| panic!("there is no {path}"));
    let lines = manifest.text.lines().skip_while(|line| *line != "[dependencies]").skip(1);
    let lines = lines.take_while(|line| !line.starts_with('['));
    let names = lines.filter(|line| !line.trim().is_empty() && !line.starts_with('#'));
    names.map(|line| line.split(['.', ' ', '=']).next().unwrap_or_default().to_owned()).collect()
}

#[test]
fn no_package_depends_on_one_above_it() {
    let layers = ["shared/domain", "shared/store", "shared/providers", "functions", "local", "operator", "tests"];
    let name = |package: &str| package.trim_start_matches("shared/").to_owned();
    for (height, package) in layers.iter().enumerate() {
        let dependencies = dependencies(package);
        for above in &layers[height + 1..] {
            assert!(!dependencies.contains(&name(above)), "{package} depends on {above}");
        }
    }
}

#[test]
fn the_rules_depend_on_no_aws_no_http_and_no_runtime() {
    let allowed = [
        "base64",
        "hmac",
        "regex-lite",
        "serde",
        "serde_json",
        "sha2",
        "strum",
        "subtle",
        "thiserror",
        "time",
        "utoipa",
        "uuid",
    ];
    let found = dependencies("shared/domain");
    let strange: Vec<_> = found.iter().filter(|name| !allowed.contains(&name.as_str())).collect();
    assert!(strange.is_empty(), "{strange:?}");
}

/// Checks that the artifact leaves out the dependency that only the generator of the OpenAPI document needs.
#[test]
fn the_artifact_holds_no_generator() {
    for package in ["shared/domain", "functions"] {
        let path = format!("{package}/Cargo.toml");
        let manifest = files().into_iter().find(|file| file.path == path).unwrap().text;
        assert!(manifest.contains("utoipa = { workspace = true, optional = true }"), "{package}");
        assert!(!manifest.lines().any(|line| line.starts_with("default = ")), "{package}");
    }
}

#[test]
fn only_the_workspace_names_versions() {
    let packages = ["shared/domain", "shared/store", "shared/providers", "functions", "local", "operator", "tests"];
    let manifests =
        files().into_iter().filter(|file| packages.iter().any(|package| file.path == format!("{package}/Cargo.toml")));
    for manifest in manifests {
        let dependencies = manifest.text.split("dependencies]").skip(1).flat_map(|rest| rest.split("\n[").next());
        for line in dependencies.flat_map(str::lines).filter(|line| line.contains('=') && !line.starts_with('#')) {
            assert!(line.contains("workspace = true"), "{}: {line}", manifest.path);
        }
    }
}
