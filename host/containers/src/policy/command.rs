//! The argument vector and the environment: literal, bounded, never a shell's.

use std::collections::BTreeMap;

use super::denied;
use crate::ContainerError;

const MAX_ARGUMENTS: usize = 256;
const MAX_ARGUMENT_BYTES: usize = 16 << 10;
const MAX_TOTAL_BYTES: usize = 64 << 10;
/// The host adds one, the seed.
const MAX_VARIABLES: usize = 65;
const MAX_KEY_BYTES: usize = 128;
const MAX_VALUE_BYTES: usize = 4 << 10;
const KEYS: [&str; 4] = ["GNUTERM", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "TZ"];

/// Checks an argument vector.
pub(super) fn check(command: &[String]) -> Result<Vec<String>, ContainerError> {
    if command.is_empty() || command.len() > MAX_ARGUMENTS {
        return Err(denied("command", format!("1 to {MAX_ARGUMENTS} arguments are allowed")));
    }
    if command.first().is_some_and(String::is_empty) {
        return Err(denied("command[0]", "names the program and must not be empty"));
    }
    for (index, argument) in command.iter().enumerate() {
        check_text(argument, MAX_ARGUMENT_BYTES).map_err(|rule| denied(format!("command[{index}]"), rule))?;
    }
    check_total("command", command.iter().map(String::len))?;
    Ok(command.to_vec())
}

/// Checks an environment.
pub(super) fn check_env(env: &[(String, String)]) -> Result<BTreeMap<String, String>, ContainerError> {
    if env.len() > MAX_VARIABLES {
        return Err(denied("env", format!("at most {MAX_VARIABLES} variables are allowed")));
    }
    check_total("env", env.iter().map(|(key, value)| key.len() + value.len()))?;
    let mut checked = BTreeMap::new();
    for (index, (key, value)) in env.iter().enumerate() {
        let field = || format!("env[{index}]");
        check_key(key).map_err(|rule| denied(field(), rule))?;
        check_text(value, MAX_VALUE_BYTES).map_err(|rule| denied(field(), rule))?;
        if checked.insert(key.clone(), value.clone()).is_some() {
            return Err(denied(field(), "the variable is set already"));
        }
    }
    Ok(checked)
}

fn check_key(key: &str) -> Result<(), String> {
    let own = key.strip_prefix("SIM_").is_some_and(|rest| {
        rest.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_')
    });
    if (own && key.len() <= MAX_KEY_BYTES) || KEYS.contains(&key) {
        return Ok(());
    }
    Err(format!("only variables that begin with `SIM_`, and {} are allowed", KEYS.join(", ")))
}

fn check_text(text: &str, limit: usize) -> Result<(), String> {
    if text.len() > limit {
        return Err(format!("at most {limit} bytes are allowed"));
    }
    if text.contains('\0') { Err("must not contain NUL".to_owned()) } else { Ok(()) }
}

fn check_total(field: &str, lengths: impl Iterator<Item = usize>) -> Result<(), ContainerError> {
    if lengths.sum::<usize>() > MAX_TOTAL_BYTES {
        return Err(denied(field, format!("at most {MAX_TOTAL_BYTES} bytes in all are allowed")));
    }
    Ok(())
}
