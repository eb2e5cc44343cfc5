//! Uploaded files.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::mem;
use std::sync::{Arc, Mutex, PoisonError};

/// The maximum size of an upload in memory; a larger one is written to a temporary file.
const MAX_MEMORY: usize = 1 << 20;

/// An uploaded file. Clones share its content, which is deleted with the last of them.
#[derive(Clone, Debug)]
pub struct Upload {
    /// The key as it was sent: `field`, `field+` or `+field`.
    pub key: String,
    /// The client's name, which cannot be trusted.
    pub name: String,
    /// The content.
    pub size: u64,
    content: Arc<Content>,
}

#[derive(Debug)]
enum Content {
    Memory(Vec<u8>),
    // The temporary file has no name in the file system, so it is never left behind.
    File(Mutex<File>),
}

impl Upload {
    /// Makes an upload of an existing file.
    pub fn of_file(file: File, name: String) -> io::Result<Self> {
        Ok(Self {
            key: String::new(),
            name,
            size: file.metadata()?.len(),
            content: Arc::new(Content::File(Mutex::new(file))),
        })
    }

    /// Returns the number of bytes in memory.
    pub fn in_memory(&self) -> usize {
        match &*self.content {
            Content::Memory(bytes) => bytes.len(),
            Content::File(_) => 0,
        }
    }

    /// Reads at most `most` bytes from position `from`; fewer at the end. May block on a disk.
    pub fn read(&self, from: u64, most: usize) -> io::Result<Vec<u8>> {
        let left = usize::try_from(self.size.saturating_sub(from)).unwrap_or(usize::MAX);
        let length = most.min(left);
        match &*self.content {
            Content::Memory(bytes) => {
                let from = usize::try_from(from).unwrap_or(usize::MAX).min(bytes.len());
                Ok(bytes[from..from + length].to_vec())
            }
            Content::File(file) => {
                let mut bytes = vec![0; length];
                let mut file = file.lock().unwrap_or_else(PoisonError::into_inner);
                file.seek(SeekFrom::Start(from))?;
                file.read_exact(&mut bytes)?;
                Ok(bytes)
            }
        }
    }
}

/// Writes the content of an upload piece by piece.
#[derive(Debug)]
pub struct Spool {
    room: usize,
    waiting: Vec<u8>,
    file: Option<File>,
    size: u64,
}

impl Spool {
    /// Keeps at most `most` bytes in memory.
    pub fn within(room: usize) -> Self {
        Self {
            room: room.min(MAX_MEMORY),
            waiting: Vec::new(),
            file: None,
            size: 0,
        }
    }

    /// Adds a piece. Writes to disk on a thread for blocking work.
    pub async fn push(&mut self, piece: &[u8]) -> io::Result<()> {
        self.waiting.extend_from_slice(piece);
        self.size += piece.len() as u64;
        if self.waiting.len() > self.room {
            self.flush().await?;
        }
        Ok(())
    }

    async fn flush(&mut self) -> io::Result<()> {
        let waiting = mem::take(&mut self.waiting);
        let file = self.file.take();
        let write = move || {
            let mut file = match file {
                Some(file) => file,
                None => tempfile::tempfile()?,
            };
            file.write_all(&waiting)?;
            Ok::<_, io::Error>(file)
        };
        let written = tokio::task::spawn_blocking(write).await;
        self.file = Some(written.map_err(io::Error::other)??);
        Ok(())
    }

    /// Returns the complete upload.
    pub async fn finish(mut self, key: String, name: String) -> io::Result<Upload> {
        let room = if self.file.is_some() { 0 } else { self.room };
        if self.waiting.len() > room {
            self.flush().await?;
        }
        let content = match self.file {
            Some(file) => Content::File(Mutex::new(file)),
            None => Content::Memory(self.waiting),
        };
        Ok(Upload {
            key,
            name,
            size: self.size,
            content: Arc::new(content),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn spooled(size: usize) -> Upload {
        let bytes: Vec<u8> = (0..=250).cycle().take(size).collect();
        let mut spool = Spool::within(usize::MAX);
        for piece in bytes.chunks(100_000) {
            spool.push(piece).await.unwrap();
        }
        spool.finish("f".to_owned(), "n".to_owned()).await.unwrap()
    }

    #[test]
    fn what_went_in_is_read_from_memory_and_from_a_file() {
        for size in [0, 1, 1000, MAX_MEMORY, MAX_MEMORY + 1, 3 * MAX_MEMORY + 7] {
            let upload = actix_web::rt::System::new().block_on(spooled(size));
            assert_eq!(upload.size, size as u64);
            let is_file = matches!(*upload.content, Content::File(_));
            assert_eq!(is_file, size > MAX_MEMORY, "{size}");
            let all = upload.read(0, usize::MAX).unwrap();
            assert_eq!(all.len(), size);
            assert!(all.iter().copied().eq((0..=250).cycle().take(size)));
            let middle = upload.read(size as u64 / 2, 10).unwrap();
            assert_eq!(middle, all[size / 2..(size / 2 + 10).min(size)]);
            assert!(upload.read(size as u64 + 5, 10).unwrap().is_empty());
        }
    }
}
