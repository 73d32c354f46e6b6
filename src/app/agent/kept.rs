//! What the server said last, kept for a start while it is away: the watches with their secrets,
//! sealed with a key that only the token gives.

use std::fs;
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::app::agents::wire::{Assignments, Standings};
use crate::domain::sensitive::Sensitive;
use crate::secret::{Place, SealingKey, hash_token};

/// What belongs in the file.
const PLACE: Place = Place {
    table: "agent",
    field: "watches",
    row: Uuid::nil(),
};

/// The file.
#[derive(Debug)]
pub(super) struct Kept {
    path: PathBuf,
    key: SealingKey,
}

/// What it holds.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Said {
    /// What to check.
    pub(super) watches: Assignments,
    /// Where that stood.
    pub(super) standings: Standings,
}

impl Kept {
    /// The file in `folder`, for the agent with that token.
    pub(super) fn new(folder: &Path, token: &Sensitive) -> io::Result<Self> {
        // Another hash than the one that the server keeps.
        let digits = hash_token(&format!("watches of {}", token.expose()));
        let key = SealingKey::parse(&digits)
            .map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))?;
        Ok(Self {
            path: folder.join("watches.sealed"),
            key,
        })
    }

    /// Writes down what the server said.
    pub(super) fn save(&self, said: &Said) -> io::Result<()> {
        let text = serde_json::to_string(said)?;
        let part = self.path.with_extension("part");
        let mut options = fs::OpenOptions::new();
        options.write(true).create(true).truncate(true).mode(0o600);
        let mut file = options.open(&part)?;
        file.write_all(self.key.seal(&PLACE, &text).as_bytes())?;
        fs::rename(&part, &self.path)
    }

    /// What the server said last; nothing where there is none, or another token has written it.
    pub(super) fn load(&self) -> io::Result<Option<Said>> {
        let sealed = match fs::read_to_string(&self.path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            read => read?,
        };
        let text = self.key.open(&PLACE, sealed.trim());
        Ok(text.and_then(|text| serde_json::from_str(text.expose()).ok()))
    }

    /// Forgets it: it is not ours any more.
    pub(super) fn forget(&self) -> io::Result<()> {
        match fs::remove_file(&self.path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }
}
