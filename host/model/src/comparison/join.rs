//! Curves of several runs at the same abscissas. Of each run only that is held.

use super::MOST_NAME;
use crate::curve::{LEAST_POINTS, Window, decimate, interpolate};
use crate::{Plot, Series};

/// Curves that are joined; each has a line per run.
const MOST_CURVES: usize = 32;
/// Plots of a run, and curves of a plot, among which those are looked for.
const LOOKED_AT: usize = 64;

/// Plots of several runs, joined by their titles and the names of their curves.
#[derive(Debug, Clone, PartialEq)]
pub struct PlotJoin {
    runs: usize,
    points: usize,
    /// What is joined so far.
    pub plots: Vec<JoinedPlot>,
    /// There were more curves than are joined.
    pub more: bool,
}

/// A plot of several runs.
#[derive(Debug, Clone, PartialEq)]
pub struct JoinedPlot {
    /// Heading.
    pub title: String,
    /// The abscissa: that of the first run that has the plot.
    pub x: Series,
    /// Its curves.
    pub series: Vec<JoinedSeries>,
    /// Which of the plots of a run that have this title.
    place: usize,
}

/// A curve of several runs.
#[derive(Debug, Clone, PartialEq)]
pub struct JoinedSeries {
    /// What it shows.
    pub name: String,
    /// UCUM unit, or empty: that of the first run that has the curve.
    pub unit: String,
    /// What each run has, in their order.
    pub curves: Vec<JoinedCurve>,
    /// Which of the curves of a plot that have this name.
    place: usize,
}

/// A curve of one run.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct JoinedCurve {
    /// A value for each abscissa, no number where the run has none; nothing when it cannot be compared.
    pub y: Option<Vec<f64>>,
    /// Why it cannot be compared, or what of it is not, in words.
    pub note: Option<String>,
    /// Where it is farthest from the curve of the base.
    pub largest: Option<Deviation>,
}

/// How far a curve is from another at a place.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Deviation {
    /// The abscissa.
    pub x: f64,
    /// Its value there minus that of the base.
    pub delta: f64,
}

impl PlotJoin {
    /// Of so many `runs`, with about so many `points` for each curve.
    #[must_use]
    pub const fn new(runs: usize, points: usize) -> Self {
        Self { runs, points, plots: Vec::new(), more: false }
    }

    /// Joins the plots of the run in the place `run`. The first that has a plot decides where its curves are compared.
    pub fn add(&mut self, run: usize, plots: &[Plot]) {
        self.more |= plots.len() > LOOKED_AT;
        for (index, plot) in plots.iter().take(LOOKED_AT).enumerate() {
            let before = plots.iter().take(index);
            let place = before.filter(|other| other.title == plot.title).count();
            self.add_plot(run, plot, place);
        }
    }

    fn add_plot(&mut self, run: usize, plot: &Plot, place: usize) {
        let is_it = |known: &JoinedPlot| known.title == plot.title && known.place == place;
        let known = self.plots.iter().position(is_it);
        let room =
            MOST_CURVES - self.plots.iter().map(|plot| plot.series.len()).sum::<usize>().min(MOST_CURVES);
        if known.is_none() && (room == 0 || plot.title.len() > MOST_NAME) {
            self.more = true;
            return;
        }
        let joined = match known {
            Some(known) => self.plots.get_mut(known),
            None => {
                self.plots.push(JoinedPlot::begun(plot, place, self.points));
                self.plots.last_mut()
            }
        };
        self.more |= joined.is_some_and(|joined| joined.add(run, self.runs, plot, room));
    }

    /// What is joined, each curve compared with that of the run in the place `base`.
    #[must_use]
    pub fn against(mut self, base: usize) -> Self {
        for JoinedPlot { x, series, .. } in &mut self.plots {
            series.iter_mut().for_each(|series| series.compare(base, &x.values));
        }
        self
    }
}

impl JoinedPlot {
    fn begun(plot: &Plot, place: usize, points: usize) -> Self {
        let x = Series { values: abscissas(plot, points), ..plot.x.clone() };
        Self { title: plot.title.clone(), x, series: Vec::new(), place }
    }

