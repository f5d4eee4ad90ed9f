//! What the engine does, over a real store, with scripted plugins and containers.

mod house;
mod recovery;
mod runs;
