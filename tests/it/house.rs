//! The rules of the house, as tests: directions, sizes, names, doors.
//!
//! They read the source files; where one fails, move the code, not the rule.

use std::fs;
use std::path::{Path, PathBuf};

/// Most lines of a file, tests at the foot not counted.
const MAX_LINES: usize = 400;

/// What each part of the house may not import (house rules, `docs/architecture.md`).
const FORBIDDEN: [(&str, &[&str]); 8] = [
    (
        "domain",
        &[
            "app", "api", "web", "store", "probe", "notify", "net", "clock", "config", "secret",
        ],
    ),
    (
        "probe",
        &["app", "api", "web", "store", "notify", "config", "secret"],
    ),
    (
        "store",
        &[
            "app", "api", "web", "probe", "notify", "clock", "config", "net",
        ],
    ),
    ("notify", &["app", "api", "web", "probe", "store", "config"]),
    ("app", &["web", "api"]),
    ("web", &["probe", "notify", "api"]),
    ("api", &["probe", "notify", "web"]),
    ("net.rs", &["app", "api", "web", "store", "probe", "notify"]),
];

/// Crates that the pure part may not use.
const IMPURE: [&str; 6] = ["tokio", "sqlx", "reqwest", "axum", "tracing", "hyper"];

/// Words that say nothing in a file name.
const EMPTY_NAMES: [&str; 6] = ["util", "helper", "common", "manager", "misc", "shared"];

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn sources(folder: &Path) -> Vec<(PathBuf, String)> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(sources(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let text = fs::read_to_string(&path).unwrap();
            files.push((path, text));
        }
    }
    files
}

fn all_sources() -> Vec<(PathBuf, String)> {
    [
        sources(&root().join("src")),
        sources(&root().join("crates/fake-mcp/src")),
    ]
    .concat()
}

/// The code of a file without the tests at its foot.
fn code(text: &str) -> &str {
    text.split("\n#[cfg(test)]\nmod tests")
        .next()
        .unwrap_or(text)
}

fn complaints(check: impl Fn(&Path, &str) -> Vec<String>) -> Vec<String> {
    let tell = |(path, text): &(PathBuf, String)| {
        let shown = path.strip_prefix(root()).unwrap().display().to_string();
        check(path, text)
            .into_iter()
            .map(|fault| format!("{shown}: {fault}"))
            .collect::<Vec<_>>()
    };
    all_sources().iter().flat_map(tell).collect()
}

#[test]
fn imports_go_in_one_direction() {
    let found = complaints(|path, text| {
        let inside = path.strip_prefix(root().join("src")).unwrap_or(path);
        let part = inside
            .iter()
            .next()
            .and_then(|part| part.to_str())
            .unwrap_or_default();
        let forbidden = FORBIDDEN
            .iter()
            .find(|(name, _)| *name == part)
            .map_or(&[][..], |(_, f)| f);
        let ours = forbidden
            .iter()
            .filter(|other| code(text).contains(&format!("crate::{other}::")));
        let mut faults: Vec<String> = ours.map(|other| format!("imports {other}")).collect();
        if part == "domain" {
            let impure = IMPURE
                .iter()
                .filter(|name| code(text).contains(&format!("{name}::")));
            faults.extend(impure.map(|name| format!("uses {name}")));
        }
        faults
    });
    assert_eq!(found, Vec::<String>::new());
}

#[test]
fn a_file_says_what_it_is_for_and_stays_small() {
    let found = complaints(|path, text| {
        let mut faults = Vec::new();
        if !text.starts_with("//!") {
            faults.push("does not open with //!".to_owned());
        }
        let lines = code(text).lines().count();
        if lines > MAX_LINES {
            faults.push(format!("{lines} lines of code"));
        }
        let name = path
            .file_stem()
            .and_then(|stem| stem.to_str())
            .unwrap_or_default();
        if EMPTY_NAMES.iter().any(|empty| name.contains(empty)) {
            faults.push("has a name that says nothing".to_owned());
        }
        faults
    });
    assert_eq!(found, Vec::<String>::new());
}

#[test]
fn sql_lives_in_the_store() {
    let verbs = ["SELECT ", "INSERT INTO ", "UPDATE ", "DELETE FROM "];
    let found = complaints(|path, text| {
        let is_store = path.starts_with(root().join("src/store"));
        let is_sql = |line: &&str| {
            let is_comment = line.trim_start().starts_with("//");
            !is_comment && verbs.iter().any(|verb| line.contains(verb)) && line.contains(['"', '$'])
        };
        let lines = code(text).lines().filter(|_| !is_store).filter(is_sql);
        lines
            .map(|line| format!("holds SQL: {}", line.trim()))
            .collect()
    });
    assert_eq!(found, Vec::<String>::new());
}

#[test]
fn every_store_function_has_a_contract_test() {
    let tests: String = sources(&root().join("tests/it/store"))
        .into_iter()
        .map(|(_, text)| text)
        .collect();
    let mut missing = Vec::new();
    for (path, text) in sources(&root().join("src/store")) {
        if path.ends_with("db.rs") || path.ends_with("codec.rs") {
            continue;
        }
        for line in code(&text).lines() {
            let Some(rest) = line.trim_start().strip_prefix("pub async fn ") else {
                continue;
            };
            let name: String = rest
                .chars()
                .take_while(|c| c.is_alphanumeric() || *c == '_')
                .collect();
            if !tests.contains(&format!(".{name}(")) && !tests.contains(&format!("::{name}(")) {
                missing.push(name);
            }
        }
    }
    assert_eq!(missing, Vec::<String>::new());
}

#[test]
fn the_image_is_built_of_what_its_ignore_file_lets_through() {
    let [dockerfile, ignored] =
        ["Dockerfile", ".dockerignore"].map(|name| fs::read_to_string(root().join(name)).unwrap());
    let copies = dockerfile
        .lines()
        .filter_map(|line| line.strip_prefix("COPY "));
    let own = copies.filter(|line| !line.starts_with("--"));
    let mut sources: Vec<&str> = own.flat_map(|line| line.split(' ')).collect();
    sources.retain(|source| *source != "./");
    assert!(sources.contains(&"src"), "{sources:?}");
    for source in &sources {
        let is_let_through = ignored
            .lines()
            .any(|line| line.strip_prefix('!') == Some(*source));
        assert!(
            is_let_through,
            ".dockerignore keeps {source} from the build"
        );
    }
    let folder = |path: &str| path.split('/').next().unwrap_or_default().to_owned();
    for (path, text) in all_sources() {
        for (_, rest) in text
            .match_indices("include_bytes!(\"")
            .map(|(at, m)| text.split_at(at + m.len()))
        {
            let file = path.parent().unwrap().join(rest.split('"').next().unwrap());
            let file = file.canonicalize().unwrap();
            let inside = file.strip_prefix(root()).unwrap().display().to_string();
            assert!(
                sources.contains(&&*folder(&inside)),
                "{inside} is not copied into the build"
            );
        }
    }
}
