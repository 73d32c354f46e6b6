//! Settings, tried.

use std::os::unix::ffi::OsStringExt as _;

use super::*;

#[test]
fn the_defaults_work_on_a_laptop() {
    let settings = Settings::of(&[]).unwrap();
    assert_eq!(settings.public_url, "http://127.0.0.1:8080");
    assert_eq!(settings.retention_checks, Duration::from_hours(14 * 24));
    assert!(settings.roles.web && settings.roles.probe && settings.roles.alert);
    assert!(!settings.is_https());
    let name = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap();
    assert_eq!(settings.node_name, name.trim());
}

#[test]
fn a_value_that_makes_no_sense_is_refused_by_name() {
    for (name, value, part) in [
        ("listen", "8080", "address and port"),
        ("database_url", "mysql://x", "sqlite:// or postgres://"),
        (
            "database_url",
            "postgres://x/y",
            "is required with PostgreSQL",
        ),
        ("secret_key", "abc", "64 hexadecimal"),
        ("smtp_url", "smtp://x", "sender"),
        ("roles", "web,cook", "'cook'"),
        ("retention_checks", "soon", "14d"),
        ("public_url", "example.com", "https://"),
        ("max_in_flight", "0", "above zero"),
        ("signups", "yes", "closed, invite or open"),
        ("canary_addresses", "1.1.1.1", "host and port"),
        ("canary_addresses", "a:1 b:1 c:1 d:1 e:1 f:1", "at most 5"),
    ] {
        let error = Settings::of(&[(name, value)]).unwrap_err().to_string();
        assert!(
            error.contains(part) && error.contains("LIFESIGN_"),
            "{name}: {error}"
        );
    }
}

#[test]
fn a_variable_that_is_no_text_is_refused_if_it_is_ours() {
    let odd = || OsString::from_vec(vec![0xff]);
    let variables = [
        ("LIFESIGN_LOG".into(), "warn".into()),
        ("PS1".into(), odd()),
        (odd(), odd()),
    ];
    let values = ours(variables.into_iter()).unwrap();
    assert_eq!(values, [("log".to_owned(), "warn".to_owned())].into());
    let error = ours([("LIFESIGN_LOG".into(), odd())].into_iter()).unwrap_err();
    assert_eq!(error.to_string(), "setting LIFESIGN_LOG: is not UTF-8");
}

#[test]
fn the_file_knows_only_settings_that_there_are() {
    let error = from_file("lissten = \"x\"", Path::new("lifesign.toml")).unwrap_err();
    assert!(error.to_string().contains("no setting 'lissten'"));
}

#[test]
fn the_example_file_is_up_to_date() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("config.example.toml");
    let written = std::fs::read_to_string(path).unwrap_or_default();
    assert!(
        written == example(),
        "config.example.toml is stale: run `lifesign config > config.example.toml`"
    );
}
