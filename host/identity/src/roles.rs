//! What the groups of somebody let him do.

use std::collections::BTreeMap;

use simulay_model::Role;

/// Roles by group.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct GroupRoles {
    /// The role of each group.
    pub by_group: BTreeMap<String, Role>,
    /// The role of those who are in none of them; none for no way in.
    pub otherwise: Option<Role>,
}

impl GroupRoles {
    /// The greatest role that one of `groups` gives; none for no way in.
    #[must_use]
    pub fn role(&self, groups: &[String]) -> Option<Role> {
        groups.iter().filter_map(|group| self.by_group.get(group).copied()).max().or(self.otherwise)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_greatest_role_counts_and_strangers_have_what_is_left() {
        let by_group = [("sim", Role::Runner), ("ops", Role::Operator)];
        let by_group = by_group.map(|(group, role)| (group.to_owned(), role)).into();
        let mut roles = GroupRoles { by_group, otherwise: None };
        let of = |roles: &GroupRoles, groups: &[&str]| {
            roles.role(&groups.iter().map(ToString::to_string).collect::<Vec<_>>())
        };
        assert_eq!(of(&roles, &["ops", "sim", "choir"]), Some(Role::Operator));
        assert_eq!(of(&roles, &["SIM"]), None, "groups are compared as they are written");
        assert_eq!(of(&roles, &[]), None);
        roles.otherwise = Some(Role::Viewer);
        assert_eq!(of(&roles, &["choir"]), Some(Role::Viewer));
        assert_eq!(of(&roles, &["sim"]), Some(Role::Runner));
    }
}
