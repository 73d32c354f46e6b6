//! A file that is there whole or not at all: written aside, brought to the disk, then put in place.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use anyhow::Context as _;

use crate::secret::private_file;

/// What the name of a file that is not whole yet ends with.
const SUFFIX: &str = ".part";

/// A file that is being written; dropped without [`Draft::keep`] it is removed.
#[derive(Debug)]
pub(super) struct Draft {
    file: File,
    aside: PathBuf,
    path: PathBuf,
    is_kept: bool,
}

impl Draft {
    /// Begins a file for `path` that nobody else may read: hashes of passwords are in it.
    pub(super) fn new(path: &Path) -> anyhow::Result<Self> {
        let mut aside = path.as_os_str().to_owned();
        aside.push(SUFFIX);
        let aside = PathBuf::from(aside);
        // Left by one that was killed; it may belong to somebody else, or lead elsewhere.
        let file = match fs::remove_file(&aside) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => private_file(&aside),
        };
        let file = file.with_context(|| format!("cannot write {}", aside.display()))?;
        let (path, is_kept) = (path.to_owned(), false);
        Ok(Self {
            file,
            aside,
            path,
            is_kept,
        })
    }

    /// Where to write.
    pub(super) fn file(&self) -> anyhow::Result<File> {
        self.file.try_clone().context("cannot write the backup")
    }

    /// Puts it in place, where it survives a loss of power.
    pub(super) fn keep(mut self) -> anyhow::Result<()> {
        let failed = || format!("cannot write {}", self.path.display());
        self.file.sync_all().with_context(failed)?;
        fs::rename(&self.aside, &self.path).with_context(failed)?;
        let folder = self.path.parent().filter(|folder| *folder != Path::new(""));
        let folder = File::open(folder.unwrap_or(Path::new(".")));
        folder
            .and_then(|folder| folder.sync_all())
            .with_context(failed)?;
        self.is_kept = true;
        Ok(())
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        if !self.is_kept {
            // It may be in place already.
            let _ = fs::remove_file(&self.aside);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    #[test]
    fn a_file_is_replaced_by_a_whole_one_only() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("backup");
        fs::write(&path, "old").unwrap();
        fs::write(folder.path().join("backup.part"), "left behind").unwrap();
        let draft = Draft::new(&path).unwrap();
        draft.file().unwrap().write_all(b"half").unwrap();
        drop(draft);
        assert_eq!(fs::read_to_string(&path).unwrap(), "old");
        let draft = Draft::new(&path).unwrap();
        draft.file().unwrap().write_all(b"new").unwrap();
        draft.keep().unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "new");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            let mode = fs::metadata(&path).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600);
        }
    }
}
