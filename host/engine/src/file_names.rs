//! Names of a report's files: no two alike, so that whoever downloads all of them has all of them.

use std::collections::{HashMap, HashSet};

use simulay_model::ReportFile;

/// The most bytes of a file's name; see `RelativePath`.
const MAX_PART_BYTES: usize = 255;

/// The same files, each under a name of its own: `a.csv`, `a (2).csv`, ….
pub(crate) fn with_distinct_names(files: Vec<ReportFile>) -> Vec<ReportFile> {
    let mut names = Names {
        taken: files.iter().map(|file| file.name.clone()).collect(),
        counts: HashMap::with_capacity(files.len()),
    };
    files.into_iter().map(|file| ReportFile { name: names.free(&file.name), ..file }).collect()
}

struct Names {
    /// Given to a file by the plugin, or here.
    taken: HashSet<String>,
    /// How often a name was asked for: the next number needs no search from the start.
    counts: HashMap<String, u32>,
}

impl Names {
    /// `name` the first time, then with the next number that no file has.
    fn free(&mut self, name: &str) -> String {
        let count = self.counts.entry(name.to_owned()).or_default();
        *count += 1;
        if *count == 1 {
            return name.to_owned();
        }
        loop {
            let numbered = numbered(name, *count);
            if self.taken.insert(numbered.clone()) {
                return numbered;
            }
            *count += 1;
        }
    }
}

fn numbered(name: &str, number: u32) -> String {
    let folder = name.rfind('/').map_or(0, |slash| slash + 1);
    let dot = name.rfind('.').filter(|dot| *dot > folder).unwrap_or(name.len());
    let (stem, ending) = name.split_at(dot);
    let number = format!(" ({number})");
    let room = MAX_PART_BYTES.saturating_sub(number.len() + ending.len()) + folder;
    let stem = stem.get(..stem.floor_char_boundary(room)).unwrap_or_default();
    format!("{stem}{number}{ending}")
}

#[cfg(test)]
mod tests {
    use simulay_model::Source;

    use super::*;

    fn names(given: &[&str]) -> Vec<String> {
        let file = |name: &&str| ReportFile {
            name: (*name).to_owned(),
            media_type: String::new(),
            content: Source::Text(String::new()),
        };
        with_distinct_names(given.iter().map(file).collect()).into_iter().map(|file| file.name).collect()
    }

    #[test]
    fn no_two_files_have_one_name() {
        assert_eq!(names(&["a.csv", "A.csv", "d/a.csv"]), ["a.csv", "A.csv", "d/a.csv"]);
        assert_eq!(
            names(&["a.csv", "a.csv", "a (2).csv", "a.csv"]),
            ["a.csv", "a (3).csv", "a (2).csv", "a (4).csv"]
        );
        let long = format!("d/{}.csv", "ä".repeat(125));
        let [_, other] = <[String; 2]>::try_from(names(&[&long, &long])).unwrap();
        assert!(other.ends_with("ä (2).csv") && other.len() <= 257, "{other}");
        assert_eq!(names(&vec!["a"; 50_000]).len(), 50_000);
        assert_eq!(names(&["v1.d/x", "v1.d/x", ".rc", ".rc"]), ["v1.d/x", "v1.d/x (2)", ".rc", ".rc (2)"]);
    }
}
