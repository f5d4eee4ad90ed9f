//! `simulay cluster`: the certificates by which the roles of a cluster know each other.

mod overview;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::builder::RangedU64ValueParser;
use clap::{Args, Subcommand, ValueEnum};
use jiff::Timestamp;
use serde_json::json;

use self::overview::Overview;
use crate::authority::Folder;
use crate::fault::FAILED;
use crate::terminal::{print, print_json, say};

/// The certificates by which the roles of a cluster know each other.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Makes a cluster's authority, and a certificate for each role.
    Init {
        /// A folder that is empty or does not exist.
        #[arg(value_name = "DIR")]
        folder: PathBuf,
        /// What people call the cluster.
        #[arg(long, default_value = "simulay", value_parser = name)]
        name: String,
        #[command(flatten)]
        lifetime: Lifetime,
    },
    /// Gives each role a new certificate, of the same authority or of a new one.
    Rotate {
        /// The folder that `simulay cluster init` made.
        #[arg(value_name = "DIR")]
        folder: PathBuf,
        /// Replaces the authority, one step at a time; the nodes get the files of their roles after each.
        #[arg(long, value_enum, value_name = "STEP")]
        ca: Option<Step>,
        #[command(flatten)]
        lifetime: Lifetime,
    },
    /// Tells whom the certificates name and when they end; fails when one is of no use.
    Show {
        /// The folder that `simulay cluster init` made.
        #[arg(value_name = "DIR")]
        folder: PathBuf,
        /// Fails also when one ends within so many days.
        #[arg(long, value_name = "DAYS", default_value_t = 0)]
        within: u32,
    },
}

/// A step towards a new authority. Repeating one is fine.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum Step {
    /// Makes the new authority; all trust both.
    Begin,
    /// Makes the certificates of the new one; all trust both.
    Switch,
    /// Nobody trusts the former one any more.
    Finish,
}

#[derive(Debug, Args)]
struct Lifetime {
    /// How long the certificates of roles last.
    #[arg(long, default_value = "90", value_parser = RangedU64ValueParser::<u32>::new().range(1..=3650))]
    days: u32,
}

/// Does what `arguments` say.
pub(crate) fn execute(arguments: &Arguments, json: bool) -> anyhow::Result<ExitCode> {
    let now = Timestamp::now();
    let (folder, next, within) = match &arguments.verb {
        Verb::Init { folder, name, lifetime } => {
            let made = Folder::init(folder, name, lifetime.days, now)?;
            let key = folder.join("ca/ca.key");
            (made, Some(format!("keep {} offline. {GIVE}", key.display())), 0)
        }
        Verb::Rotate { folder, ca, lifetime } => {
            let found = Folder::open(folder)?;
            let next = rotate(&found, *ca, lifetime.days, now)?;
            (found, Some(next.to_owned()), 0)
        }
        Verb::Show { folder, within } => (Folder::open(folder)?, None, *within),
    };
    let overview = Overview::of(&folder, now)?;
    tell(&overview, next.as_deref(), json)?;
    Ok(if overview.is_sound(within) { ExitCode::SUCCESS } else { ExitCode::from(FAILED) })
}

const GIVE: &str = "Give each process ca.crt, tls.crt and tls.key of its role, as docker secrets or copied to its \
                    node; one that sees the new files takes them up by itself";

/// Gives what comes next.
fn rotate(folder: &Folder, ca: Option<Step>, days: u32, now: Timestamp) -> anyhow::Result<&'static str> {
    match ca {
        None => folder.renew(days, now).map(|()| GIVE),
        Some(Step::Begin) => {
            folder.begin(now)?;
            Ok("Give each process the ca.crt of its role; once all have it: `--ca switch`")
        }
        Some(Step::Switch) => {
            folder.switch(days, now)?;
            Ok("Give each process ca.crt, tls.crt and tls.key of its role; once all have them: `--ca finish`")
        }
        Some(Step::Finish) => {
            folder.finish()?;
            Ok("Give each process the ca.crt of its role")
        }
    }
}

fn name(text: &str) -> Result<String, String> {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    let fine = (1..=64).contains(&text.len()) && text.chars().all(plain);
    fine.then(|| text.to_owned()).ok_or_else(|| "1 to 64 letters, digits, `-`, `_` and `.`".to_owned())
}

/// Tells of the cluster, and what comes next.
fn tell(overview: &Overview, next: Option<&str>, json: bool) -> std::io::Result<()> {
    if json {
        print_json(&json!({ "cluster": overview, "next": next }))
    } else {
        print(&overview.text())?;
        next.map_or(Ok(()), |next| say(&format!("\n{next}.")))
    }
}
