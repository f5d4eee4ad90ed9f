//! Which kind of archive bytes are: they say it themselves.

/// Bytes at the beginning that tell the format.
pub const DETECTABLE: usize = 4;

/// A kind of archive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// `.tar`.
    Tar,
    /// `.tar.gz`.
    Gzip,
    /// `.zip`.
    Zip,
}

impl Format {
    /// The kind of the archive that begins with `head`. What is of no other kind is tried as a tar,
    /// whose first header has a checksum.
    #[must_use]
    pub fn of(head: &[u8]) -> Self {
        match head {
            [0x1f, 0x8b, ..] => Self::Gzip,
            [b'P', b'K', 3, 4, ..] | [b'P', b'K', 5, 6, ..] => Self::Zip,
            _ => Self::Tar,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_bytes_tell() {
        assert_eq!(Format::of(b"\x1f\x8b\x08\0"), Format::Gzip);
        assert_eq!(Format::of(b"PK\x03\x04"), Format::Zip);
        assert_eq!(Format::of(b"PK\x05\x06"), Format::Zip);
        for other in [&b""[..], b"P", b"PK\x01\x02", b"main", b"\x1f"] {
            assert_eq!(Format::of(other), Format::Tar, "{other:?}");
        }
    }
}
