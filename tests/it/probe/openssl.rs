//! A server of OpenSSL, for what rustls refuses to be.

use std::process::Command;

use super::{Checked, Probe};
use crate::support::process::{Process, free_ports};

/// Probes an `openssl s_server` that was given this option.
pub(super) async fn speaking(option: &'static str) -> Checked {
    let (_server, port) = tokio::task::spawn_blocking(|| start(option)).await.unwrap();
    let probe = Probe::of(&format!("https://localhost:{port}/mcp"));
    probe.timeout(5_000).run().await
}

fn start(option: &str) -> (Process, u16) {
    let folder = tempfile::tempdir().unwrap();
    let certificate = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let pem = certificate.cert.pem() + &certificate.signing_key.serialize_pem();
    std::fs::write(folder.path().join("both.pem"), pem).unwrap();
    let port = free_ports(1)[0];
    let mut command = Command::new("openssl");
    command
        .args(["s_server", "-4", "-www", "-cipher", "ALL:@SECLEVEL=0"])
        .args([option, "-cert", "both.pem", "-accept"])
        .arg(format!("127.0.0.1:{port}"));
    (Process::listening(command, &[port], folder), port)
}
