//! Names of a report's files: no two alike, so that whoever downloads all of them has all of them.

use std::collections::HashSet;

use simulay_model::Kept;

/// The same files, each under a name of its own: `a.csv`, `a (2).csv`, ….
pub(crate) fn with_distinct_names(files: Vec<Kept>) -> Vec<Kept> {
    let mut taken: HashSet<String> = HashSet::with_capacity(files.len());
    let given: HashSet<String> = files.iter().map(|file| file.name.clone()).collect();
    let mut renamed = Vec::with_capacity(files.len());
    for file in files {
        let name = free_name(&file.name, &taken, &given);
        taken.insert(name.clone());
        renamed.push(Kept { name, ..file });
    }
    renamed
}

/// `name` when it is free, else with the first number that makes it so; never a name another file was given.
fn free_name(name: &str, taken: &HashSet<String>, given: &HashSet<String>) -> String {
    if !taken.contains(name) {
        return name.to_owned();
    }
    let numbered = (2_u32..).map(|number| numbered(name, number));
    let mut free = numbered.filter(|name| !taken.contains(name) && !given.contains(name));
    free.next().unwrap_or_else(|| name.to_owned())
}

fn numbered(name: &str, number: u32) -> String {
    let folder = name.rfind('/').map_or(0, |slash| slash + 1);
    match name.rfind('.').filter(|dot| *dot > folder) {
        Some(dot) => {
            let (stem, ending) = name.split_at(dot);
            format!("{stem} ({number}){ending}")
        }
        None => format!("{name} ({number})"),
    }
}

#[cfg(test)]
mod tests {
    use simulay_model::Source;

    use super::*;

    fn names(given: &[&str]) -> Vec<String> {
        let file = |name: &&str| Kept {
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
        assert_eq!(names(&["v1.d/x", "v1.d/x", ".rc", ".rc"]), ["v1.d/x", "v1.d/x (2)", ".rc", ".rc (2)"]);
    }
}
