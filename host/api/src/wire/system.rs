//! The server itself.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use simulay_containers::{NodeStatus, PoolStatus, RegisteredImage};
use simulay_engine as engine;
use simulay_model::{MissingPart, ProcessStatus, RunnerStatus};
use utoipa::ToSchema;

/// Whether the server lives or takes work.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Health {
    /// `ok` or `ready`.
    pub status: String,
    /// What is out of reach, and makes the server slower.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub missing: Vec<Lack>,
}

/// What a process cannot reach.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Lack {
    /// `host`, `store`, `signals`, `blobs`, `disk`, `runners` or `containers`.
    #[schema(example = "store")]
    pub part: String,
    /// Why, in words.
    pub why: String,
}

impl From<engine::Lack> for Lack {
    fn from(lack: engine::Lack) -> Self {
        Self { part: lack.part.as_str().to_owned(), why: lack.why }
    }
}

impl From<MissingPart> for Lack {
    fn from(MissingPart { part, why }: MissingPart) -> Self {
        Self { part, why }
    }
}

/// Bounds of requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Limits {
    /// Bytes of the largest component.
    pub max_component_bytes: u64,
    /// Bytes of the largest input.
    pub max_input_bytes: u64,
    /// Files of an archive of inputs, and as many folders.
    pub max_archive_files: usize,
    /// Bytes of an archive of inputs, as it is sent and when it is unpacked.
    pub max_archive_bytes: u64,
    /// Bytes of the largest JSON body.
    pub max_json_bytes: u64,
    /// Seconds `Prefer: wait` waits at most.
    pub max_wait_s: u64,
    /// The most runs in one page.
    pub max_page: u32,
}

/// What is going on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Stats {
    /// Runs accepted and not ended.
    pub unfinished_runs: usize,
    /// Runs at work; left out by a server that works on none itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub active_runs: Option<usize>,
    /// Containers at work; left out by a server that works on no runs itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub containers: Option<usize>,
}

/// The server: version, bounds, load.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct System {
    /// Version of Simulay.
    #[schema(example = "0.1.0")]
    pub version: String,
    /// Bounds of requests.
    pub limits: Limits,
    /// What is going on.
    pub stats: Stats,
    /// The last time that the clock of the machine jumped, since the server started.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clock_jump: Option<ClockJump>,
    /// The name of the process that answered; for operators.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The processes that work on runs, where others do; for operators.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub runners: Vec<Runner>,
    /// The machines that containers run on; for operators.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub nodes: Vec<Node>,
    /// What the server cannot reach; for operators.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub missing: Vec<Lack>,
}

/// A process that works on runs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Runner {
    /// Where it is.
    pub address: String,
    /// It answers.
    pub alive: bool,
    /// Why it does not answer; left out when it does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
    /// What it says of itself; left out when it does not answer, or its version cannot tell.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<Process>,
}

impl From<RunnerStatus> for Runner {
    fn from(RunnerStatus { address, told }: RunnerStatus) -> Self {
        let (alive, why, status) = match told {
            Ok(status) => (true, None, status.map(Process::from)),
            Err(why) => (false, Some(why), None),
        };
        Self { address, alive, why, status }
    }
}

/// What a process says of itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Process {
    /// The name of its machine, or of its container.
    pub name: String,
    /// Version of Simulay.
    #[schema(example = "0.1.0")]
    pub version: String,
    /// Runs at work.
    pub active_runs: u64,
    /// Runs that wait in it for their turn, which are not all that wait.
    pub waiting_runs: u64,
    /// Container calls that have their turn.
    pub containers: u64,
    /// Container calls that wait, for their turn or for room on a node.
    pub waiting_calls: u64,
    /// What it cannot reach.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub missing: Vec<Lack>,
}

impl From<ProcessStatus> for Process {
    fn from(status: ProcessStatus) -> Self {
        let ProcessStatus { name, version, active_runs, waiting_runs, containers, waiting_calls, missing } =
            status;
        let missing = missing.into_iter().map(Lack::from).collect();
        Self { name, version, active_runs, waiting_runs, containers, waiting_calls, missing }
    }
}

