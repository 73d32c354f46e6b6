//! A name server on loopback that answers every question alike, unless told otherwise of a name.

use std::collections::HashMap;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::net::UdpSocket;
use tokio::task::JoinHandle;

/// What it knows of every name.
#[derive(Clone, Copy)]
pub(crate) enum Zone {
    /// The name has these addresses; none at all is a name without addresses.
    Has(Option<Ipv4Addr>, Option<Ipv6Addr>),
    /// The question is refused with this RCODE: 2 SERVFAIL, 3 NXDOMAIN.
    Fails(u8),
    /// The name has this address, which is told so many milliseconds late.
    Late(u64, Ipv4Addr),
    /// Nothing is ever answered.
    Silent,
}

/// A name server; ends when it is dropped.
pub(crate) struct NameServer {
    pub(crate) address: SocketAddr,
    script: Arc<Mutex<Script>>,
    task: JoinHandle<()>,
}

/// What it answers: to questions for a name, and to all others.
struct Script {
    names: HashMap<String, Zone>,
    others: Zone,
}

impl NameServer {
    #[expect(clippy::disallowed_methods, reason = "no task of the application")]
    pub(crate) async fn start(zone: Zone) -> Self {
        let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let address = socket.local_addr().unwrap();
        let script = Arc::new(Mutex::new(Script {
            names: HashMap::new(),
            others: zone,
        }));
        let played = Arc::clone(&script);
        let task = tokio::spawn(async move {
            let mut question = [0; 512];
            while let Ok((len, from)) = socket.recv_from(&mut question).await {
                let zone = played.lock().unwrap().zone(&question[..len]);
                if let Zone::Late(ms, _) = zone {
                    tokio::time::sleep(Duration::from_millis(ms)).await;
                }
                if let Some(answer) = answer(zone, &question[..len]) {
                    let _ = socket.send_to(&answer, from).await;
                }
            }
        });
        Self {
            address,
            script,
            task,
        }
    }

    /// From now on answers so, whatever was said of single names before.
    pub(crate) fn set(&self, zone: Zone) {
        let mut script = self.script.lock().unwrap();
        script.names.clear();
        script.others = zone;
    }

    /// From now on answers so about one name.
    pub(crate) fn set_name(&self, name: &str, zone: Zone) {
        let mut script = self.script.lock().unwrap();
        script.names.insert(name.to_owned(), zone);
    }
}

impl Script {
    fn zone(&self, question: &[u8]) -> Zone {
        let zone = self.names.get(&name(question).unwrap_or_default());
        *zone.unwrap_or(&self.others)
    }
}

/// The name that is asked for, in lower case and without the dot at its end.
fn name(question: &[u8]) -> Option<String> {
    let mut labels = Vec::new();
    let mut rest = question.get(12..)?;
    while let Some((length @ 1.., tail)) = rest.split_first() {
        let (label, tail) = tail.split_at_checked(usize::from(*length))?;
        labels.push(String::from_utf8_lossy(label).to_lowercase());
        rest = tail;
    }
    Some(labels.join("."))
}

impl Drop for NameServer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// The answer to one question (RFC 1035), which it repeats.
fn answer(zone: Zone, question: &[u8]) -> Option<Vec<u8>> {
    let labels = question.get(12..)?;
    let name = labels.iter().position(|byte| *byte == 0)? + 1;
    let kind = u16::from_be_bytes([*labels.get(name)?, *labels.get(name + 1)?]);
    let (rcode, data) = match zone {
        Zone::Silent => return None,
        Zone::Fails(rcode) => (rcode, None),
        Zone::Late(_, address) if kind == 1 => (0, Some(address.octets().to_vec())),
        Zone::Late(..) => (0, None),
        Zone::Has(four, six) => match kind {
            1 => (0, four.map(|address| address.octets().to_vec())),
            28 => (0, six.map(|address| address.octets().to_vec())),
            _ => (0, None),
        },
    };
    let mut answer = question[..2].to_vec();
    answer.extend([
        0x85,
        0x80 | rcode,
        0,
        1,
        0,
        u8::from(data.is_some()),
        0,
        0,
        0,
        0,
    ]);
    answer.extend(&labels[..name + 4]);
    if let Some(data) = data {
        answer.extend([0xc0, 12]);
        answer.extend(kind.to_be_bytes());
        answer.extend([0, 1, 0, 0, 0, 60, 0, u8::try_from(data.len()).ok()?]);
        answer.extend(data);
    }
    Some(answer)
}
