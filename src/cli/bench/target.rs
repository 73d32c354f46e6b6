//! The built-in server: MCP 2025-11-25 over Streamable HTTP, with or without TLS, with sessions and ten
//! tools, in a process of its own, so that its work is not counted.

use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;

use anyhow::{Context as _, bail};
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use axum::serve::Listener;
use axum::{Json, Router};
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use serde_json::{Value, json};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use crate::clock::Ids;

/// The authority of the certificate, in the folder of the measure.
pub(super) const AUTHORITY: &str = "authority.pem";
const CERTIFICATE: &str = "certificate.pem";
const KEY: &str = "key.pem";
/// Most handshakes at once.
const WAITING: usize = 256;
/// How many tools it lists.
const TOOLS: usize = 10;

/// The server while it runs.
pub(super) struct Target {
    process: Child,
    /// Where it answers.
    pub(super) url: String,
    /// The authority of its certificate, as PEM.
    pub(super) authority: Vec<u8>,
}

impl Target {
    /// Makes its certificate in `folder` and starts it, over TLS or without.
    pub(super) fn start(folder: &Path, is_plain: bool) -> anyhow::Result<Self> {
        let authority = make_certificate(folder).context("cannot make a certificate")?;
        let mut process = Command::new(std::env::current_exe()?)
            .args(["bench", "--target"])
            .arg(folder)
            .args(is_plain.then_some("--plain"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .context("cannot start the built-in server")?;
        let mut address = String::new();
        let said = process.stdout.take().context("no output of the server")?;
        BufReader::new(said).read_line(&mut address)?;
        if address.is_empty() {
            bail!("the built-in server ended at once");
        }
        let scheme = if is_plain { "http" } else { "https" };
        Ok(Self {
            process,
            url: format!("{scheme}://{}/mcp", address.trim()),
            authority,
        })
    }
}

impl Drop for Target {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// An authority and a certificate of 127.0.0.1 by it.
fn make_certificate(folder: &Path) -> anyhow::Result<Vec<u8>> {
    let key = KeyPair::generate()?;
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority = params.self_signed(&key)?.pem();
    let issuer = Issuer::new(params, key);
    let key = KeyPair::generate()?;
    let certificate = CertificateParams::new(["127.0.0.1".to_owned()])?.signed_by(&key, &issuer)?;
    std::fs::write(folder.join(AUTHORITY), &authority)?;
    std::fs::write(folder.join(CERTIFICATE), certificate.pem())?;
    std::fs::write(folder.join(KEY), key.serialize_pem())?;
    Ok(authority.into_bytes())
}

/// Serves until its parent goes away or ends it.
pub(super) async fn serve(folder: &Path, is_plain: bool) -> anyhow::Result<()> {
    let tcp = TcpListener::bind(("127.0.0.1", 0)).await?;
    let address = tcp.local_addr()?;
    std::io::Write::write_all(&mut std::io::stdout(), format!("{address}\n").as_bytes())?;
    // The end of its input says that the parent is gone.
    let (gone, parent) = tokio::sync::oneshot::channel();
    std::thread::spawn(move || {
        let _ = std::io::stdin().lines().count();
        let _ = gone.send(());
    });
    let served = async {
        if is_plain {
            Ok(axum::serve(tcp, router()).await?)
        } else {
            serve_tls(tcp, address, folder).await
        }
    };
    tokio::select! {
        done = served => done,
        _ = parent => Ok(()),
    }
}

async fn serve_tls(tcp: TcpListener, address: SocketAddr, folder: &Path) -> anyhow::Result<()> {
    let certificate = CertificateDer::from_pem_file(folder.join(CERTIFICATE))?;
    let key = PrivateKeyDer::from_pem_file(folder.join(KEY))?;
    let config = rustls::ServerConfig::builder()
        .with_no_client_auth()
        .with_single_cert(vec![certificate], key)?;
    let (ready, shaken) = mpsc::channel(WAITING);
    let shaking = shake_hands(tcp, TlsAcceptor::from(Arc::new(config)), ready);
    let served = axum::serve(TlsListener { shaken, address }, router());
    tokio::select! {
        done = served => Ok(done?),
        () = shaking => Ok(()),
    }
}

/// Shakes hands with all who come, one beside the other; a handshake that fails is somebody else's.
async fn shake_hands(tcp: TcpListener, tls: TlsAcceptor, ready: mpsc::Sender<Connection>) {
    let mut shaking = JoinSet::new();
    loop {
        tokio::select! {
            Ok((stream, address)) = tcp.accept(), if shaking.len() < WAITING => {
                let (tls, ready) = (tls.clone(), ready.clone());
                shaking.spawn(async move {
                    if let Ok(stream) = tls.accept(stream).await {
                        let _ = ready.send((stream, address)).await;
                    }
                });
            }
            Some(_) = shaking.join_next() => {}
            else => return,
        }
    }
}

type Connection = (TlsStream<TcpStream>, SocketAddr);

/// Connections that have shaken hands.
struct TlsListener {
    shaken: mpsc::Receiver<Connection>,
    address: SocketAddr,
}

impl Listener for TlsListener {
    type Io = TlsStream<TcpStream>;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> Connection {
        match self.shaken.recv().await {
            Some(connection) => connection,
            None => std::future::pending().await,
        }
    }

    fn local_addr(&self) -> std::io::Result<SocketAddr> {
        Ok(self.address)
    }
}

fn router() -> Router {
    let tool = |n: usize| {
        json!({
            "name": format!("tool_{n}"),
            "description": "Finds documents by name, by text and by date, the latest first.",
            "inputSchema": { "type": "object", "properties": {
                "query": { "type": "string", "description": "What to look for." },
                "limit": { "type": "integer", "description": "Most results.", "minimum": 1 },
            }, "required": ["query"] },
        })
    };
    let tools: Value = (0..TOOLS).map(tool).collect();
    Router::new()
        .route("/mcp", post(answer).delete(StatusCode::OK))
        .with_state((Arc::new(tools), Ids::random()))
}

async fn answer(
    State((tools, ids)): State<(Arc<Value>, Ids)>,
    Json(asked): Json<Value>,
) -> Response {
    let result = match asked["method"].as_str() {
        Some("initialize") => json!({
            "protocolVersion": "2025-11-25",
            "capabilities": { "tools": {} },
            "serverInfo": { "name": "bench", "version": "1.0.0" },
        }),
        Some("tools/list") => json!({ "tools": *tools }),
        Some("ping") => json!({}),
        _ if asked.get("id").is_none() => return StatusCode::ACCEPTED.into_response(),
        _ => {
            let error = json!({ "code": -32601, "message": "Method not found" });
            return Json(json!({ "jsonrpc": "2.0", "id": asked["id"], "error": error }))
                .into_response();
        }
    };
    let body = Json(json!({ "jsonrpc": "2.0", "id": asked["id"], "result": result }));
    match asked["method"].as_str() {
        Some("initialize") => {
            let session = ids.next().simple().to_string();
            ([("mcp-session-id", session)], body).into_response()
        }
        _ => body.into_response(),
    }
}
