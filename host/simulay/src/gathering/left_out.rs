//! What is told of files that were not taken.

use simulay_model::PathError;

/// Names told at once.
const SHOWN: usize = 8;

/// A file or folder that was not taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct LeftOut {
    /// Its path, as it can be shown.
    pub(super) path: String,
    /// Why.
    pub(super) why: Why,
}

/// Why a file is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Why {
    Hidden,
    Ignored,
    NoUtf8,
    Name(PathError),
    Nowhere,
    Outside,
    Circle,
    Special,
    Empty,
    NoRule,
}

impl Why {
    fn words(self) -> String {
        match self {
            Self::Hidden => "hidden; --all-files takes them along".to_owned(),
            Self::Ignored => "named by .gitignore; --all-files takes them along".to_owned(),
            Self::NoUtf8 => "the name is no UTF-8".to_owned(),
            Self::Name(rule) => rule.to_string(),
            Self::Nowhere => "a link that leads nowhere".to_owned(),
            Self::Outside => "a link that leads out of the folder".to_owned(),
            Self::Circle => "a link that leads in a circle".to_owned(),
            Self::Special => "neither a file nor a folder".to_owned(),
            Self::Empty => "an empty folder; a file `.gitkeep` in it takes it along".to_owned(),
            Self::NoRule => "no rule that is understood; the others hold".to_owned(),
        }
    }
}

/// A line for each reason, with the first names.
pub(crate) fn told(left_out: &[LeftOut]) -> Vec<String> {
    let mut reasons: Vec<Why> = Vec::new();
    for LeftOut { why, .. } in left_out {
        if !reasons.contains(why) {
            reasons.push(*why);
        }
    }
    reasons.into_iter().map(|why| line(left_out, why)).collect()
}

fn line(left_out: &[LeftOut], why: Why) -> String {
    let names: Vec<&str> =
        left_out.iter().filter(|left| left.why == why).map(|left| left.path.as_str()).collect();
    let mut shown = names.iter().take(SHOWN).copied().collect::<Vec<_>>().join(", ");
    if names.len() > SHOWN {
        shown.push_str(&format!(" and {} more", names.len() - SHOWN));
    }
    format!("left out: {shown} ({})", why.words())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_reason_is_told_and_no_list_is_long() {
        let hidden = (0..10).map(|n| LeftOut { path: format!(".{n}"), why: Why::Hidden });
        let mut left_out: Vec<LeftOut> = hidden.collect();
        left_out.push(LeftOut { path: "x".to_owned(), why: Why::Outside });
        let lines = told(&left_out);
        assert_eq!(lines.len(), 2);
        assert_eq!(
            lines[0],
            "left out: .0, .1, .2, .3, .4, .5, .6, .7 and 2 more (hidden; --all-files takes them along)"
        );
        assert_eq!(lines[1], "left out: x (a link that leads out of the folder)");
    }
}
