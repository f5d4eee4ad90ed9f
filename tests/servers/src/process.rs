//! A server as a process.

use std::env;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

/// A process that listens; it is killed when dropped.
pub(crate) struct Process {
    child: Child,
    /// Host and port.
    pub(crate) address: String,
}

impl Process {
    /// Starts `program` in `folder`; it listens once it has said `mark`, and where, on its standard error.
    pub(crate) fn start(program: &Path, arguments: &[&str], folder: &Path, mark: &str) -> Self {
        let mut command = Command::new("setpriv");
        command.args(["--pdeathsig", "KILL"]).arg(program).args(arguments).current_dir(folder);
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let said =
            lines.find_map(|line| line.unwrap().split_once(mark).map(|(_, rest)| rest.trim().to_owned()));
        let address = said.expect("the server listens");
        // What it says later goes somewhere, until it ends.
        std::thread::spawn(move || lines.for_each(drop));
        Self { child, address }
    }

    /// Ends the process as a machine that dies does.
    pub(crate) fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Where `cargo xtask setup` puts a program.
pub(crate) fn tool(path: &str) -> PathBuf {
    let program = place(path);
    assert!(program.is_file(), "{} is not there: `cargo xtask setup` fetches it", program.display());
    program
}

/// The same, where the machine's own does as well.
pub(crate) fn unpacked(path: &str) -> Option<PathBuf> {
    Some(place(path)).filter(|program| program.is_file())
}

fn place(path: &str) -> PathBuf {
    let tools = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/simulay/tools");
    env::var_os("SIMULAY_TOOLS").map_or(tools, PathBuf::from).join(path)
}
