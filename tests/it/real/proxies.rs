//! nginx and Caddy with TLS in front of real servers, as people set them up: unprivileged, on free
//! ports, in a temporary folder, with a certificate of a CA made for the occasion.

use std::fmt::Write as _;
use std::fs;
use std::path::PathBuf;
use std::process::Command;

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};
use tempfile::TempDir;

use crate::support::process::{Process, free_ports};

/// A proxy, and where it stands in front of each server.
pub(super) struct Proxy {
    /// `https://localhost:PORT`, in the order of the servers.
    pub(super) origins: Vec<String>,
    _process: Process,
}

/// What every proxy here needs; the folder goes with it.
pub(super) struct Workshop {
    folder: TempDir,
}

impl Workshop {
    pub(super) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        let name = "CA of the real servers";
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        let ca = params.self_signed(&key).unwrap();
        let issuer = Issuer::new(params, key);
        let key = KeyPair::generate().unwrap();
        let leaf = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
        let leaf = leaf.signed_by(&key, &issuer).unwrap();
        let write = |name: &str, text: String| fs::write(folder.path().join(name), text).unwrap();
        write("ca.pem", ca.pem());
        write("cert.pem", leaf.pem());
        write("key.pem", key.serialize_pem());
        Self { folder }
    }

    /// What clients have to trust.
    pub(super) fn ca(&self) -> PathBuf {
        self.folder.path().join("ca.pem")
    }

    /// Debian's nginx with the one line that event streams want.
    pub(super) fn nginx(&self, servers: &[&str]) -> Proxy {
        let ports = free_ports(servers.len());
        let mut sites = String::new();
        for (port, server) in ports.iter().zip(servers) {
            write!(
                sites,
                "server {{ listen 127.0.0.1:{port} ssl; server_name localhost; location / {{
                   proxy_pass http://{server}; proxy_http_version 1.1; proxy_buffering off;
                   proxy_set_header Host $http_host; proxy_set_header Connection ''; }} }}\n"
            )
            .unwrap();
        }
        let place = self.folder.path().display();
        let temporary: String = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
            .map(|kind| format!("{kind}_temp_path {place}/{kind};\n"))
            .concat();
        let config = format!(
            "daemon off; master_process off; pid {place}/nginx.pid; error_log {place}/nginx.log;
             events {{ worker_connections 512; }}
             http {{ access_log off; {temporary}
               ssl_certificate {place}/cert.pem; ssl_certificate_key {place}/key.pem;
               {sites} }}"
        );
        let file = self.folder.path().join("nginx.conf");
        fs::write(&file, config).unwrap();
        let mut command = Command::new("nginx");
        // Debian keeps it where only root looks.
        let path = std::env::var_os("PATH").unwrap_or_default();
        let mut path = path.into_string().unwrap();
        path.push_str(":/usr/sbin");
        command.env("PATH", path).arg("-c").arg(file);
        command.arg("-e").arg(self.folder.path().join("nginx.log"));
        Proxy::start(command, &ports)
    }

    /// Debian's Caddy as its manual has it: one line for each site.
    pub(super) fn caddy(&self, servers: &[&str]) -> Proxy {
        let ports = free_ports(servers.len());
        let place = self.folder.path().display();
        let mut config = "{\n admin off\n auto_https disable_redirects\n}\n".to_owned();
        for (port, server) in ports.iter().zip(servers) {
            write!(
                config,
                "https://localhost:{port} {{\n bind 127.0.0.1\n tls {place}/cert.pem {place}/key.pem\n \
                 reverse_proxy {server}\n}}\n"
            )
            .unwrap();
        }
        let file = self.folder.path().join("Caddyfile");
        fs::write(&file, config).unwrap();
        let mut command = Command::new("caddy");
        command
            .args(["run", "--adapter", "caddyfile", "--config"])
            .arg(file)
            .env("XDG_DATA_HOME", self.folder.path())
            .env("XDG_CONFIG_HOME", self.folder.path())
            .env("HOME", self.folder.path());
        Proxy::start(command, &ports)
    }
}

impl Proxy {
    fn start(command: Command, ports: &[u16]) -> Self {
        Self {
            origins: ports
                .iter()
                .map(|port| format!("https://localhost:{port}"))
                .collect(),
            _process: Process::listening(command, ports, tempfile::tempdir().unwrap()),
        }
    }
}
