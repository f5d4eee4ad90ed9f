//! Takes what init hands back. A command may have forged it: everything is checked and bounded
//! again, and nothing it says is more than data.

use std::collections::HashSet;

use bytes::Bytes;
use simulay_containers::{Admitted, ContainerError, Exchange, Omitted, OutputSink, Stream, shown};
use simulay_init::frames::{Decoder, Exit, MAX_DATA, MAX_LEFT_OUT, Rejection, Report};
use simulay_model::{MAX_PATH_BYTES, Omission, RelativePath};

use super::attachment::Cut;

/// Why a report is not taken.
#[derive(Debug, thiserror::Error)]
pub(super) enum ReceiveError {
    /// It makes no sense here; told again, it may.
    #[error(transparent)]
    Cut(#[from] Cut),
    /// The call ends with this.
    #[error(transparent)]
    Final(#[from] ContainerError),
}

/// What one attachment told so far.
pub(super) struct Receipt<'a> {
    call: &'a Admitted,
    exchange: &'a dyn Exchange,
    stdout: Told,
    stderr: Told,
    exit: Option<Exit>,
    names: HashSet<String>,
    output_bytes: u64,
    omitted: Omitted,
    open: Option<Open>,
}

/// One stream: what was told of it, and what of that is kept.
#[derive(Debug, Default)]
struct Told {
    /// Where the next bytes are expected.
    offset: u64,
    /// Bytes kept, with the line that tells of the gap.
    kept: u64,
    omitted: u64,
}

struct Open {
    path: String,
    /// None for a file that is left out.
    sink: Option<Box<dyn OutputSink>>,
    left: u64,
}

/// Where the job is after a report.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Progress {
    Running,
    Ended,
    Done(Exit),
}

impl<'a> Receipt<'a> {
    pub(super) fn new(call: &'a Admitted, exchange: &'a dyn Exchange) -> Self {
        Self {
            call,
            exchange,
            stdout: Told::default(),
            stderr: Told::default(),
            exit: None,
            names: HashSet::new(),
            output_bytes: 0,
            omitted: Omitted::default(),
            open: None,
        }
    }

    /// Takes the next report.
    pub(super) async fn take(&mut self, report: Report) -> Result<Progress, ReceiveError> {
        match report {
            Report::Welcome { .. } | Report::UnversionedWelcome { .. } => {
                return Err(confused("a second welcome"));
            }
            Report::Serves { .. } | Report::Started | Report::Booted | Report::NotBooted => {}
            Report::Stdout { offset, bytes } => self.stream(Stream::Stdout, offset, bytes).await?,
            Report::Stderr { offset, bytes } => self.stream(Stream::Stderr, offset, bytes).await?,
            Report::Exited(exit) => self.exited(exit)?,
            Report::Output { path, size } => self.output(path, size).await?,
            Report::Data(content) => self.data(content.into_bytes()).await?,
            Report::Abandoned { reason } => self.abandon(&reason),
            Report::LeftOut { path, reason } => self.left_out(&path, &reason)?,
            Report::LeftOutMore(more) => self.left_out_more(more)?,
            Report::Rejected(rejection) => return Err(refusal(rejection, self.call).into()),
            Report::Done => return self.done(),
        }
        Ok(if self.exit.is_some() { Progress::Ended } else { Progress::Running })
    }

    /// What was asked for and not kept.
    pub(super) fn omitted(self) -> Omitted {
        Omitted { stdout: self.stdout.omitted, stderr: self.stderr.omitted, ..self.omitted }
    }

    async fn stream(&mut self, stream: Stream, offset: u64, bytes: Vec<u8>) -> Result<(), ReceiveError> {
        let limit = self.call.limits().max_stream_bytes;
        let told = match stream {
            Stream::Stdout => &mut self.stdout,
            Stream::Stderr => &mut self.stderr,
        };
        if self.exit.is_some() || bytes.len() > MAX_DATA {
            return Err(confused("bytes of a stream out of place"));
        }
        let gap = offset.checked_sub(told.offset).filter(|gap| *gap == 0 || told.omitted == 0);
        let gap = gap.ok_or_else(|| confused("bytes of a stream out of order"))?;
        told.offset = offset.saturating_add(bytes.len() as u64);
        told.omitted += gap;
        if told.offset.saturating_sub(told.omitted) > limit {
            return Err(confused("more of a stream than is kept"));
        }
        let kept = if gap == 0 { bytes } else { [mark(gap).into_bytes(), bytes].concat() };
        let place = told.kept;
        told.kept += kept.len() as u64;
        if kept.is_empty() {
            return Ok(());
        }
        let taken = self.exchange.stream(stream, place, Bytes::from(kept)).await;
        Ok(taken.map_err(ContainerError::Exchange)?)
    }

    fn exited(&mut self, exit: Exit) -> Result<(), ReceiveError> {
        match self.exit.replace(exit) {
            None => Ok(()),
            Some(_) => Err(confused("a second exit")),
        }
    }

