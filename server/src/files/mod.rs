//! Files of records: stored, named, served and deleted.
//!
//! A record contains the names of its files; their content is in the [`storage`]. A file is stored before its record
//! is written, and deleted after the write that releases it has committed. A crash in between leaves at most an
//! orphaned file, which [`clean`] finds, and never a name without a file. Start with [`api`], which serves files, and
//! [`accept`], which stores them.

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
pub use check::problem;
pub use storage::Storage;
pub use thumbs::Thumbs;
pub use upload::{Spool, Upload};

use crate::config::Config;
use crate::random::Random;
use place::Place;

/// The files of a server.
#[derive(Debug)]
pub struct Files {
    /// The storage.
    pub storage: Storage,
    /// Whether other servers use the same storage.
    place: Place,
    /// The maker of thumbnails.
    pub thumbs: Thumbs,
}

impl Files {
    /// Opens the configured storage.
    pub fn new(config: &Config, random: &Random) -> anyhow::Result<Self> {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        Ok(Self {
            storage: Storage::new(config)?,
            place: Place::new(config, random),
            thumbs: Thumbs::new(cores),
        })
    }
}
