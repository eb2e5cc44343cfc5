//! Files that clients send.

mod upload;

pub use upload::{Spool, Upload};
