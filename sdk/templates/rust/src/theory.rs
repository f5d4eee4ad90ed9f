//! The exact motion of an underdamped oscillator (e.g. Inman, Engineering Vibration, section 1.3).

use crate::params::Params;

/// Angular frequency with damping, 1/s.
pub fn damped_frequency(params: &Params) -> f64 {
    params.natural_frequency() * (1.0 - params.damping_ratio().powi(2)).sqrt()
}

/// Displacement at the time `t`, m.
pub fn displacement(params: &Params, t: f64) -> f64 {
    let decay = params.damping_ratio() * params.natural_frequency();
    let frequency = damped_frequency(params);
    let swing = (frequency * t).cos() + decay / frequency * (frequency * t).sin();
    params.amplitude_m * (-decay * t).exp() * swing
}
