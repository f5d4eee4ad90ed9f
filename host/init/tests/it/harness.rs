//! A host for one `simulay-init`.

use std::io::{Read, Write};
use std::path::PathBuf;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use simulay_init::frames::{
    Content, Decoder, Exit, JobSpec, MAX_DATA, Order, PROTOCOL, Phase, Rejection, Report, SYNC, encode,
    pieces,
};
use tempfile::TempDir;

/// Longer than anything here takes: what is not there by then never comes.
const PATIENCE: Duration = Duration::from_secs(120);

/// Whose each job is.
const ATTEMPT: &str = "simulay-0-0-0-0";

/// A job that runs `script` in a shell.
pub(crate) fn script(script: &str) -> JobSpec {
    JobSpec {
        attempt: ATTEMPT.to_owned(),
        command: ["sh", "-c", script].map(String::from).into(),
        env: vec![("PATH".to_owned(), "/usr/bin:/bin".to_owned())],
        outputs: Vec::new(),
        excludes: Vec::new(),
        keep_unchanged: true,
        max_stream_bytes: 1 << 20,
        end_on_stream_limit: false,
        max_output_bytes: 1 << 20,
        max_outputs: 16,
        timeout_ms: 600_000,
        grace_ms: 600_000,
        hold_ms: 600_000,
    }
}

/// As [`script`], handing back what `outputs` match.
pub(crate) fn script_with_outputs(text: &str, outputs: &[&str]) -> JobSpec {
    JobSpec { outputs: outputs.iter().map(|pattern| (*pattern).to_owned()).collect(), ..script(text) }
}

/// Everything init told of a job.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Told {
    pub(crate) attempt: Option<String>,
    pub(crate) started: bool,
    pub(crate) stdout: Vec<u8>,
    pub(crate) stderr: Vec<u8>,
    pub(crate) exit: Option<Exit>,
    /// Bytes of each stream that were not kept, in one gap.
    pub(crate) stdout_gap: u64,
    pub(crate) stderr_gap: u64,
    pub(crate) outputs: Vec<(String, Vec<u8>)>,
    pub(crate) left_out: Vec<(String, String)>,
    pub(crate) left_out_more: u64,
    pub(crate) rejection: Option<Rejection>,
}

impl Told {
    pub(crate) fn exit(&self) -> Exit {
        self.exit.expect("the command ended")
    }

    pub(crate) fn stdout(&self) -> &str {
        std::str::from_utf8(&self.stdout).unwrap()
    }

    fn take(&mut self, report: Report) {
        match report {
            Report::Serves { attempt } => self.attempt = Some(attempt),
            Report::Started => self.started = true,
            Report::Stdout { offset, bytes } => {
                append(&mut self.stdout, &mut self.stdout_gap, offset, &bytes);
            }
            Report::Stderr { offset, bytes } => {
                append(&mut self.stderr, &mut self.stderr_gap, offset, &bytes);
            }
            Report::Exited(exit) => self.exit = Some(exit),
            Report::Output { path, size } => {
                self.check_output_size();
                self.outputs.push((path, Vec::with_capacity(size as usize)));
            }
            Report::Data(content) => self.outputs.last_mut().unwrap().1.extend(content.bytes()),
            Report::Rejected(rejection) => self.rejection = Some(rejection),
            Report::Done => self.check_output_size(),
            Report::LeftOut { path, reason } => self.left_out.push((path, reason)),
            Report::LeftOutMore(count) => self.left_out_more += count,
            // Said to who ordered it, before the job.
            Report::Booted | Report::NotBooted => {}
            told
            @ (Report::Abandoned { .. } | Report::Welcome { .. } | Report::UnversionedWelcome { .. }) => {
                panic!("in the middle: {told:?}")
            }
        }
    }

    fn check_output_size(&self) {
        if let Some((path, bytes)) = self.outputs.last() {
            assert!(bytes.capacity() == bytes.len(), "{path} is not as long as announced");
        }
    }
}

fn append(stream: &mut Vec<u8>, known_gap: &mut u64, offset: u64, bytes: &[u8]) {
    let gap = offset - stream.len() as u64;
    assert!(*known_gap == 0 || gap == *known_gap, "a stream has one gap");
    *known_gap = gap;
    stream.extend_from_slice(bytes);
}

