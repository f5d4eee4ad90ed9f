//! What containers are called in Docker. A copy of a host has the same runs, and an instance of its own:
//! the name has both, so that neither ever takes a container of the other for its own.

use simulay_model::ContainerName;
use uuid::Uuid;

/// No run is called so.
const POOL: &str = "simulay-pool-";
const ASIDE: &str = "over-";

/// Docker's name of the container of `instance` that is started for the attempt `name`.
pub(crate) fn docker_name(name: ContainerName, instance: Uuid) -> String {
    format!("{name}-{}", mark(instance))
}

/// What Docker calls a container of `instance` that was made to wait for a call, the one of this number; also while it
/// serves one.
pub(crate) fn pool_name(number: Uuid, instance: Uuid) -> String {
    format!("{POOL}{}-{}", number.simple(), mark(instance))
}

/// What Docker calls one of `instance` that is only there to be removed.
pub(crate) fn name_aside(number: Uuid, instance: Uuid) -> String {
    format!("{POOL}{ASIDE}{}-{}", number.simple(), mark(instance))
}

/// True when a container that is called so is only there to be removed.
pub(crate) fn is_aside(text: &str) -> bool {
    text.strip_prefix(POOL).is_some_and(|rest| rest.starts_with(ASIDE))
}

/// What Docker calls one of `instance` that waits for a call of whom `key` tells, and for no other.
pub(crate) fn key_name(key: &str, number: Uuid, instance: Uuid) -> String {
    format!("{POOL}{key}-{}-{}", number.simple(), mark(instance))
}

/// True when a container that is called so waits for a call of whom `key` tells.
pub(crate) fn is_for(text: &str, key: &str) -> bool {
    text.strip_prefix(POOL).and_then(|rest| rest.strip_prefix(key)).is_some_and(|rest| rest.starts_with('-'))
}

/// True when Docker calls a container so that was made to wait, or is to be removed, of whatever instance.
pub(crate) fn is_of_pool(text: &str) -> bool {
    text.starts_with(POOL)
}

/// The container of `instance` that Docker calls so.
pub(crate) fn of_instance(text: &str, instance: Uuid) -> Option<ContainerName> {
    text.strip_suffix(&mark(instance))?.strip_suffix('-')?.parse().ok()
}

/// The digits of a UUID that chance chose, whatever its version.
fn mark(instance: Uuid) -> String {
    instance.simple().to_string().chars().skip(20).collect()
}

#[cfg(test)]
mod tests {
    use simulay_model::RunId;

    use super::*;

    #[test]
    fn a_name_is_known_to_its_instance_alone() {
        let name = ContainerName { run: RunId::generate(), step: 3, call: 12, attempt: 1 };
        let (one, other) = (Uuid::now_v7(), Uuid::now_v7());
        let called = docker_name(name, one);
        assert!(called.starts_with(&name.to_string()));
        assert_eq!(of_instance(&called, one), Some(name));
        assert_eq!(of_instance(&called, other), None);
        assert_eq!(of_instance(&name.to_string(), one), None);
        assert!(!is_of_pool(&called));
    }

    #[test]
    fn one_of_the_pool_belongs_to_no_attempt() {
        let one = Uuid::now_v7();
        let called = pool_name(Uuid::new_v4(), one);
        assert!(is_of_pool(&called));
        assert_eq!(of_instance(&called, one), None);
        assert!(called.parse::<ContainerName>().is_err());
        let aside = name_aside(Uuid::new_v4(), one);
        assert!(is_of_pool(&aside) && is_aside(&aside) && !is_aside(&called));
        assert_eq!(of_instance(&aside, one), None);
        let keyed = key_name("0a1b", Uuid::new_v4(), one);
        assert!(is_of_pool(&keyed) && is_for(&keyed, "0a1b"));
        assert!(!is_for(&keyed, "0a1") && !is_for(&keyed, "ffff") && !is_for(&called, "0a1b"));
        assert_eq!(of_instance(&keyed, one), None);
    }
}
