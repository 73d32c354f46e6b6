//! `lifesign bench` on a small scale: it ends by itself and tells a figure of each kind.

use std::process::Command;

use serde_json::Value;

#[test]
fn a_machine_is_measured() {
    let output = Command::new(env!("CARGO_BIN_EXE_lifesign"))
        .args([
            "bench",
            "--json",
            "--monitors",
            "30",
            "--probes",
            "20",
            "--minutes",
            "2",
        ])
        .output()
        .unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(
        output.status.success(),
        "{said}{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let lines: Vec<Value> = said
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let named: Vec<&str> = lines
        .iter()
        .filter_map(|line| line["name"].as_str())
        .collect();
    assert_eq!(
        named,
        [
            "probe over TLS",
            "claim and record",
            "list of monitors",
            "page of a monitor",
            "status page",
            "status JSON",
            "delete what is old"
        ]
    );
    let deleted = lines
        .iter()
        .find(|line| line["name"] == "delete what is old");
    assert_eq!(
        deleted.unwrap()["n"],
        120,
        "those of the minutes before, too"
    );
    let last = lines.last().unwrap();
    assert!(last["write_max_ms"].as_f64().unwrap() >= last["write_p99_ms"].as_f64().unwrap());
    let recorded = &lines[1];
    assert_eq!(recorded["n"], 60, "every monitor in both minutes");
    assert!(
        lines[2]["bytes_per_check"].as_f64().unwrap() > 0.0,
        "{said}"
    );
}
