//! The main job, end to end: the real host, real plugins, real Docker, real Octave, over REST.

mod crash;
mod endings;
mod host;
mod pipelines;
