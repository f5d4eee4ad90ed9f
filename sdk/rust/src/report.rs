//! What a run ends with, and what may come before its end.

use crate::contract::{ContainerCall, Kept, Plot, Series, Source, Step};
use crate::stored::StoredFile;

/// What follows a step.
#[derive(Debug, Clone, PartialEq)]
pub enum Next<O, S = ()> {
    /// The end of the run.
    Done(Report<O>),
    /// Another step.
    Again(Step<S>),
}

impl<O, S> Next<O, S> {
    /// Another step: runs `calls` and remembers `state`.
    #[must_use]
    pub const fn again(state: S, calls: Vec<ContainerCall>) -> Self {
        Self::Again(Step::new(state, calls))
    }
}

impl<O, S> From<Report<O>> for Next<O, S> {
    fn from(report: Report<O>) -> Self {
        Self::Done(report)
    }
}

/// The outcome of a run, with plots and files.
#[derive(Debug, Clone, PartialEq)]
pub struct Report<O> {
    /// What callers read; its type gives the result schema.
    pub outcome: O,
    /// Line plots.
    pub plots: Vec<Plot>,
    /// Files offered for download.
    pub artifacts: Vec<Kept>,
}

impl<O> Report<O> {
    /// A report of `outcome` alone.
    #[must_use]
    pub const fn new(outcome: O) -> Self {
        Self { outcome, plots: Vec::new(), artifacts: Vec::new() }
    }

    /// The report with a line plot of `ys` over `x`.
    #[must_use]
    pub fn plot(mut self, title: &str, x: Series, ys: Vec<Series>) -> Self {
        self.plots.push(Plot { title: title.to_owned(), x, ys });
        self
    }

    /// The report with an output of a container, under its path.
    #[must_use]
    pub fn keep(self, output: StoredFile) -> Self {
        self.keep_as(&output.path, output)
    }

    /// The report with an output of a container, under another name; `/` in it makes folders.
    #[must_use]
    pub fn keep_as(self, name: &str, output: StoredFile) -> Self {
        self.attach(name, &output.media_type, output.source())
    }

    /// The report with a file the plugin makes itself; `/` in its name makes folders.
    #[must_use]
    pub fn attach(mut self, name: &str, media_type: &str, content: Source) -> Self {
        self.artifacts.push(Kept { name: name.to_owned(), media_type: media_type.to_owned(), content });
        self
    }
}

/// Numbers of one quantity; `unit` is a UCUM unit, or empty.
#[must_use]
pub fn series(name: &str, unit: &str, values: Vec<f64>) -> Series {
    Series { name: name.to_owned(), unit: unit.to_owned(), values }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::MemoryArtifacts;

    #[test]
    fn kept_files_keep_their_folders() {
        let mut artifacts = MemoryArtifacts::default();
        let [a, b] = ["out/fine/-T.csv", "out-fine/-T.csv"].map(|path| artifacts.add(path, ""));
        let report = [&a, &b].into_iter().fold(Report::new(()), |report, file| {
            report.keep(StoredFile::left_by("solve", file, &artifacts))
        });
        let names: Vec<_> = report.artifacts.iter().map(|kept| kept.name.as_str()).collect();
        assert_eq!(names, ["out/fine/-T.csv", "out-fine/-T.csv"]);
    }
}
