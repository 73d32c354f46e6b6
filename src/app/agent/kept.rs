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

/// How many digits tell the folders of two tokens apart.
const MARK: usize = 16;

/// The file.
#[derive(Debug)]
pub(super) struct Kept {
    path: PathBuf,
    results: PathBuf,
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
            results: folder.join(format!("results-{}", mark(token))),
            key,
        })
    }

    /// Where the results of that agent wait, and those of no other one. What an older release has
    /// gathered here for the same token is taken over.
    pub(super) fn results(&self) -> io::Result<PathBuf> {
        let before = self.path.with_file_name("results");
        if !self.results.exists() && before.exists() && self.open()?.is_some() {
            fs::rename(&before, &self.results)?;
        }
        Ok(self.results.clone())
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
        let text = self.open()?;
        Ok(text.and_then(|text| serde_json::from_str(text.expose()).ok()))
    }

    fn open(&self) -> io::Result<Option<Sensitive>> {
        let sealed = match fs::read_to_string(&self.path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            read => read?,
        };
        Ok(self.key.open(&PLACE, sealed.trim()))
    }

    /// Forgets it: it is not ours any more.
    pub(super) fn forget(&self) -> io::Result<()> {
        match fs::remove_file(&self.path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }
}

fn mark(token: &Sensitive) -> String {
    let mut digits = hash_token(&format!("results of {}", token.expose()));
    digits.truncate(MARK);
    digits
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::domain::at::At;
    use crate::domain::id::TeamId;

    fn said() -> Said {
        Said {
            watches: Assignments {
                team: TeamId(Uuid::from_u128(1)),
                name: "Office".to_owned(),
                location: "office".to_owned(),
                is_cut: false,
                watches: vec![],
            },
            standings: Standings {
                now: At(0),
                standings: vec![],
            },
        }
    }

    #[test]
    fn results_are_told_by_the_agent_that_made_them() {
        let folder = tempfile::tempdir().unwrap();
        let kept = |token: &str| Kept::new(folder.path(), &Sensitive::new(token)).unwrap();
        let (office, dc) = (kept("ls_office"), kept("ls_dc"));
        // As an older release has left it.
        office.save(&said()).unwrap();
        let before = folder.path().join("results");
        fs::create_dir(&before).unwrap();
        fs::write(before.join("0.jsonl"), "{}\n").unwrap();
        let theirs = dc.results().unwrap();
        assert!(!theirs.join("0.jsonl").exists(), "they are another agent's");
        let ours = office.results().unwrap();
        assert!(ours.join("0.jsonl").exists(), "they are its own");
        assert_ne!(ours, theirs);
        // What a third one left is nobody's, whoever has begun here since.
        fs::create_dir(&theirs).unwrap();
        fs::create_dir(&before).unwrap();
        dc.save(&said()).unwrap();
        assert_eq!(dc.results().unwrap(), theirs);
        assert!(before.exists());
    }
}
