//! Whether the time of an answer tells what is another's, or who has an account.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Instant;

use anyhow::{Context as _, ensure};
use serde_json::{Value, json};
use ureq::Agent;

use super::TOKEN;
use crate::bench::runs::median;
use crate::process::{read, run};

const BYTES: &[u8] = b"what the first account uploaded";
/// A SHA-256 that nobody has.
const NOBODYS: &str = "00000000000000000000000000000000000000000000000000000000000000ff";
/// Attempts to sign in; each takes a processor for a while.
const SIGN_INS: u32 = 100;

/// Somebody without anything, who asks.
struct Stranger {
    agent: Agent,
    url: String,
    token: String,
}

/// Asks for what is another's and for what is nobody's, in turn.
pub(super) fn execute(program: &Path, data: &Path, url: &str, requests: u32) -> anyhow::Result<()> {
    let stranger = Stranger::new(program, data, url)?;
    let theirs = stranger.upload_as(TOKEN)?;
    report(
        "an input of another",
        "of nobody",
        |there| stranger.ask(if there { &theirs } else { NOBODYS }),
        requests,
    )?;
    report(
        "signing in as somebody",
        "as nobody",
        |there| stranger.sign_in(if there { "stranger" } else { "nobody" }),
        SIGN_INS,
    )
}

impl Stranger {
    fn new(program: &Path, data: &Path, url: &str) -> anyhow::Result<Self> {
        let simulay = |arguments: &[&str]| {
            let mut command = Command::new(program);
            command.args(arguments).arg("--data").arg(data).current_dir(data).stdin(Stdio::null());
            command
        };
        run(&mut simulay(&["account", "create", "stranger"]))?;
        let password = data.join("password");
        std::fs::write(&password, "a password of the stranger\n")?;
        run(simulay(&["account", "password", "stranger"]).stdin(std::fs::File::open(&password)?))?;
        let token = read(&mut simulay(&["token", "create", "stranger"]))?.trim().to_owned();
        let agent = Agent::config_builder().http_status_as_error(false).proxy(None).build().into();
        Ok(Self { agent, url: url.to_owned(), token })
    }

    /// Uploads as whoever has `token`; the SHA-256.
    fn upload_as(&self, token: &str) -> anyhow::Result<String> {
        let request = self.agent.post(format!("{}/v1/inputs", self.url));
        let request = request.header("content-type", "application/octet-stream");
        let mut answer = request.header("authorization", format!("Bearer {token}")).send(BYTES)?;
        let stored: Value = answer.body_mut().read_json()?;
        Ok(stored.get("sha256").and_then(Value::as_str).context("the host gave no address")?.to_owned())
    }

    fn ask(&self, sha256: &str) -> anyhow::Result<()> {
        let request = self.agent.head(format!("{}/v1/inputs/{sha256}", self.url));
        let answer = request.header("authorization", format!("Bearer {}", self.token)).call()?;
        ensure!(answer.status().as_u16() == 404, "{sha256} is there");
        Ok(())
    }

    fn sign_in(&self, account: &str) -> anyhow::Result<()> {
        let shown = json!({ "account": account, "password": "another password" });
        let mut answer = self.agent.post(format!("{}/v1/session", self.url)).send_json(shown)?;
        ensure!(answer.status().as_u16() == 401, "{account} is in");
        answer.body_mut().read_to_vec()?;
        Ok(())
    }
}

fn report(
    one: &str,
    other: &str,
    ask: impl Fn(bool) -> anyhow::Result<()>,
    requests: u32,
) -> anyhow::Result<()> {
    let mut times = [Vec::new(), Vec::new()];
    for _ in 0..requests {
        for (there, times) in [true, false].into_iter().zip(&mut times) {
            let begun = Instant::now();
            ask(there)?;
            times.push(begun.elapsed().as_secs_f64() * 1e3);
        }
    }
    let [mut theirs, mut nobodys] = times;
    let (theirs, nobodys) = (median(&mut theirs)?, median(&mut nobodys)?);
    println!("{one}, median: {theirs:.3} ms, {other} {nobodys:.3} ms ({:.3}x)", theirs / nobodys);
    Ok(())
}
