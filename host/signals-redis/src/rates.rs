//! How often somebody asks any of several processes.

use std::time::Duration;

use async_trait::async_trait;
use redis::Script;
use simulay_rates::{Exhausted, LocalRates, Rate, Rates, Standing};
use tokio::time::timeout;

use crate::RedisServer;
use crate::keys::Keys;
use crate::lane::Lane;

/// Counts by a script in Redis, by its clock. Without Redis each process counts alone, of what it let through itself,
/// until Redis is there again.
pub struct RedisRates {
    keys: Keys,
    lane: Lane,
    script: Script,
    patience: Duration,
    local: LocalRates,
}

/// What the script answers: admitted, how many are left, microseconds.
type Answer = (u8, u64, u64);

impl RedisRates {
    /// For how long a request waits for Redis, usually.
    pub const PATIENCE: Duration = Duration::from_millis(50);

    /// Begins to connect, in the present runtime; a request waits for `patience` at most, and counts alone after that.
    #[must_use]
    pub fn start(server: &RedisServer, patience: Duration) -> Self {
        Self {
            keys: server.keys.clone(),
            lane: Lane::open(server.clone()),
            script: Script::new(include_str!("gcra.lua")),
            patience,
            local: LocalRates::default(),
        }
    }

    /// What Redis counts; nothing when it does not answer in time.
    async fn shared(&self, limit: &str, who: &str, rate: Rate) -> Option<Result<Standing, Exhausted>> {
        let mut connection = self.lane.now()?;
        // Nobody asks a million times a second; a tick of Redis is not divided.
        let interval = rate.interval().as_micros().max(1);
        let mut call = self.script.key(self.keys.rate(limit, who, rate));
        call.arg(interval.to_string()).arg(rate.burst().get());
        match timeout(self.patience, call.invoke_async::<Answer>(&mut connection)).await {
            Ok(Ok(answer)) => Some(standing(answer)),
            Ok(Err(error)) => {
                tracing::debug!(limit, %error, "Redis does not count; this process does");
                // A counter that is none costs only itself.
                if error.is_unrecoverable_error() {
                    self.lane.broken();
                }
                None
            }
            Err(_) => {
                self.lane.broken();
                None
            }
        }
    }
}

fn standing((admitted, left, micros): Answer) -> Result<Standing, Exhausted> {
    let time = Duration::from_micros(micros);
    let left = u32::try_from(left).unwrap_or(u32::MAX);
    if admitted == 1 { Ok(Standing { left, time }) } else { Err(Exhausted { time }) }
}

#[async_trait]
impl Rates for RedisRates {
    async fn take(&self, limit: &'static str, who: &str, rate: Rate) -> Result<Standing, Exhausted> {
        match self.shared(limit, who, rate).await {
            Some(Ok(standing)) => {
                // Whoever counts alone later knows of these.
                let _ = self.local.count(limit, who, rate);
                Ok(standing)
            }
            Some(Err(exhausted)) => Err(exhausted),
            None => self.local.count(limit, who, rate),
        }
    }
}
