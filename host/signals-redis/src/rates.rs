//! How often somebody asks any of several processes.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use redis::{RedisResult, Script};
use simulay_rates::{Exhausted, LocalRates, Rate, Rates, Standing};
use tokio::sync::Semaphore;
use tokio::time::timeout;

use crate::keys::Keys;
use crate::lane::{Connection, Lane};
use crate::{RedisServer, Unreachable};

/// So many answers in a row that do not come in time are more than a slow moment.
const TOO_MANY_LATE: u32 = 5;

/// Counts by a script in Redis, by its clock. Without Redis each process counts alone, of what it let through itself,
/// until Redis is there again.
pub struct RedisRates {
    keys: Keys,
    lane: Lane,
    script: Script,
    patience: Duration,
    local: LocalRates,
    /// Answers in a row that did not come in time.
    late: AtomicU32,
    /// Who waits while Redis is slow: one, and the others count alone.
    waiting: Semaphore,
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
            lane: Lane::open(server.clone(), "counting requests"),
            script: Script::new(include_str!("gcra.lua")),
            patience,
            local: LocalRates::default(),
            late: AtomicU32::new(0),
            waiting: Semaphore::new(1),
        }
    }

    /// What Redis counts; nothing when it does not answer in time.
    async fn shared(&self, limit: &str, who: &str, rate: Rate) -> Option<Result<Standing, Exhausted>> {
        let connection = self.lane.now()?;
        let slow = self.late.load(Ordering::Relaxed) > 0;
        let _waiting = if slow { Some(self.waiting.try_acquire().ok()?) } else { None };
        // Nobody asks a million times a second; a tick of Redis is not divided.
        let interval = rate.interval().as_micros().max(1);
        let mut call = self.script.key(self.keys.rate(limit, who, rate));
        call.arg(interval.to_string()).arg(rate.burst().get());
        let answer = timeout(self.patience, call.invoke_async::<Answer>(&mut connection.commands())).await;
        match answer {
            Ok(answer) => self.judge(&connection, answer).map(standing),
            Err(_) => {
                self.wait_in_vain(&connection, slow);
                None
            }
        }
    }

    /// What was counted; a counter that is none costs only itself.
    fn judge(&self, connection: &Connection, answer: RedisResult<Answer>) -> Option<Answer> {
        self.late.store(0, Ordering::Relaxed);
        answer.map_err(|error| self.lane.failed(connection, error)).ok()
    }

    /// Takes it down that an answer did not come in time: all of a first slow moment together, then one by one.
    fn wait_in_vain(&self, connection: &Connection, slow: bool) {
        if !slow {
            self.late.fetch_max(1, Ordering::Relaxed);
        } else if self.late.fetch_add(1, Ordering::Relaxed) + 1 >= TOO_MANY_LATE {
            self.late.store(0, Ordering::Relaxed);
            self.lane.broken(connection, Unreachable::Silent);
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
