//! Who computes what, known in one process: for stores that no other process works on.

use std::collections::HashMap;
use std::time::Duration;

use jiff::Timestamp;
use parking_lot::Mutex;
use simulay_model::CallPlace;

use crate::{Flight, StoreError};

/// Flights after which those that are over are let go of.
const MANY: usize = 1024;

/// Flights of one process.
#[derive(Debug, Default)]
pub struct Flights(Mutex<HashMap<Flight, Led>>);

#[derive(Debug)]
struct Led {
    by: CallPlace,
    until: Timestamp,
}

impl Flights {
    /// See [`crate::Reuse::lead`].
    ///
    /// # Errors
    /// When there is no such moment.
    pub fn lead(
        &self,
        flight: &Flight,
        call: CallPlace,
        (now, time): (Timestamp, Duration),
    ) -> Result<CallPlace, StoreError> {
        let until = now.checked_add(time).map_err(|error| StoreError::Failed(error.into()))?;
        let mut flights = self.0.lock();
        if flights.len() >= MANY {
            flights.retain(|_, led| led.until > now);
        }
        match flights.get(flight) {
            Some(led) if led.until > now && led.by != call => Ok(led.by),
            _ => {
                flights.insert(flight.clone(), Led { by: call, until });
                Ok(call)
            }
        }
    }

    /// See [`crate::Reuse::leader`].
    #[must_use]
    pub fn leader(&self, flight: &Flight, now: Timestamp) -> Option<CallPlace> {
        self.0.lock().get(flight).filter(|led| led.until > now).map(|led| led.by)
    }

    /// See [`crate::Reuse::land`].
    pub fn land(&self, flight: &Flight, call: CallPlace) {
        let mut flights = self.0.lock();
        if flights.get(flight).is_some_and(|led| led.by == call) {
            flights.remove(flight);
        }
    }
}
