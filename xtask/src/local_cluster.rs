//! A cluster of plain processes on this machine: its servers and every role, each of which may be killed, frozen and
//! started again. Docker is the machine's own; each cluster has an instance of its own there.

mod nginx;
mod process;

use std::collections::BTreeMap;
use std::fs;
use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context as _, bail};

use self::process::{Recipe, free_address};
use crate::place::Place;
use crate::process::{poll, read};
use crate::rest::Host;
use crate::setup::ImageId;

pub(crate) use self::process::Process;

/// For every role to find what it needs.
const READY: Duration = Duration::from_secs(60);
/// The token of the first account: 32 bytes of zero.
const TOKEN: &str = "sim_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

/// How many there are of each role that may be several.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Shape {
    /// Processes that answer requests.
    pub(crate) apis: usize,
    /// Processes that work on runs.
    pub(crate) runners: usize,
}

/// A cluster at work; ended when dropped.
pub(crate) struct LocalCluster {
    // Before the folder, so that nothing works in it when it goes.
    processes: BTreeMap<String, Process>,
    apis: Vec<SocketAddr>,
    instance: String,
    folder: tempfile::TempDir,
}

impl LocalCluster {
    /// Starts the servers, then every role of `program`, and returns once requests are answered.
    pub(crate) fn start(
        place: &Place,
        program: &Path,
        octave: &ImageId,
        shape: Shape,
    ) -> anyhow::Result<Self> {
        let folder = tempfile::Builder::new().prefix("simulay-cluster-").tempdir()?;
        let plan = Plan::new(place, program, octave, folder.path().to_owned())?;
        let mut cluster =
            Self { processes: BTreeMap::new(), apis: Vec::new(), instance: plan.instance.clone(), folder };
        cluster.add(plan.mongodb()?)?;
        cluster.add(plan.redis()?)?;
        cluster.add(plan.agent()?)?;
        let runners: Vec<Recipe> =
            (1..=shape.runners).map(|number| plan.runner(number)).collect::<Result<_, _>>()?;
        let addresses: Vec<String> = runners.iter().map(|runner| runner.address.to_string()).collect();
        runners.into_iter().try_for_each(|runner| cluster.add(runner))?;
        for number in 1..=shape.apis {
            let api = plan.api(number, &addresses.join(","))?;
            cluster.apis.push(api.address);
            cluster.add(api)?;
        }
        cluster.wait_until_ready()?;
        Ok(cluster)
    }

    fn add(&mut self, recipe: Recipe) -> anyhow::Result<()> {
        self.processes.insert(recipe.name.clone(), Process::start(recipe)?);
        Ok(())
    }

    fn wait_until_ready(&self) -> anyhow::Result<()> {
        let ready = |api: &Host| api.get("/readyz").is_ok();
        let apis: Vec<Host> =
            (0..self.apis.len()).map(|number| self.api(number)).collect::<Result<_, _>>()?;
        if poll(READY, || apis.iter().all(ready).then_some(())).is_none() {
            bail!("the cluster does not become ready: {:?}", apis.first().map(|api| api.get("/readyz")));
        }
        Ok(())
    }

    /// A client of an `api`, from 0, as the first account.
    pub(crate) fn api(&self, number: usize) -> anyhow::Result<Host> {
        let address = self.apis.get(number).context("there is no such api")?;
        Host::new(&format!("http://{address}")).with_token(TOKEN)
    }

    /// Puts nginx before all that answer requests, as it is deployed; a client of it, as the first account.
    pub(crate) fn put_nginx_before(&mut self, place: &Place) -> anyhow::Result<Host> {
        let nginx = nginx::recipe(place, self.folder.path(), &self.apis)?;
        let url = format!("https://{}", nginx.address);
        self.add(nginx)?;
        Host::new(&url).signed_by(&nginx::authority(self.folder.path())?)?.with_token(TOKEN)
    }

    /// Whose containers are its own.
    pub(crate) fn instance(&self) -> &str {
        &self.instance
    }

    /// What the processes are called.
    pub(crate) fn names(&self) -> Vec<String> {
        self.processes.keys().cloned().collect()
    }

    /// The process that is called so, e.g. `runner-1`.
    pub(crate) fn process(&mut self, name: &str) -> anyhow::Result<&mut Process> {
        self.processes.get_mut(name).with_context(|| format!("there is no process {name}"))
    }
}

/// Where everything of a cluster lies and listens.
struct Plan<'a> {
    place: &'a Place,
    program: &'a Path,
    octave: &'a ImageId,
    folder: PathBuf,
    instance: String,
    mongodb: SocketAddr,
    redis: SocketAddr,
    agent: SocketAddr,
}

