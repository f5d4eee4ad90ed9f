//! The command as its users meet it; nothing here needs Docker.

mod command;
mod inspecting;
mod serving;
mod usage;
