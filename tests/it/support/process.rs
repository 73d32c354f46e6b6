//! A server of somebody else's as a child process: started on a free port, ended with its handle.

use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

/// Two cores that compile at the same time make everything slow to start.
const START: Duration = Duration::from_secs(30);
/// Between two looks whether it listens.
const LOOK: Duration = Duration::from_millis(10);

/// A port of loopback that was free a moment ago, for servers that cannot choose for themselves.
pub(crate) fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().port()
}

/// The process ends with its handle, and its folder with it.
pub(crate) struct Process {
    child: Child,
    _folder: TempDir,
}

impl Process {
    /// Starts `command` and waits until it listens on `port`. Blocks.
    pub(crate) fn listening(mut command: Command, port: u16, folder: TempDir) -> Self {
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
        let address = SocketAddr::from(([127, 0, 0, 1], port));
        let start = Instant::now();
        while TcpStream::connect(address).is_err() {
            let has_ended = process.child.try_wait().unwrap().is_some();
            assert!(
                !has_ended && start.elapsed() < START,
                "{command:?} does not listen:\n{}",
                std::fs::read_to_string(&log).unwrap_or_default()
            );
            std::thread::sleep(LOOK);
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
