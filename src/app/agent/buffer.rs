//! What an agent has done and its server has not taken yet: lines of JSON in a folder, in order.
//!
//! Every result is written before it is sent, so that a process that is killed loses none. A line
//! that was cut by that is passed over. The folder is bounded; when it is full the oldest go. What the disk
//! does not take waits in memory.
//! Nothing waits for the disk: what survives is the death of the process, not of the machine.

use std::collections::{HashMap, VecDeque};
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde::de::IgnoredAny;

use crate::app::agents::wire::MAX_RESULTS;
use crate::domain::at::At;
use crate::domain::id::MonitorId;
use crate::secret::private_folder;

/// Most results that wait: 100 monitors for a day, or one for four months.
pub(super) const MOST_RESULTS: usize = 150_000;
/// Most bytes that they take.
pub(super) const MOST_BYTES: u64 = 512 << 20;
/// Most bytes of the results that wait in memory.
const MOST_IN_MEMORY: usize = 16 << 20;
/// Most bytes of one file, but for a single result that is larger: it is sent as one batch.
const FILE_BYTES: u64 = 4 << 20;
/// What the files are called.
const EXTENSION: &str = "jsonl";

/// The results that wait.
#[derive(Debug)]
pub(super) struct Buffer {
    folder: PathBuf,
    files: VecDeque<Segment>,
    /// Where the next result goes; the last of the files.
    open: Option<File>,
    next: u64,
    bounds: (usize, u64),
    /// What could not be written, in order.
    unwritten: VecDeque<String>,
}

#[derive(Clone, Copy, Debug)]
struct Segment {
    number: u64,
    results: usize,
    bytes: u64,
}

/// The oldest results, as they are sent together.
#[derive(Debug)]
pub(super) struct Oldest {
    /// Their file; without one they are in memory only.
    number: Option<u64>,
    /// Each as JSON.
    pub(super) lines: Vec<String>,
}

/// What names a result.
#[derive(Deserialize)]
struct Name {
    monitor: MonitorId,
    slot: At,
}

impl Oldest {
    /// The last slot of each watch among them.
    pub(super) fn slots(&self) -> HashMap<MonitorId, At> {
        let mut slots = HashMap::new();
        for line in &self.lines {
            note(line, &mut slots);
        }
        slots
    }
}

fn note(line: &str, slots: &mut HashMap<MonitorId, At>) {
    if let Ok(name) = serde_json::from_str::<Name>(line) {
        let last = slots.entry(name.monitor).or_insert(name.slot);
        *last = name.slot.max(*last);
    }
}

impl Buffer {
    /// The buffer in `folder`, which is made when there is none, and the last slot of each watch that
    /// waits in it.
    pub(super) fn open(folder: &Path) -> io::Result<(Self, HashMap<MonitorId, At>)> {
        Self::bounded(folder, (MOST_RESULTS, MOST_BYTES))
    }

    fn bounded(folder: &Path, bounds: (usize, u64)) -> io::Result<(Self, HashMap<MonitorId, At>)> {
        private_folder(folder)?;
        let mut buffer = Self {
            folder: folder.to_owned(),
            files: VecDeque::new(),
            open: None,
            next: 0,
            bounds,
            unwritten: VecDeque::new(),
        };
        let mut numbers = Vec::new();
        for entry in fs::read_dir(folder)? {
            let path = entry?.path();
            let is_ours = path.extension().is_some_and(|e| e == EXTENSION);
            let stem = path.file_stem().and_then(|stem| stem.to_str());
            numbers.extend(
                stem.filter(|_| is_ours)
                    .and_then(|stem| stem.parse::<u64>().ok()),
            );
        }
        numbers.sort_unstable();
        let mut slots = HashMap::new();
        for number in numbers {
            let lines = buffer.read(number)?;
            for line in &lines {
                note(line, &mut slots);
            }
            buffer.files.push_back(Segment {
                number,
                results: lines.len(),
                bytes: fs::metadata(buffer.path(number))?.len(),
            });
            buffer.next = number + 1;
        }
        Ok((buffer, slots))
    }

    /// How many results wait.
    pub(super) fn len(&self) -> usize {
        let written: usize = self.files.iter().map(|file| file.results).sum();
        written + self.unwritten.len()
    }

