//! Between the plugin's view (WIT) and the host's (model). Every value of a guest is hostile here.

mod answer;
mod manifest;
mod request;

pub(crate) use answer::{Bounds, failure, next, step};
pub(crate) use manifest::manifest;
pub(crate) use request::{request, results};