    /// A file that cannot be kept costs only itself: its bytes are passed over.
    async fn output(&mut self, path: String, size: u64) -> Result<(), ReceiveError> {
        self.check_turn("an output")?;
        let sink = match self.check_output(&path, size) {
            Ok(checked) => Some(self.exchange.output(checked, size).await.map_err(ContainerError::Exchange)?),
            Err(reason) => {
                self.omit(&path, &reason);
                None
            }
        };
        self.open = Some(Open { path, sink, left: size });
        self.close_when_whole().await
    }

    /// Files are told of after the end, one after another.
    fn check_turn(&self, what: &str) -> Result<(), ReceiveError> {
        match (self.exit, &self.open) {
            (Some(_), None) => Ok(()),
            _ => Err(confused(&format!("{what} out of place"))),
        }
    }

    fn check_output(&mut self, path: &str, size: u64) -> Result<RelativePath, String> {
        let limits = self.call.limits();
        let checked = RelativePath::new(path).map_err(|error| error.to_string())?;
        if self.names.contains(path) {
            return Err("another output has this name".to_owned());
        }
        if self.names.len() as u64 >= u64::from(limits.max_outputs) {
            return Err(format!("a call keeps at most {} files (`max_outputs`)", limits.max_outputs));
        }
        let bytes = self.output_bytes.saturating_add(size);
        if bytes > limits.max_output_bytes {
            let limit = limits.max_output_bytes;
            return Err(format!("a call keeps at most {limit} bytes in all (`max_output_bytes`)"));
        }
        self.output_bytes = bytes;
        self.names.insert(path.to_owned());
        Ok(checked)
    }

    async fn data(&mut self, bytes: Vec<u8>) -> Result<(), ReceiveError> {
        let open = self.open.as_mut().ok_or_else(|| confused("data without an output"))?;
        let left = open.left.checked_sub(bytes.len() as u64);
        open.left = left.ok_or_else(|| confused("more data than announced"))?;
        if let Some(sink) = &mut open.sink {
            sink.write(Bytes::from(bytes)).await.map_err(ContainerError::Exchange)?;
        }
        self.close_when_whole().await
    }

    async fn close_when_whole(&mut self) -> Result<(), ReceiveError> {
        match self.open.take_if(|open| open.left == 0).and_then(|open| open.sink) {
            Some(sink) => Ok(sink.finish().await.map_err(ContainerError::Exchange)?),
            None => Ok(()),
        }
    }

    fn abandon(&mut self, reason: &str) {
        // An empty one is whole as soon as it is announced.
        if let Some(open) = self.open.take() {
            self.omit(&open.path, reason);
        }
    }

    fn left_out(&mut self, path: &str, reason: &str) -> Result<(), ReceiveError> {
        self.check_turn("a file left out")?;
        self.omit(path, reason);
        Ok(())
    }

    fn left_out_more(&mut self, more: u64) -> Result<(), ReceiveError> {
        self.check_turn("files left out")?;
        self.omitted.more_files = self.omitted.more_files.saturating_add(more);
        Ok(())
    }

    fn omit(&mut self, path: &str, reason: &str) {
        if self.omitted.files.len() < MAX_LEFT_OUT {
            let path = path.chars().take(MAX_PATH_BYTES).collect();
            self.omitted.files.push(Omission { path, reason: shown(reason) });
        } else {
            self.omitted.more_files = self.omitted.more_files.saturating_add(1);
        }
    }

    fn done(&self) -> Result<Progress, ReceiveError> {
        match (self.exit, &self.open) {
            (Some(exit), None) => Ok(Progress::Done(exit)),
            _ => Err(confused("done before the end")),
        }
    }
}

/// Takes what an attachment carries after the greeting, up to the end of the job or the first report that
/// makes no sense; true at the end. For tests of what init may say.
///
/// # Errors
/// What the call ends with.
pub async fn hear(bytes: &[u8], call: &Admitted, exchange: &dyn Exchange) -> Result<bool, ContainerError> {
    let mut receipt = Receipt::new(call, exchange);
    for report in Decoder::default().feed(bytes) {
        let Ok(report) = report else { return Ok(false) };
        match receipt.take(report).await {
            Ok(Progress::Done(_)) => return Ok(true),
            Ok(_) => {}
            Err(ReceiveError::Cut(_)) => return Ok(false),
            Err(ReceiveError::Final(error)) => return Err(error),
        }
    }
    Ok(false)
}

/// The line in the place of bytes that were not kept.
fn mark(bytes: u64) -> String {
    format!("\n[… {bytes} bytes left out …]\n")
}

fn confused(what: &str) -> ReceiveError {
    Cut(format!("simulay-init makes no sense: {what}")).into()
}

fn refusal(rejection: Rejection, call: &Admitted) -> ContainerError {
    match rejection {
        Rejection::Order(reason) => ContainerError::Lost(format!("its init refused: {}", shown(&reason))),
        Rejection::Input(path, reason) => {
            let index = call.files().iter().position(|(known, _)| known.as_str() == path);
            let field = index.map_or_else(|| "files".to_owned(), |index| format!("files[{index}].path"));
            ContainerError::SpecDenied { field, rule: shown(&reason) }
        }
        Rejection::InputsTooLarge => ContainerError::InputsTooLarge(call.resources().scratch_mib),
        Rejection::Command(reason) => ContainerError::CommandRefused(shown(&reason)),
    }
}

#[cfg(test)]
mod tests;
