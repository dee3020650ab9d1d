//! No two files of a package lead to each other by their imports, except a parent and its child.

use std::collections::{BTreeMap, BTreeSet};

use super::sources;

/// The path of a module within its package.
type Module = Vec<String>;

/// Imports and re-exports of one file.
#[derive(Default)]
struct Imports {
    /// Paths that the file names, as they are written.
    paths: Vec<Module>,
    /// Paths that it exports again, by their last name.
    exported: BTreeMap<String, Module>,
}

/// The module of each product file below a folder, and the imports of the file.
fn imports(folder: &str) -> BTreeMap<Module, Imports> {
    let files = sources().into_iter().filter_map(|file| {
        let path = file.path.strip_prefix(folder)?.strip_suffix(".rs")?.to_owned();
        let mut module: Module = path.split('/').map(str::to_owned).collect();
        let is_test = module.iter().any(|name| name == "tests");
        module.pop_if(|last| last == "mod" || last == "lib");
        (!is_test).then(|| (module, imports_of(&file.text)))
    });
    files.collect()
}

fn imports_of(text: &str) -> Imports {
    let product = text.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default();
    let code: String = product.lines().filter(|line| !line.trim_start().starts_with("//")).fold(String::new(), joined);
    let mut imports = Imports::default();
    for statement in code.split_inclusive([';', '{', '}']) {
        for start in ["crate::", "super::"].iter().flat_map(|start| statement.match_indices(start)).map(|(at, _)| at) {
            let is_inner = statement[..start].ends_with(|before: char| before.is_alphanumeric() || before == ':');
            let path: String =
                statement[start..].chars().take_while(|c| c.is_alphanumeric() || "_:".contains(*c)).collect();
            if !is_inner && !path.ends_with(':') {
                imports.paths.push(segments(&path));
            }
        }
    }
    for (at, _) in code.match_indices("use ") {
        let line = code[..at].rsplit(['\n', ';', '}']).next().unwrap_or_default().trim();
        let tree = code[at + 4..].split(';').next().unwrap_or_default();
        if line.is_empty() || line.starts_with("pub") {
            for (path, name) in expand(tree.trim()) {
                if line.starts_with("pub") {
                    imports.exported.insert(name, segments(&path));
                } else {
                    imports.paths.push(segments(&path));
                }
            }
        }
    }
    imports
}

fn joined(code: String, line: &str) -> String {
    code + line + "\n"
}

fn segments(path: &str) -> Module {
    path.split("::").map(str::to_owned).collect()
}

/// The paths that a tree of imports stands for, each with the name that it is known by.
fn expand(tree: &str) -> Vec<(String, String)> {
    let Some((start, inner)) = tree.split_once('{') else {
        let (path, alias) = tree.split_once(" as ").unwrap_or((tree, tree));
        return vec![(path.trim().to_owned(), alias.rsplit("::").next().unwrap_or(alias).trim().to_owned())];
    };
    let inner = inner.rsplit_once('}').map_or(inner, |(inner, _)| inner);
    let (mut depth, mut branches) = (0_usize, vec![String::new()]);
    for letter in inner.chars() {
        match letter {
            '{' => depth += 1,
            '}' => depth -= 1,
            ',' if depth == 0 => branches.push(String::new()),
            _ => {}
        }
        if let Some(branch) = branches.last_mut().filter(|_| letter != ',' || depth > 0) {
            branch.push(letter);
        }
    }
    let branches = branches.iter().map(|branch| branch.trim()).filter(|branch| !branch.is_empty());
    let below = branches.flat_map(expand).map(|(path, name)| match path.as_str() {
        "self" => (start.trim_end_matches(':').to_owned(), name),
        _ => (format!("{start}{path}"), name),
    });
    below.collect()
}

/// The module whose file defines what a path in a module names; `None` where that is no module of the package.
fn defined_in(files: &BTreeMap<Module, Imports>, module: &Module, path: &[String]) -> Option<Module> {
    let mut found = match path.first()?.as_str() {
        "crate" => Module::new(),
        "super" => module.split_last()?.1.to_vec(),
        child if files.contains_key(&[module.as_slice(), &[child.to_owned()]].concat()) => {
            return defined_in(files, module, &[&["self".to_owned()], path].concat());
        }
        "self" => module.clone(),
        _ => return None,
    };
    for (place, name) in path.iter().enumerate().skip(1) {
        let child = [found.as_slice(), std::slice::from_ref(name)].concat();
        if name == "super" {
            found.pop();
        } else if files.contains_key(&child) {
            found = child;
        } else {
            let exported = files.get(&found)?.exported.get(name).filter(|_| place > 0);
            return Some(exported.and_then(|path| defined_in(files, &found, path)).unwrap_or(found));
        }
    }
    Some(found)
}

/// Imports that close a circle: each as the importing file and the imported one.
fn circles(folder: &str) -> BTreeSet<String> {
    let files = imports(folder);
    let leads_to = |module: &Module, imports: &Imports| -> BTreeSet<Module> {
        let others = imports.paths.iter().filter_map(|path| defined_in(&files, module, path));
        others.filter(|other| !other.starts_with(module) && !module.starts_with(other)).collect()
    };
    let graph: BTreeMap<Module, BTreeSet<Module>> =
        files.iter().map(|(module, imports)| (module.clone(), leads_to(module, imports))).collect();
    let reachable = |start: &Module| {
        let mut seen = BTreeSet::new();
        let mut open: Vec<&Module> = graph[start].iter().collect();
        while let Some(module) = open.pop() {
            if seen.insert(module) {
                open.extend(graph.get(module).into_iter().flatten());
            }
        }
        seen
    };
    let closes = |from: &Module, to: &Module| reachable(to).contains(from);
    let imports = graph.iter().flat_map(|(from, others)| others.iter().map(move |to| (from, to)));
    let closing = imports.filter(|(from, to)| closes(from, to));
    closing.map(|(from, to)| format!("{} -> {}", from.join("::"), to.join("::"))).collect()
}

#[test]
fn no_two_files_lead_to_each_other() {
    for package in ["shared/domain", "shared/store", "shared/providers", "functions", "local", "operator"] {
        assert_eq!(circles(&format!("{package}/src/")), BTreeSet::new(), "{package}: these imports close a circle");
    }
}

#[test]
fn what_is_exported_again_counts_for_the_file_that_defines_it() {
    let files = imports("shared/domain/src/");
    let found = |module: &str, path: &str| defined_in(&files, &segments(module), &segments(path));
    assert_eq!(found("conversation", "crate::call::Utterance"), Some(segments("call::input")));
    assert_eq!(found("call::step", "super::transition::Transition"), Some(segments("call::transition")));
    assert!(files[&segments("conversation")].paths.contains(&segments("crate::sms::StoredMessage")));
}
