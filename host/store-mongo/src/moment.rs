//! Whose clock says when leases end.

use std::sync::Arc;

use jiff::Timestamp;
use mongodb::bson::{Bson, doc};
use simulay_model::Clock;

/// Whose clock says when leases end: the server's, which all hosts share, or one that is given.
#[derive(Clone)]
pub(crate) enum Moment {
    Server,
    Of(Arc<dyn Clock>),
}

impl Moment {
    /// The present moment in milliseconds, as an expression of the server's.
    pub(crate) fn expression(&self) -> Bson {
        match self {
            Self::Server => doc! { "$toLong": "$$NOW" }.into(),
            Self::Of(clock) => clock.now().as_millisecond().into(),
        }
    }

    /// The present moment as this host knows it.
    pub(crate) fn now(&self) -> Timestamp {
        match self {
            Self::Server => Timestamp::now(),
            Self::Of(clock) => clock.now(),
        }
    }
}
