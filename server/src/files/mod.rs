//! Files of records: where they are, what they are called, who is served them.
//!
//! A record names its files; the bytes are in the [`storage`]. A file is stored before the record that names it is
//! written, and goes after the write that takes its name away is committed: whatever ends the server in between leaves
//! at most a file that nothing names, which [`clean`] finds, never a name without a file. Start with [`api`], which
//! serves them, and [`accept`], which takes them in.

pub mod accept;
mod answer;
pub mod api;
mod bucket;
mod check;
pub mod clean;
mod kind;
mod name;
pub mod place;
mod range;
pub mod storage;
pub mod store;
pub mod thumb;
mod thumbs;
mod upload;

pub use answer::Framed;
pub use check::{MAX_SIZE, problem};
pub use storage::Storage;
pub use thumbs::Thumbs;
pub use upload::{Spool, Upload};

use crate::config::Config;
use place::Place;

/// Files, as a server has them.
#[derive(Debug)]
pub struct Files {
    /// Where they are.
    pub storage: Storage,
    /// Whether other servers find them, too.
    place: Place,
    /// Makes small pictures of them.
    pub thumbs: Thumbs,
}

impl Files {
    /// Files where the settings say.
    pub fn new(config: &Config) -> anyhow::Result<Self> {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        Ok(Self {
            storage: Storage::new(config)?,
            place: Place::new(config),
            thumbs: Thumbs::new(cores),
        })
    }
}
