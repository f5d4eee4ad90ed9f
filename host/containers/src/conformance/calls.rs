//! The calls that container runtimes are checked with. One that runs no commands plays them by their names.

use simulay_model::{ContainerCall, ContainerName, Digest, File, OnFailure, Resources, RunId, Source};

use crate::{Begin, ExecutionRequest, Permissions};

/// Name of an image with a shell.
pub const IMAGE: &str = "shell";
/// Name of an image that the operator does not grant.
pub const UNREGISTERED: &str = "unregistered";

/// The fence of [`request`].
pub const FENCE: u64 = 7;

/// Name of [`copying`].
pub const COPIES: &str = "copies";
/// What [`copying`] takes in as a text and as an artifact.
pub const TAKEN: [&str; 2] = ["a text\n", "an artifact\n"];
/// What [`copying`] hands back.
pub const COPY: &str = "out/copy.txt";
/// What [`copying`] says on standard error.
pub const COMPLAINT: &str = "oops\n";

/// Name of [`failing`].
pub const FAILS: &str = "fails";
/// What [`failing`] exits with.
pub const CODE: i32 = 3;

/// A call that prints what it takes in, and leaves it as a file.
#[must_use]
pub fn copying() -> ContainerCall {
    let [text, artifact] = TAKEN;
    let file = |path: &str, content| File { path: path.to_owned(), content };
    let script = format!("cat in/*; echo oops >&2; mkdir out; cat in/* > {COPY}; touch rest");
    ContainerCall {
        files: vec![
            file("in/1", Source::Text(text.to_owned())),
            file("in/2", Source::Artifact(Digest::of(artifact.as_bytes()))),
        ],
        outputs: vec!["out/**".to_owned()],
        ..shell(COPIES, &script)
    }
}

/// A call whose command fails.
#[must_use]
pub fn failing() -> ContainerCall {
    shell(FAILS, &format!("exit {CODE}"))
}

/// A call that prints a line which no other container prints, and ends once it is released: when there is a
/// file `go` in the working directory.
#[must_use]
pub fn waiting(name: &str) -> ContainerCall {
    shell(name, "cat /proc/sys/kernel/random/uuid; while [ ! -e go ]; do sleep 0.02; done")
}

/// A request for a container of its own.
#[must_use]
pub fn request(call: ContainerCall) -> ExecutionRequest {
    let name = ContainerName { run: RunId::generate(), step: 0, call: 0, attempt: 0 };
    let (permissions, begin) = (permissions(), Begin::Start);
    ExecutionRequest { name, call, permissions, begin, fence: FENCE, tenant: None }
}

fn permissions() -> Permissions {
    let max_resources =
        Resources { cpu_milli: 2000, memory_mib: 1024, scratch_mib: 1024, timeout_ms: 600_000 };
    Permissions { images: [IMAGE, UNREGISTERED].map(str::to_owned).into(), max_resources }
}

fn shell(name: &str, script: &str) -> ContainerCall {
    ContainerCall {
        name: name.to_owned(),
        image: IMAGE.to_owned(),
        command: ["sh", "-c", script].map(str::to_owned).into(),
        env: Vec::new(),
        files: Vec::new(),
        outputs: Vec::new(),
        excludes: Vec::new(),
        keep_unchanged: true,
        resources: Resources { cpu_milli: 1000, memory_mib: 64, scratch_mib: 16, timeout_ms: 60_000 },
        on_failure: OnFailure::Report,
        deterministic: false,
    }
}
