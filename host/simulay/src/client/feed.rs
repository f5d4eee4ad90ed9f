//! Server-sent events, from the bytes of a connection.

use anyhow::bail;
use serde_json::Value;

use super::ServerEvent;

const MAX_EVENT: usize = 64 << 20;

/// Takes bytes, gives whole events.
#[derive(Debug, Default)]
pub(super) struct Feed {
    rest: Vec<u8>,
    id: String,
    kind: String,
    data: String,
}

impl Feed {
    /// The events that are complete with these bytes.
    pub(super) fn push(&mut self, bytes: &[u8]) -> anyhow::Result<Vec<ServerEvent>> {
        self.rest.extend_from_slice(bytes);
        if self.rest.len() + self.data.len() > MAX_EVENT {
            bail!("an event has more than {MAX_EVENT} bytes");
        }
        let end = self.rest.iter().rposition(|byte| *byte == b'\n').map_or(0, |last| last + 1);
        let rest = self.rest.split_off(end);
        let whole = std::mem::replace(&mut self.rest, rest);
        let mut told = Vec::new();
        for line in String::from_utf8_lossy(&whole).lines() {
            if line.is_empty() { told.extend(self.event()?) } else { self.field(line) }
        }
        Ok(told)
    }

    fn field(&mut self, line: &str) {
        let (name, value) = line.split_once(':').unwrap_or((line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match name {
            "id" => value.clone_into(&mut self.id),
            "event" => value.clone_into(&mut self.kind),
            "data" => {
                self.data.push_str(value);
                self.data.push('\n');
            }
            _ => {}
        }
    }

    fn event(&mut self) -> anyhow::Result<Option<ServerEvent>> {
        let (kind, data) = (std::mem::take(&mut self.kind), std::mem::take(&mut self.data));
        let (Ok(sequence), false) = (self.id.parse(), data.is_empty()) else { return Ok(None) };
        let document: Value = serde_json::from_str(&data)?;
        Ok(Some(ServerEvent { sequence, kind, document }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const EVENTS: &str = ": hello\n\nid: 1\nevent: run.queued\ndata: {\"data\":{}}\n\n: keep-alive\n\n\
                          id: 2\nevent: run.ended\ndata: {\"data\":\ndata: {\"state\":\"é\"}}\n\n";

    #[test]
    fn events_come_whole_however_the_bytes_are_cut() {
        for size in 1..EVENTS.len() {
            let mut feed = Feed::default();
            let pieces = EVENTS.as_bytes().chunks(size);
            let told: Vec<ServerEvent> = pieces.flat_map(|piece| feed.push(piece).unwrap()).collect();
            assert_eq!(told.len(), 2, "{size}");
            assert_eq!((told[1].sequence, told[1].kind.as_str()), (2, "run.ended"));
            assert_eq!(told[1].document["data"]["state"], "é");
        }
    }

    #[test]
    fn data_that_is_no_json_is_an_error() {
        assert!(Feed::default().push(b"id: 1\nevent: x\ndata: {\n\n").is_err());
    }
}
