//! What people say of a run beside what it does: changed at any time, also after its end.

use std::collections::BTreeMap;

use crate::{LabelError, LabelKey, LabelValue, Labels, RunName};

/// What people call a run, and by what they sort it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Description {
    /// Its name.
    pub name: Option<RunName>,
    /// Its labels.
    pub labels: Labels,
}

/// How a description is to change; what is not told stays (RFC 7396).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DescriptionChange {
    /// The name from now on, or none.
    pub name: Option<Option<RunName>>,
    /// The labels.
    pub labels: LabelsChange,
}

/// How labels are to change.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum LabelsChange {
    /// Not at all.
    #[default]
    Keep,
    /// There are to be none.
    Clear,
    /// Those with a value are set, those without one go.
    Merge(BTreeMap<LabelKey, Option<LabelValue>>),
}

impl DescriptionChange {
    /// The description after the change.
    ///
    /// # Errors
    /// [`LabelError::TooMany`].
    pub fn apply(self, before: &Description) -> Result<Description, LabelError> {
        let name = self.name.unwrap_or_else(|| before.name.clone());
        Ok(Description { name, labels: self.labels.apply(&before.labels)? })
    }
}

impl LabelsChange {
    fn apply(self, before: &Labels) -> Result<Labels, LabelError> {
        let changes = match self {
            Self::Keep => return Ok(before.clone()),
            Self::Clear => return Ok(Labels::default()),
            Self::Merge(changes) => changes,
        };
        let mut labels = BTreeMap::from(before.clone());
        for (key, value) in changes {
            match value {
                Some(value) => labels.insert(key, value),
                None => labels.remove(&key),
            };
        }
        labels.try_into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(of: &[(&str, &str)]) -> Labels {
        let label = |(key, value): &(&str, &str)| (key.parse().unwrap(), value.parse().unwrap());
        of.iter().map(label).collect::<BTreeMap<LabelKey, LabelValue>>().try_into().unwrap()
    }

    #[test]
    fn what_is_not_told_stays() {
        let name = Some("one".parse().unwrap());
        let before = Description { name, labels: labels(&[("a", "1"), ("b", "2")]) };
        assert_eq!(DescriptionChange::default().apply(&before), Ok(before.clone()));
        let merge = [("a", None), ("c", Some("3"))]
            .map(|(key, value)| (key.parse().unwrap(), value.map(|value: &str| value.parse().unwrap())));
        let change = DescriptionChange { name: Some(None), labels: LabelsChange::Merge(merge.into()) };
        let after = Description { name: None, labels: labels(&[("b", "2"), ("c", "3")]) };
        assert_eq!(change.apply(&before), Ok(after));
        let clear = DescriptionChange { labels: LabelsChange::Clear, ..DescriptionChange::default() };
        assert_eq!(clear.apply(&before), Ok(Description { labels: Labels::default(), ..before }));
    }

    #[test]
    fn labels_that_come_to_too_many_are_refused() {
        let many: Vec<_> = (0..16).map(|number| number.to_string()).collect();
        let many: Vec<_> = many.iter().map(|key| (key.as_str(), "")).collect();
        let before = Description { name: None, labels: labels(&many) };
        let more = [("more".parse().unwrap(), Some("".parse().unwrap()))].into();
        let change = DescriptionChange { name: None, labels: LabelsChange::Merge(more) };
        assert_eq!(change.apply(&before), Err(LabelError::TooMany));
    }
}