/// A running `simulay-init` and the working directory it has.
pub(crate) struct Init {
    child: Child,
    stdin: Option<ChildStdin>,
    reports: Receiver<Report>,
    directory: TempDir,
}

impl Init {
    pub(crate) fn start() -> Self {
        Self::start_with(&[])
    }

    /// With variables of its own.
    pub(crate) fn start_with(variables: &[(&str, &str)]) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let mut child = Command::new(env!("CARGO_BIN_EXE_simulay-init"))
            .current_dir(&directory)
            .envs(variables.iter().copied())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let stdin = child.stdin.take();
        let reports = reports(child.stdout.take().unwrap());
        Self { child, stdin, reports, directory }
    }

    /// Starts an init and greets it.
    pub(crate) fn with_hello() -> Self {
        let mut init = Self::start();
        assert_eq!(init.hello(1), Phase::Idle);
        init
    }

    /// Starts an init and runs `job` in it.
    pub(crate) fn with_job(job: JobSpec, files: &[(&str, &[u8])]) -> Self {
        let mut init = Self::with_hello();
        init.submit(job, files);
        init
    }

    /// Runs `job` to its end, acknowledges, and gives what was told.
    pub(crate) fn complete(job: JobSpec) -> Told {
        let init = Self::with_job(job, &[]);
        let told = init.told();
        assert_eq!(init.acknowledge(), 0);
        told
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    pub(crate) fn send_bytes(&mut self, bytes: &[u8]) {
        self.stdin.as_mut().unwrap().write_all(bytes).unwrap();
    }

    pub(crate) fn send(&mut self, order: &Order) {
        self.send_bytes(&encode(order).unwrap());
    }

    /// Greets as a host that attaches anew and skips what was for an earlier one.
    pub(crate) fn hello(&mut self, session: u64) -> Phase {
        self.send_bytes(SYNC);
        self.send(&Order::Hello { session });
        loop {
            match self.report() {
                Report::Welcome { session: answered, phase, protocol } if answered == session => {
                    assert_eq!(protocol, PROTOCOL);
                    return phase;
                }
                _ => {}
            }
        }
    }

    pub(crate) fn send_file(&mut self, path: &str, content: &[u8]) {
        self.send(&Order::File { path: path.to_owned(), size: content.len() as u64 });
        pieces(content).for_each(|piece| self.send(&Order::Data(Content::of(piece.to_vec()))));
    }

    pub(crate) fn submit(&mut self, job: JobSpec, files: &[(&str, &[u8])]) {
        self.send(&Order::Begin(job));
        files.iter().for_each(|(path, content)| self.send_file(path, content));
        self.send(&Order::Run);
    }

    pub(crate) fn report(&self) -> Report {
        self.reports.recv_timeout(PATIENCE).expect("init says something")
    }

    /// Waits until the command has printed `text`.
    pub(crate) fn wait_for_stdout(&self, text: &str) {
        let mut told = Told::default();
        while !String::from_utf8_lossy(&told.stdout).contains(text) {
            told.take(self.report());
        }
    }

    /// Everything up to the end of the job.
    pub(crate) fn told(&self) -> Told {
        let mut told = Told::default();
        loop {
            let report = self.report();
            let last = matches!(report, Report::Done | Report::Rejected(_));
            told.take(report);
            if last {
                return told;
            }
        }
    }

    /// Waits until everything was told once, then greets.
    pub(crate) fn hello_when_ended(&mut self, session: u64) -> Phase {
        while !matches!(self.report(), Report::Done) {}
        self.hello(session)
    }

    pub(crate) fn acknowledge(mut self) -> i32 {
        self.send(&Order::Ack);
        self.exit_code()
    }

    pub(crate) fn close_stdin(&mut self) {
        self.stdin = None;
    }

    pub(crate) fn exit_code(&mut self) -> i32 {
        self.child.wait().unwrap().code().expect("init exits by itself")
    }
}

impl Drop for Init {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn reports(mut stdout: impl Read + Send + 'static) -> Receiver<Report> {
    let (sender, receiver) = channel();
    std::thread::spawn(move || {
        let mut decoder = Decoder::default();
        let mut buffer = vec![0; MAX_DATA];
        while let Ok(read) = stdout.read(&mut buffer)
            && read > 0
        {
            for report in decoder.feed(&buffer[..read]) {
                let _ = sender.send(report.expect("init sends whole frames"));
            }
        }
    });
    receiver
}
