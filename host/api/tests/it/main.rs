//! The interface from outside, by path and verb.

mod artifacts;
mod documents;
mod events;
mod hostile;
mod house;
mod inputs;
mod logs;
mod pipelines;
mod plugins;
mod runs;
mod scripts;
mod serving;
mod system;
