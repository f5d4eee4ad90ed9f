//! Archives from outside: what is in them goes to a [`Shelf`] file by file, within [`Bounds`], and is
//! unpacked nowhere. Names are data; no path of an archive is ever opened.
//!
//! An archive that could mean two things, or that lies, is refused as a whole and by name. What is
//! only odd (a name that is no UTF-8, a link that leads outside) costs itself, and is told.

mod bounds;
mod contents;
mod error;
mod format;
mod link;
mod name;
mod shelf;
mod tarball;
mod zip;

pub use bounds::Bounds;
pub use contents::{Contents, Packed};
pub use error::ArchiveError;
pub use format::{DETECTABLE, Format};
pub use shelf::Shelf;
pub use tarball::{read_gzip, read_tar};
pub use zip::read_zip;