    /// Writes a result down. Gives how many old ones had to go for it.
    pub(super) fn append(&mut self, line: &str) -> io::Result<usize> {
        let dropped = self.make_room(line.len())?;
        let written = self.write(line);
        if written.is_err() {
            // Whatever of it was written is passed over; the next one begins anew.
            self.open = None;
        }
        written.map(|()| dropped)
    }

    /// Keeps a result in memory that could not be written. False when there are too many already.
    pub(super) fn keep(&mut self, line: String) -> bool {
        let bytes: usize = self.unwritten.iter().map(String::len).sum();
        let has_room = bytes + line.len() <= MOST_IN_MEMORY;
        if has_room {
            self.unwritten.push_back(line);
        }
        has_room
    }

    fn write(&mut self, line: &str) -> io::Result<()> {
        let is_full = self.files.back().is_none_or(|file| {
            file.results >= MAX_RESULTS || file.bytes + line.len() as u64 > FILE_BYTES
        });
        if self.open.is_none() || is_full {
            let mut options = OpenOptions::new();
            options.append(true).create_new(true).mode(0o600);
            self.open = Some(options.open(self.path(self.next))?);
            self.files.push_back(Segment {
                number: self.next,
                results: 0,
                bytes: 0,
            });
            self.next += 1;
        }
        let (Some(file), Some(segment)) = (&mut self.open, self.files.back_mut()) else {
            return Err(io::ErrorKind::NotFound.into());
        };
        let mut text = String::with_capacity(line.len() + 1);
        text.push_str(line);
        text.push('\n');
        file.write_all(text.as_bytes())?;
        segment.results += 1;
        segment.bytes += text.len() as u64;
        Ok(())
    }

    /// Lets the oldest go until there is room for so many bytes more.
    fn make_room(&mut self, bytes: usize) -> io::Result<usize> {
        let (most_results, most_bytes) = self.bounds;
        let mut dropped = 0;
        loop {
            let taken: u64 = self.files.iter().map(|file| file.bytes).sum();
            if self.len() < most_results && taken + bytes as u64 <= most_bytes {
                return Ok(dropped);
            }
            let Some(oldest) = self.files.front().copied() else {
                return Ok(dropped);
            };
            self.drop_file(oldest.number)?;
            dropped += oldest.results;
        }
    }

    /// The oldest results, at most as many as one batch takes; they stay until [`Self::taken`].
    /// Files that hold nothing go.
    pub(super) fn oldest(&mut self) -> io::Result<Option<Oldest>> {
        while let Some(oldest) = self.files.front().copied() {
            if self.files.len() == 1 {
                self.open = None;
            }
            let lines = self.read(oldest.number)?;
            if !lines.is_empty() {
                let number = Some(oldest.number);
                return Ok(Some(Oldest { number, lines }));
            }
            self.drop_file(oldest.number)?;
        }
        let (number, lines) = (None, self.first_unwritten());
        Ok((!lines.is_empty()).then_some(Oldest { number, lines }))
    }

    fn first_unwritten(&self) -> Vec<String> {
        let mut bytes = 0;
        let fits = |line: &&String| {
            bytes += line.len() as u64;
            bytes == line.len() as u64 || bytes <= FILE_BYTES
        };
        let lines = self.unwritten.iter().take(MAX_RESULTS);
        lines.take_while(fits).cloned().collect()
    }

    /// The server has these.
    pub(super) fn taken(&mut self, oldest: &Oldest) -> io::Result<()> {
        let Some(number) = oldest.number else {
            self.unwritten.drain(..oldest.lines.len());
            return Ok(());
        };
        self.drop_file(number)
    }

