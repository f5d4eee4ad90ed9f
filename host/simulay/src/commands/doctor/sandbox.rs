//! Checks of the processes that plugin code runs in.

use simulay_sandbox::Measure;

use super::{Check, State};
use crate::compose;

const NAME: &str = "sandbox";

/// One check per measure that this machine refuses, or one that says all is well.
pub(super) async fn checks() -> Vec<Check> {
    match compose::confinement().await {
        Ok(measures) => judge(&measures),
        Err(error) => {
            let cure = "look whether this user may start more processes";
            vec![Check::bad(NAME, State::Fail, format!("no worker starts: {error:#}"), cure)]
        }
    }
}

fn judge(measures: &[Measure]) -> Vec<Check> {
    let (refused, taken): (Vec<_>, Vec<_>) = measures.iter().partition(|measure| measure.refused.is_some());
    let names: Vec<&str> = taken.iter().map(|measure| measure.name.as_str()).collect();
    let mut checks = vec![Check::ok(NAME, format!("plugins run with {}", names.join(", ")))];
    checks.extend(refused.into_iter().map(missing));
    checks
}

fn missing(measure: &Measure) -> Check {
    let why = measure.refused.as_deref().unwrap_or_default();
    let message = format!("plugins run without {}: {why}", measure.name);
    if measure.spare {
        return Check::ok(NAME, format!("{message}; the other measures stand in for it"));
    }
    let cure =
        "run Simulay as root or allow unprivileged user namespaces, outside of a container that forbids them";
    Check::bad(NAME, State::Warn, message, cure)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn measure(name: &str, refused: Option<&str>) -> Measure {
        Measure { name: name.to_owned(), refused: refused.map(ToOwned::to_owned), spare: false }
    }

    #[test]
    fn what_is_missing_is_told_with_its_cure() {
        let landlock = Measure { spare: true, ..measure("rules (Landlock)", Some("old")) };
        let measures = [measure("a", None), measure("b", Some("no")), landlock];
        let checks = judge(&measures);
        let states: Vec<State> = checks.iter().map(|check| check.state).collect();
        assert_eq!(states, [State::Ok, State::Warn, State::Ok]);
        assert_eq!(checks[0].message, "plugins run with a");
        assert_eq!(checks[1].message, "plugins run without b: no");
    }
}
