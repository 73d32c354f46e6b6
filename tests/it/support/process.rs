//! A server of somebody else's as a child process: started on free ports, ended with its handle.

use std::net::{TcpListener, TcpStream};
use std::ops::Range;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

/// Two cores that compile at the same time make everything slow to start.
const START: Duration = Duration::from_secs(200);
/// Between two looks whether it listens.
const LOOK: Duration = Duration::from_millis(10);

/// Below those that the system gives to whoever asks for any port or only connects, so that one that
/// is free now is so when a slow server gets to it.
const PORTS: Range<u16> = 10_000..32_000;
/// So many that are taken are passed by.
const DRAWS: usize = 1_000;

/// Different ports of loopback that are free, for servers that cannot choose for themselves.
pub(crate) fn free_ports(count: usize) -> Vec<u16> {
    let held: Vec<TcpListener> = (0..DRAWS)
        .filter_map(|_| TcpListener::bind(("127.0.0.1", rand::random_range(PORTS))).ok())
        .take(count)
        .collect();
    assert_eq!(held.len(), count, "no {count} ports are free");
    held.iter()
        .map(|listener| listener.local_addr().unwrap().port())
        .collect()
}

/// The process ends with its handle, and its folder with it.
pub(crate) struct Process {
    child: Child,
    _folder: TempDir,
}

impl Process {
    /// Starts `command` in `folder` and waits until it listens on all of `ports`. Blocks.
    pub(crate) fn listening(mut command: Command, ports: &[u16], folder: TempDir) -> Self {
        let log = folder.path().join("log");
        let said = std::fs::File::create(&log).unwrap();
        command
            .current_dir(folder.path())
            .stdin(Stdio::null())
            .stdout(said.try_clone().unwrap())
            .stderr(said);
        let child = command
            .spawn()
            .expect("tests/setup/tools.sh installs what this needs");
        let mut process = Self {
            child,
            _folder: folder,
        };
        let start = Instant::now();
        for port in ports {
            while TcpStream::connect(("127.0.0.1", *port)).is_err() {
                let has_ended = process.child.try_wait().unwrap().is_some();
                assert!(
                    !has_ended && start.elapsed() < START,
                    "{command:?} does not listen:\n{}",
                    std::fs::read_to_string(&log).unwrap_or_default()
                );
                std::thread::sleep(LOOK);
            }
        }
        process
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _gone = self.child.kill();
        let _gone = self.child.wait();
    }
}
