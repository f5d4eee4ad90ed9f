//! The names that keys and channels have in Redis. All begin with `simulay:` and the instance, so that several may
//! share a server, and a user of it be bound to one.

use std::sync::Arc;

use simulay_rates::Rate;
use simulay_signals::{LogName, StreamName, Topic};

/// The names of one instance. Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct Keys(Arc<str>);

impl Keys {
    pub(crate) fn of(instance: &str) -> Self {
        Self(format!("simulay:{instance}").into())
    }

    /// The channel of a topic.
    pub(crate) fn topic(&self, topic: &Topic) -> String {
        let prefix = &self.0;
        match topic {
            Topic::Work => format!("{prefix}:work"),
            Topic::Sweeps => format!("{prefix}:sweeps"),
            Topic::Run(run) => format!("{prefix}:run:{run}"),
            Topic::Plugin(plugin) => format!("{prefix}:plugin:{plugin}"),
            Topic::Account(account) => format!("{prefix}:account:{account}"),
        }
    }

    /// The channel on which a process tells that signals of it are lost.
    pub(crate) fn lost(&self) -> String {
        format!("{}:lost", self.0)
    }

    /// The stream of a log.
    pub(crate) fn log(&self, log: LogName) -> String {
        let stream = match log.stream {
            StreamName::Stdout => "stdout",
            StreamName::Stderr => "stderr",
        };
        format!("{}:log:{}:{stream}", self.0, log.container)
    }

    /// The counter of somebody.
    pub(crate) fn rate(&self, limit: &str, who: &str, rate: Rate) -> String {
        let (nanos, burst) = (rate.interval().as_nanos(), rate.burst());
        format!("{}:rate:{limit}:{nanos}:{burst}:{who}", self.0)
    }
}