    fn drop_file(&mut self, number: u64) -> io::Result<()> {
        if self.files.back().is_some_and(|last| last.number == number) {
            self.open = None;
        }
        self.files.retain(|file| file.number != number);
        match fs::remove_file(self.path(number)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }

    /// The lines of a file that are whole.
    fn read(&self, number: u64) -> io::Result<Vec<String>> {
        let bytes = match fs::read(self.path(number)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
            read => read?,
        };
        let lines = bytes.split(|byte| *byte == b'\n');
        let lines = lines.filter_map(|line| std::str::from_utf8(line).ok());
        let is_whole = |line: &&str| serde_json::from_str::<IgnoredAny>(line).is_ok();
        Ok(lines.filter(is_whole).map(str::to_owned).collect())
    }

    fn path(&self, number: u64) -> PathBuf {
        self.folder.join(format!("{number:012}.{EXTENSION}"))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn line(n: u64) -> String {
        json!({"monitor": uuid::Uuid::from_u128(1), "slot": At(n.cast_signed() * 1_000), "n": n})
            .to_string()
    }

    #[test]
    fn what_was_written_is_there_after_a_death_in_order_until_it_was_taken() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("results");
        let (mut buffer, _) = Buffer::open(&path).unwrap();
        for n in 0..450 {
            assert_eq!(buffer.append(&line(n)).unwrap(), 0);
        }
        // A process that dies says nothing, and may leave half a line.
        let last = buffer.path(buffer.next - 1);
        drop(buffer);
        let mut file = OpenOptions::new().append(true).open(last).unwrap();
        file.write_all(b"{\"half\": ").unwrap();
        let (mut buffer, slots) = Buffer::open(&path).unwrap();
        assert_eq!(buffer.len(), 450);
        assert_eq!(slots[&MonitorId(uuid::Uuid::from_u128(1))], At(449_000));
        buffer.append(&line(450)).unwrap();
        let mut all = Vec::new();
        while let Some(oldest) = buffer.oldest().unwrap() {
            assert!(oldest.lines.len() <= MAX_RESULTS);
            all.extend(oldest.lines.clone());
            buffer.taken(&oldest).unwrap();
        }
        let expected: Vec<String> = (0..=450).map(line).collect();
        assert_eq!(all, expected);
        assert_eq!(fs::read_dir(&path).unwrap().count(), 0);
    }

    #[test]
    fn what_comes_while_the_oldest_are_sent_is_kept_apart() {
        let folder = tempfile::tempdir().unwrap();
        let (mut buffer, _) = Buffer::open(folder.path()).unwrap();
        buffer.append(&line(0)).unwrap();
        let oldest = buffer.oldest().unwrap().unwrap();
        buffer.append(&line(1)).unwrap();
        buffer.taken(&oldest).unwrap();
        assert_eq!(buffer.oldest().unwrap().unwrap().lines, [line(1)]);
    }

    #[test]
    fn what_the_disk_does_not_take_waits_in_memory() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("results");
        let (mut buffer, _) = Buffer::open(&path).unwrap();
        buffer.append(&line(0)).unwrap();
        let first = buffer.oldest().unwrap().unwrap();
        fs::remove_dir_all(&path).unwrap();
        buffer.taken(&first).unwrap();
        for n in 1..=3 {
            buffer.append(&line(n)).unwrap_err();
            assert!(buffer.keep(line(n)));
        }
        assert_eq!(buffer.len(), 3);
        let waits = buffer.oldest().unwrap().unwrap();
        assert_eq!(waits.lines, [line(1), line(2), line(3)]);
        assert!(buffer.keep(line(4)), "while they are told");
        buffer.taken(&waits).unwrap();
        assert_eq!(buffer.oldest().unwrap().unwrap().lines, [line(4)]);
        assert!(!buffer.keep("x".repeat(MOST_IN_MEMORY)), "it is bounded");
    }

    #[test]
    fn when_it_is_full_the_oldest_go() {
        let folder = tempfile::tempdir().unwrap();
        let (mut buffer, _) = Buffer::bounded(folder.path(), (500, MOST_BYTES)).unwrap();
        let dropped: usize = (0..700).map(|n| buffer.append(&line(n)).unwrap()).sum();
        assert_eq!(dropped, 200);
        assert_eq!(buffer.oldest().unwrap().unwrap().lines[0], line(200));
        let (mut small, _) = Buffer::bounded(&folder.path().join("small"), (500, 100)).unwrap();
        assert_eq!(small.append(&line(0)).unwrap(), 0);
        assert_eq!(small.append(&line(1)).unwrap(), 1);
        assert_eq!(small.len(), 1);
    }
}
