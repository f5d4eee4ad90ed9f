//! Bytes to frames and back.

use memchr::memchr;
use serde::{Serialize, de::DeserializeOwned};

use super::content::{Content, Filled, MARK, Message};

/// The most bytes of a stream in one frame.
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

/// `message` as the bytes of one frame, its closing zero included, and of the content that it has at hand.
///
/// # Errors
/// When the message is too large.
pub fn encode<T: Serialize + Message>(message: &T) -> Result<Vec<u8>, FrameError> {
    let mut body = postcard::to_allocvec(message).map_err(|_| FrameError::TooLarge)?;
    body.extend(crc32fast::hash(&body).to_le_bytes());
    if body.len() > MAX_FRAME {
        return Err(FrameError::TooLarge);
    }
    let mut frame = cobs::encode_vec(&body);
    frame.push(0);
    frame.extend_from_slice(message.content().map(Content::bytes).unwrap_or_default());
    Ok(frame)
}

/// Finds frames in a stream of bytes that arrive in pieces of any size.
pub struct Decoder<T> {
    frame: Vec<u8>,
    overlong: bool,
    /// What lacks bytes of its content.
    filling: Option<T>,
    /// Where frames begin is not known until the next [`MARK`].
    is_lost: bool,
}

impl<T> Default for Decoder<T> {
    fn default() -> Self {
        Self { frame: Vec::new(), overlong: false, filling: None, is_lost: false }
    }
}

impl<T: DeserializeOwned + Message> Decoder<T> {
    /// Takes the next bytes and gives what they complete, in order. After a damaged or overlong
    /// frame those behind the next [`super::SYNC`] are found again. Empty frames (lone zeros) are silence.
    pub fn feed(&mut self, mut bytes: &[u8]) -> Vec<Result<T, FrameError>> {
        let mut found = Vec::new();
        while !bytes.is_empty() {
            bytes = match self.filling.take() {
                Some(message) => self.fill(message, bytes, &mut found),
                None => self.find(bytes, &mut found),
            };
        }
        found
    }

    /// Takes bytes of a frame up to its end; gives those behind it.
    fn find<'a>(&mut self, bytes: &'a [u8], found: &mut Vec<Result<T, FrameError>>) -> &'a [u8] {
        let Some(end) = memchr(0, bytes) else {
            self.keep(bytes);
            return &[];
        };
        let (head, rest) = bytes.split_at(end);
        self.keep(head);
        match self.close() {
            Some(Ok(message)) if message.content().is_some() => self.filling = Some(message),
            Some(closed) => self.give(closed, found),
            None => {}
        }
        rest.strip_prefix(&[0]).unwrap_or_default()
    }

    /// Takes bytes of the content of a message; gives those behind it.
    fn fill<'a>(
        &mut self,
        mut message: T,
        bytes: &'a [u8],
        found: &mut Vec<Result<T, FrameError>>,
    ) -> &'a [u8] {
        let filled = message.content_mut().map_or(Filled::Damaged(bytes), |content| content.fill(bytes));
        let (one, rest) = match filled {
            Filled::Partly => {
                self.filling = Some(message);
                return &[];
            }
            Filled::Whole(rest) => (Ok(message), rest),
            Filled::Damaged(rest) => (Err(FrameError::Damaged), rest),
        };
        self.give(one, found);
        rest
    }

    /// What follows an error may be the bytes of a file, and is not taken for messages.
    fn give(&mut self, one: Result<T, FrameError>, found: &mut Vec<Result<T, FrameError>>) {
        self.is_lost |= one.is_err();
        found.push(one);
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

    fn close(&mut self) -> Option<Result<T, FrameError>> {
        let frame = std::mem::take(&mut self.frame);
        if frame == MARK {
            self.is_lost = false;
            return None;
        }
        let overlong = std::mem::take(&mut self.overlong);
        let closed = if overlong {
            Some(Err(FrameError::TooLarge))
        } else {
            (!frame.is_empty()).then(|| decode(&frame))
        };
        closed.filter(|_| !self.is_lost)
    }
}

/// All frames of `bytes`, as a [`Decoder`] finds them.
pub fn decode_all<T: DeserializeOwned + Message>(bytes: &[u8]) -> Vec<Result<T, FrameError>> {
    Decoder::default().feed(bytes)
}

fn decode<T: DeserializeOwned + Message>(frame: &[u8]) -> Result<T, FrameError> {
    let body = cobs::decode_vec(frame).map_err(|_| FrameError::Damaged)?;
    let (message, checksum) = body.split_last_chunk::<4>().ok_or(FrameError::Damaged)?;
    if crc32fast::hash(message) != u32::from_le_bytes(*checksum) {
        return Err(FrameError::Damaged);
    }
    match postcard::take_from_bytes::<T>(message) {
        Ok((message, [])) if message.content().is_none_or(Content::is_bounded) => Ok(message),
        _ => Err(FrameError::Damaged),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::frames::Order;

    #[test]
    fn an_endless_frame_takes_bounded_memory() {
        let mut decoder = Decoder::<Order>::default();
        for _ in 0..1000 {
            assert_eq!(decoder.feed(&[1; 64 * 1024]), []);
            assert!(decoder.frame.capacity() <= 4 * MAX_FRAME);
        }
        assert_eq!(decoder.feed(&[0]), [Err(FrameError::TooLarge)]);
    }
}
