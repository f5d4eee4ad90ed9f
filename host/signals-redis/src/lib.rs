//! Hints between processes of Simulay by Redis.