impl<'a> Plan<'a> {
    fn new(
        place: &'a Place,
        program: &'a Path,
        octave: &'a ImageId,
        folder: PathBuf,
    ) -> anyhow::Result<Self> {
        let secrets = folder.join("cluster");
        read(Command::new(program).args(["cluster", "init"]).arg(&secrets))?;
        let shown = read(Command::new(program).args(["--json", "cluster", "show"]).arg(&secrets))?;
        let shown: serde_json::Value = serde_json::from_str(&shown)?;
        let instance = shown
            .pointer("/cluster/id")
            .and_then(serde_json::Value::as_str)
            .context("the cluster has no id")?;
        let token = folder.join("token");
        fs::write(&token, TOKEN)?;
        fs::set_permissions(&token, fs::Permissions::from_mode(0o600))?;
        let [mongodb, redis, agent] = [free_address()?, free_address()?, free_address()?];
        Ok(Self { place, program, octave, folder, instance: instance.to_owned(), mongodb, redis, agent })
    }

    fn recipe(
        &self,
        name: &str,
        program: PathBuf,
        arguments: &[String],
        address: SocketAddr,
    ) -> anyhow::Result<Recipe> {
        Ok(Recipe {
            name: name.to_owned(),
            program,
            arguments: arguments.to_vec(),
            variables: Vec::new(),
            folder: self.folder.clone(),
            address,
            log: self.place.made(&format!("cluster-{name}.log"))?,
        })
    }

    fn mongodb(&self) -> anyhow::Result<Recipe> {
        let program = self.place.made("tools")?.join("mongodb/bin/secantusd-py");
        let data = self.folder.join("mongodb").display().to_string();
        let port = self.mongodb.port().to_string();
        let arguments = ["--port", &port, "--storage-path", &data, "--sync-on-commit"].map(String::from);
        self.recipe("mongodb", program, &arguments, self.mongodb)
    }

    fn redis(&self) -> anyhow::Result<Recipe> {
        let port = self.redis.port().to_string();
        let arguments =
            ["--bind", "127.0.0.1", "--port", &port, "--save", "", "--appendonly", "no"].map(String::from);
        self.recipe("redis", "redis-server".into(), &arguments, self.redis)
    }

    fn agent(&self) -> anyhow::Result<Recipe> {
        self.role("containers", "containers", self.agent, &[])
    }

    fn runner(&self, number: usize) -> anyhow::Result<Recipe> {
        let nodes = ("SIMULAY__CLUSTER__NODES", self.agent.to_string());
        self.role("runner", &format!("runner-{number}"), free_address()?, &[nodes])
    }

    fn api(&self, number: usize, runners: &str) -> anyhow::Result<Recipe> {
        let address = free_address()?;
        let mut variables = vec![
            ("SIMULAY__CLUSTER__RUNNERS", runners.to_owned()),
            ("SIMULAY__SERVER__LISTEN", address.to_string()),
            ("SIMULAY__AUTH__MODE", "accounts".to_owned()),
            ("SIMULAY__AUTH__FIRST_TOKEN_FILE", self.folder.join("token").display().to_string()),
        ];
        // What is measured and tried here is not how often one may ask.
        variables.push(("SIMULAY__LIMITS__REQUESTS_PER_SECOND_PER_ACCOUNT", "0".to_owned()));
        self.role("api", &format!("api-{number}"), address, &variables)
    }

    fn role(
        &self,
        role: &str,
        name: &str,
        address: SocketAddr,
        variables: &[(&str, String)],
    ) -> anyhow::Result<Recipe> {
        let mut recipe = self.recipe(name, self.program.to_owned(), &[role.to_owned()], address)?;
        let common = [
            ("SIMULAY__CLUSTER__MONGODB", format!("mongodb://{}/simulay", self.mongodb)),
            ("SIMULAY__CLUSTER__REDIS", format!("redis://{}", self.redis)),
            ("SIMULAY__CLUSTER__CERTIFICATES", self.folder.join("cluster").join(role).display().to_string()),
            ("SIMULAY__CLUSTER__LISTEN", address.to_string()),
            ("SIMULAY__CLUSTER__HEALTH", free_address()?.to_string()),
            ("SIMULAY__IMAGES__OCTAVE", self.octave.as_str().to_owned()),
        ];
        let variables = common.iter().chain(variables);
        recipe.variables = variables.map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
        Ok(recipe)
    }
}
