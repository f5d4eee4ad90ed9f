//! Bytes to frames and back.

use serde::{Serialize, de::DeserializeOwned};

/// The most bytes of content in one frame.
pub const MAX_DATA: usize = 32 * 1024;
/// The most bytes of a frame before COBS; a job's command, environment and patterns must fit.
pub const MAX_FRAME: usize = 256 * 1024;

/// What a reader may meet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum FrameError {
    /// A message too large to be a frame.
    #[error("a frame has at most {MAX_FRAME} bytes")]
    TooLarge,
    /// Bytes that are not a frame, or were changed on the way.
    #[error("the bytes are not a whole, unchanged frame")]
    Damaged,
}

/// `message` as the bytes of one frame, its closing zero included.
///
/// # Errors
/// When the message is too large.
pub fn encode<T: Serialize>(message: &T) -> Result<Vec<u8>, FrameError> {
    let mut body = postcard::to_allocvec(message).map_err(|_| FrameError::TooLarge)?;
    body.extend(crc32fast::hash(&body).to_le_bytes());
    if body.len() > MAX_FRAME {
        return Err(FrameError::TooLarge);
    }
    let mut frame = cobs::encode_vec(&body);
    frame.push(0);
    Ok(frame)
}

/// Finds frames in a stream of bytes that arrive in pieces of any size.
#[derive(Default)]
pub struct Decoder {
    frame: Vec<u8>,
    overlong: bool,
}

impl Decoder {
    /// Takes the next bytes and gives what they complete, in order. After a damaged or overlong
    /// frame the following ones are found again. Empty frames (lone zeros) are silence.
    pub fn feed<T: DeserializeOwned>(&mut self, mut bytes: &[u8]) -> Vec<Result<T, FrameError>> {
        let mut found = Vec::new();
        while let Some(end) = bytes.iter().position(|byte| *byte == 0) {
            let (head, rest) = bytes.split_at(end);
            self.keep(head);
            found.extend(self.close());
            bytes = rest.strip_prefix(&[0]).unwrap_or_default();
        }
        self.keep(bytes);
        found
    }

    fn keep(&mut self, bytes: &[u8]) {
        // COBS adds one byte in 254, and one.
        if self.frame.len() + bytes.len() > MAX_FRAME + MAX_FRAME / 254 + 1 {
            self.overlong = true;
            self.frame.clear();
        }
        if !self.overlong {
            self.frame.extend_from_slice(bytes);
        }
    }

    fn close<T: DeserializeOwned>(&mut self) -> Option<Result<T, FrameError>> {
        let frame = std::mem::take(&mut self.frame);
        if std::mem::take(&mut self.overlong) {
            return Some(Err(FrameError::TooLarge));
        }
        if frame.is_empty() { None } else { Some(decode(&frame)) }
    }
}

/// All frames of `bytes`, as a [`Decoder`] finds them.
pub fn decode_all<T: DeserializeOwned>(bytes: &[u8]) -> Vec<Result<T, FrameError>> {
    Decoder::default().feed(bytes)
}

fn decode<T: DeserializeOwned>(frame: &[u8]) -> Result<T, FrameError> {
    let body = cobs::decode_vec(frame).map_err(|_| FrameError::Damaged)?;
    let (message, checksum) = body.split_last_chunk::<4>().ok_or(FrameError::Damaged)?;
    if crc32fast::hash(message) != u32::from_le_bytes(*checksum) {
        return Err(FrameError::Damaged);
    }
    match postcard::take_from_bytes(message) {
        Ok((message, [])) => Ok(message),
        _ => Err(FrameError::Damaged),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_endless_frame_takes_bounded_memory() {
        let mut decoder = Decoder::default();
        for _ in 0..1000 {
            assert_eq!(decoder.feed::<u8>(&[1; 64 * 1024]), []);
            assert!(decoder.frame.capacity() <= 4 * MAX_FRAME);
        }
        assert_eq!(decoder.feed::<u8>(&[0]), [Err(FrameError::TooLarge)]);
    }
}