    /// Joins the curves of `plot`; true when some are not, for which there is no `room`.
    fn add(&mut self, run: usize, runs: usize, plot: &Plot, room: usize) -> bool {
        let most = self.series.len() + room;
        let mut more = plot.ys.len() > LOOKED_AT;
        for (index, series) in plot.ys.iter().take(LOOKED_AT).enumerate() {
            let place = plot.ys.iter().take(index).filter(|other| other.name == series.name).count();
            let is_it = |known: &JoinedSeries| known.name == series.name && known.place == place;
            let known = match self.series.iter().position(is_it) {
                Some(known) => known,
                None if self.series.len() >= most || series.name.len() > MOST_NAME => {
                    more = true;
                    continue;
                }
                None => {
                    self.series.push(JoinedSeries::begun(series, place, runs));
                    self.series.len() - 1
                }
            };
            let curve = self.series.get(known).map(|known| self.curve(known, plot, series));
            let held = self.series.get_mut(known).and_then(|known| known.curves.get_mut(run));
            if let (Some(held), Some(curve)) = (held, curve) {
                *held = curve;
            }
        }
        more
    }

    /// `series` of `plot` where the curves of this plot are compared.
    fn curve(&self, known: &JoinedSeries, plot: &Plot, series: &Series) -> JoinedCurve {
        let refused = |reason: String| JoinedCurve { note: Some(reason), ..JoinedCurve::default() };
        if !is_one_unit(&plot.x.unit, &self.x.unit) {
            return refused(format!(
                "x is in {}, and compared in {}",
                told(&plot.x.unit),
                told(&self.x.unit)
            ));
        }
        if !is_one_unit(&series.unit, &known.unit) {
            return refused(format!(
                "it is in {}, and compared in {}",
                told(&series.unit),
                told(&known.unit)
            ));
        }
        match interpolate(&plot.x.values, &series.values, &self.x.values) {
            Some(_) if self.x.values.is_empty() => refused("there is no x at which to compare it".to_owned()),
            Some(y) => JoinedCurve { y: Some(y), note: self.beyond(&plot.x.values), largest: None },
            None => refused("x goes back and forth, so there is no one value at each".to_owned()),
        }
    }

    /// What of a curve with these abscissas lies outside of those that are compared, in words.
    fn beyond(&self, x: &[f64]) -> Option<String> {
        let ends = |x: &[f64]| {
            let (first, last) = (*x.first()?, *x.last()?);
            Some((first.min(last), first.max(last)))
        };
        let ((least, greatest), (from, to)) = (ends(x)?, ends(&self.x.values)?);
        (least < from || greatest > to)
            .then(|| format!("x reaches from {least} to {greatest}, and is compared from {from} to {to}"))
    }
}

impl JoinedSeries {
    fn begun(series: &Series, place: usize, runs: usize) -> Self {
        let none =
            JoinedCurve { note: Some("the run has no such curve".to_owned()), ..JoinedCurve::default() };
        let (name, unit) = (series.name.clone(), series.unit.clone());
        Self { name, unit, curves: vec![none; runs], place }
    }

    fn compare(&mut self, base: usize, x: &[f64]) {
        let Some(base) = self.curves.get(base).and_then(|curve| curve.y.clone()) else { return };
        for curve in &mut self.curves {
            curve.largest = curve.y.as_ref().and_then(|y| largest(x, &base, y));
        }
    }
}

/// Where `y` is farthest from `base`.
fn largest(x: &[f64], base: &[f64], y: &[f64]) -> Option<Deviation> {
    let deviations =
        x.iter().zip(base.iter().zip(y)).map(|(x, (base, y))| Deviation { x: *x, delta: y - base });
    let known = deviations.filter(|deviation| deviation.delta.is_finite());
    known.reduce(|held, next| if next.delta.abs() > held.delta.abs() { next } else { held })
}

/// Where the curves of `plot` are compared: everywhere it has a point, or, when these are many, where the shape of its
/// curves needs some. Nowhere when its abscissas go back and forth.
fn abscissas(plot: &Plot, points: usize) -> Vec<f64> {
    let x = &plot.x.values;
    let mut kept = match x.is_sorted() || x.iter().rev().is_sorted() {
        false => return Vec::new(),
        true if x.len() <= points => x.clone(),
        true => {
            let share = (points / plot.ys.len().clamp(1, MOST_CURVES)).max(LEAST_POINTS);
            let curves = plot.ys.iter().take(MOST_CURVES);
            curves.flat_map(|series| decimate(x, &series.values, Window::ALL, share).x).collect()
        }
    };
    kept.sort_by(f64::total_cmp);
    kept.dedup();
    kept
}

/// One and nothing are the same unit.
fn is_one_unit(one: &str, other: &str) -> bool {
    let plain = |unit: &str| if unit == "1" { String::new() } else { unit.to_owned() };
    plain(one) == plain(other)
}

fn told(unit: &str) -> String {
    if unit.is_empty() { "no unit".to_owned() } else { format!("`{unit}`") }
}

#[cfg(test)]
mod tests;
