//! Takes what init hands back. A command may have forged it: everything is checked and bounded
//! again, and nothing it says is more than data.

use std::collections::HashSet;

use bytes::Bytes;
use simulay_init::frames::{Decoder, Exit, MAX_DATA, Rejection, Report};
use simulay_model::RelativePath;

use super::attachment::Cut;
use crate::error::shown;
use crate::{Admitted, ContainerError, Exchange, OutputSink, Stream};

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
    stdout: u64,
    stderr: u64,
    exit: Option<Exit>,
    /// Outputs by their names in lower case.
    names: HashSet<String>,
    output_bytes: u64,
    open: Option<Open>,
}

struct Open {
    sink: Box<dyn OutputSink>,
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
            stdout: 0,
            stderr: 0,
            exit: None,
            names: HashSet::new(),
            output_bytes: 0,
            open: None,
        }
    }

    /// Takes the next report.
    pub(super) async fn take(&mut self, report: Report) -> Result<Progress, ReceiveError> {
        match report {
            Report::Welcome { .. } => return Err(confused("a second welcome")),
            Report::Started => {}
            Report::Stdout { offset, bytes } => self.stream(Stream::Stdout, offset, bytes).await?,
            Report::Stderr { offset, bytes } => self.stream(Stream::Stderr, offset, bytes).await?,
            Report::Exited(exit) => self.exited(exit)?,
            Report::Output { path, size } => self.output(path, size).await?,
            Report::Data(bytes) => self.data(bytes).await?,
            Report::Rejected(rejection) => return Err(refusal(rejection, self.call).into()),
            Report::Done => return self.done(),
        }
        Ok(if self.exit.is_some() { Progress::Ended } else { Progress::Running })
    }

    async fn stream(&mut self, stream: Stream, offset: u64, bytes: Vec<u8>) -> Result<(), ReceiveError> {
        let limit = self.call.limits.max_stream_bytes;
        let count = match stream {
            Stream::Stdout => &mut self.stdout,
            Stream::Stderr => &mut self.stderr,
        };
        if self.exit.is_some() || offset != *count || bytes.len() > MAX_DATA {
            return Err(confused("bytes of a stream out of place"));
        }
        *count += bytes.len() as u64;
        if *count > limit {
            return Err(ContainerError::OutputLimit(format!("more than {limit} bytes were printed")).into());
        }
        if bytes.is_empty() {
            return Ok(());
        }
        let taken = self.exchange.stream(stream, offset, Bytes::from(bytes)).await;
        Ok(taken.map_err(ContainerError::Exchange)?)
    }

    fn exited(&mut self, exit: Exit) -> Result<(), ReceiveError> {
        match self.exit.replace(exit) {
            None => Ok(()),
            Some(_) => Err(confused("a second exit")),
        }
    }

    async fn output(&mut self, path: String, size: u64) -> Result<(), ReceiveError> {
        if self.exit.is_none() || self.open.is_some() {
            return Err(confused("an output out of place"));
        }
        let path = self.check_output(&path, size)?;
        let sink = self.exchange.output(path, size).await.map_err(ContainerError::Exchange)?;
        self.open = Some(Open { sink, left: size });
        self.close_when_whole().await
    }

    fn check_output(&mut self, path: &str, size: u64) -> Result<RelativePath, ContainerError> {
        let limits = &self.call.limits;
        let reject = |reason: String| ContainerError::ArtifactRejected { path: shown(path), reason };
        let checked = RelativePath::new(path).map_err(|error| reject(error.to_string()))?;
        if !self.call.wanted.is_match(path) {
            return Err(reject("no pattern of `outputs` asks for it".to_owned()));
        }
        if !self.names.insert(path.to_lowercase()) {
            return Err(reject("another output has this name, but for upper and lower case".to_owned()));
        }
        if self.names.len() as u64 > u64::from(limits.max_outputs) {
            return Err(ContainerError::OutputLimit(format!(
                "more than {} output files",
                limits.max_outputs
            )));
        }
        self.output_bytes = self.output_bytes.saturating_add(size);
        if self.output_bytes > limits.max_output_bytes {
            let limit = limits.max_output_bytes;
            return Err(ContainerError::OutputLimit(format!("output files of more than {limit} bytes")));
        }
        Ok(checked)
    }

    async fn data(&mut self, bytes: Vec<u8>) -> Result<(), ReceiveError> {
        let open = self.open.as_mut().ok_or_else(|| confused("data without an output"))?;
        let left = open.left.checked_sub(bytes.len() as u64).filter(|_| bytes.len() <= MAX_DATA);
        open.left = left.ok_or_else(|| confused("more data than announced"))?;
        open.sink.write(Bytes::from(bytes)).await.map_err(ContainerError::Exchange)?;
        self.close_when_whole().await
    }

    async fn close_when_whole(&mut self) -> Result<(), ReceiveError> {
        match self.open.take_if(|open| open.left == 0) {
            Some(open) => Ok(open.sink.finish().await.map_err(ContainerError::Exchange)?),
            None => Ok(()),
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

fn confused(what: &str) -> ReceiveError {
    Cut(format!("simulay-init makes no sense: {what}")).into()
}

fn refusal(rejection: Rejection, call: &Admitted) -> ContainerError {
    match rejection {
        Rejection::Order(reason) => ContainerError::Lost(format!("its init refused: {}", shown(&reason))),
        Rejection::Input(path, reason) => {
            let index = call.files.iter().position(|(known, _)| known.as_str() == path);
            let field = index.map_or_else(|| "files".to_owned(), |index| format!("files[{index}].path"));
            ContainerError::SpecDenied { field, rule: shown(&reason) }
        }
        Rejection::InputsTooLarge => ContainerError::InputsTooLarge(call.resources.scratch_mib),
        Rejection::Command(reason) => ContainerError::CommandRefused(shown(&reason)),
        Rejection::Output(path, reason) => {
            ContainerError::ArtifactRejected { path: shown(&path), reason: shown(&reason) }
        }
        Rejection::OutputLimit(limit) => ContainerError::OutputLimit(shown(&limit)),
    }
}

#[cfg(test)]
mod tests;
