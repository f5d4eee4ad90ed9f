//! Whether calls took results of earlier ones.

use serde::{Deserialize, Serialize};
use simulay_engine::{NotReused, ReuseTold};
use simulay_model as model;
use strum::Display;
use utoipa::ToSchema;

use super::open::Open;

/// Whether a call took the result of an earlier, equal one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CallReuse {
    /// It did.
    pub reused: bool,
    /// The run that computed the result, when that is of the same account; it may be deleted by now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<uuid::Uuid>)]
    pub from: Option<model::RunId>,
    /// Why it did not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<NoReuse>)]
    pub reason: Option<Open<NoReuse>>,
    /// The earlier call whose result it would have taken, had it been equal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nearest: Option<NearestCall>,
}

/// Why a call took no earlier result.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum NoReuse {
    /// Its plugin does not say that equal calls give equal outputs.
    NotDeterministic,
    /// The operator wants no results to be taken.
    SwitchedOff,
    /// The request wanted all to be computed.
    ComputedAnew,
    /// It was carried out while no results were kept, or what it left is let go of.
    NoKey,
    /// No equal call had a result.
    NoEqual,
}

/// An earlier call.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct NearestCall {
    /// Its run.
    #[schema(value_type = uuid::Uuid)]
    pub run: model::RunId,
    /// Step, from 0.
    pub step: u32,
    /// Index in the step, from 0.
    pub call: u32,
    /// What is other there. Nothing when it is equal, and had not ended or was not to be taken.
    #[schema(value_type = Vec<KeyPart>)]
    pub differs: Vec<Open<KeyPart>>,
}

/// A part of what a call is known by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Display, ToSchema)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum KeyPart {
    /// The ID of the image, whatever it is called.
    Image,
    /// The argument vector.
    Command,
    /// The environment, but for the seed.
    Environment,
    /// `SIM_SEED`.
    Seed,
    /// Paths and bytes of the files.
    Files,
    /// Which files are kept.
    Outputs,
    /// Processor, memory and scratch space.
    Resources,
    /// The contract of the plugin, or how the host carries calls out.
    Version,
}

impl From<ReuseTold> for CallReuse {
    fn from(told: ReuseTold) -> Self {
        match told {
            ReuseTold::Reused(from) => Self { reused: true, from, reason: None, nearest: None },
            ReuseTold::Not(why, nearest) => {
                let nearest = nearest.map(|nearest| NearestCall {
                    run: nearest.place.run,
                    step: nearest.place.step,
                    call: nearest.place.index,
                    differs: nearest.differs.into_iter().map(|part| KeyPart::from(part).into()).collect(),
                });
                Self { reused: false, from: None, reason: Some(NoReuse::from(why).into()), nearest }
            }
        }
    }
}

impl From<NotReused> for NoReuse {
    fn from(why: NotReused) -> Self {
        match why {
            NotReused::NotDeterministic => Self::NotDeterministic,
            NotReused::SwitchedOff => Self::SwitchedOff,
            NotReused::ComputedAnew => Self::ComputedAnew,
            NotReused::NoKey => Self::NoKey,
            NotReused::NoEqual => Self::NoEqual,
        }
    }
}

impl From<model::KeyPart> for KeyPart {
    fn from(part: model::KeyPart) -> Self {
        match part {
            model::KeyPart::Image => Self::Image,
            model::KeyPart::Command => Self::Command,
            model::KeyPart::Environment => Self::Environment,
            model::KeyPart::Seed => Self::Seed,
            model::KeyPart::Files => Self::Files,
            model::KeyPart::Outputs => Self::Outputs,
            model::KeyPart::Resources => Self::Resources,
            model::KeyPart::Version => Self::Version,
        }
    }
}
