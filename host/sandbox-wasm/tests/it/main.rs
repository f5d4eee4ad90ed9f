//! The sandbox against good and hostile components.

#![cfg(test)]

mod calls;
mod conformance;
mod guests;
mod hostile;
mod inspect;
mod mutate;
mod process;
mod real;
mod released;
mod world;