/// A machine that containers run on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Node {
    /// Its name.
    pub name: String,
    /// Thousandths of a processor that it gives to containers.
    pub cpu_milli: u64,
    /// Of these, those that containers have.
    pub cpu_milli_used: u64,
    /// MiB of memory that it gives to containers.
    pub memory_mib: u64,
    /// Of these, those that containers have.
    pub memory_mib_used: u64,
    /// The images that it has, by their logical names.
    pub images: Vec<String>,
    /// Those that it lacks: it is not given calls that need them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub missing_images: Vec<String>,
    /// It takes no more calls, and lets those at work end.
    pub draining: bool,
    /// Containers that wait for calls.
    #[serde(default)]
    pub pool: Pool,
}

/// Containers of a node that were started ahead of calls, and wait for them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Pool {
    /// The most that wait; 0 where none do.
    pub max_containers: u32,
    /// The most with equal image and resources.
    pub max_per_class: u32,
    /// The most memory that they take together while they wait, MiB.
    pub max_memory_mib: u64,
    /// What calls asked for lately.
    pub classes: Vec<WarmClass>,
    /// Those in which calls of one account and plugin version follow each other, each a process, that wait for the next.
    #[serde(default)]
    pub forking: u32,
    /// Memory that these take together, bytes, as measured when each was made.
    #[serde(default)]
    pub forking_bytes: u64,
}

/// Containers that are alike: each is for any call that needs their image and resources.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct WarmClass {
    /// The logical name of their image.
    pub image: String,
    /// Thousandths of a processor that each may use.
    pub cpu_milli: u32,
    /// Memory that each may use in all, MiB.
    pub memory_mib: u64,
    /// Room in the working directory of each, MiB.
    pub scratch_mib: u32,
    /// Those that wait.
    pub ready: u32,
    /// Of these, those that have a command started ahead, up to where it would read its program.
    pub booted: u32,
    /// Those that are being made.
    pub in_making: u32,
    /// Memory that each takes while it waits, bytes, as measured last; 0 when none was.
    pub bytes_each: u64,
}

impl From<PoolStatus> for Pool {
    fn from(pool: PoolStatus) -> Self {
        let PoolStatus { max_containers, max_per_class, max_memory_mib, classes, forking, forking_bytes } =
            pool;
        let classes = classes.into_iter().map(WarmClass::from).collect();
        Self { max_containers, max_per_class, max_memory_mib, classes, forking, forking_bytes }
    }
}

impl From<simulay_containers::WarmClass> for WarmClass {
    fn from(class: simulay_containers::WarmClass) -> Self {
        let simulay_containers::WarmClass {
            image,
            cpu_milli,
            memory_mib,
            scratch_mib,
            ready,
            booted,
            in_making,
            bytes_each,
        } = class;
        Self { image, cpu_milli, memory_mib, scratch_mib, ready, booted, in_making, bytes_each }
    }
}

impl From<NodeStatus> for Node {
    fn from(node: NodeStatus) -> Self {
        let NodeStatus { name, capacity, reserved, images, draining, pool, .. } = node;
        let (present, absent): (Vec<_>, Vec<_>) = images.into_iter().partition(|image| image.present);
        let names = |images: Vec<RegisteredImage>| images.into_iter().map(|image| image.name).collect();
        Self {
            name,
            cpu_milli: capacity.cpu_milli,
            cpu_milli_used: reserved.cpu_milli,
            memory_mib: capacity.memory_mib,
            memory_mib_used: reserved.memory_mib,
            images: names(present),
            missing_images: names(absent),
            draining,
            pool: pool.into(),
        }
    }
}

/// A jump of the clock. What is kept ages by the time that passed, not by the clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ClockJump {
    /// What the clock said after it.
    #[schema(value_type = String, format = DateTime)]
    pub at: Timestamp,
    /// By how many seconds; back when it is negative.
    pub by_s: i64,
}

impl From<engine::ClockJump> for ClockJump {
    fn from(jump: engine::ClockJump) -> Self {
        Self { at: jump.at, by_s: jump.by.as_secs() }
    }
}

impl From<engine::Load> for Stats {
    fn from(load: engine::Load) -> Self {
        let engine::Load { unfinished_runs, active_runs, containers } = load;
        Self { unfinished_runs, active_runs, containers }
    }
}
