use super::*;

fn series(name: &str, unit: &str, values: &[f64]) -> Series {
    Series { name: name.to_owned(), unit: unit.to_owned(), values: values.to_vec() }
}

fn plot(title: &str, x: &[f64], ys: Vec<Series>) -> Plot {
    Plot { title: title.to_owned(), x: series("t", "s", x), ys }
}

/// Of each run one plot, which is the first.
fn joined(runs: &[Plot]) -> PlotJoin {
    let mut join = PlotJoin::new(runs.len(), 100);
    for (run, plot) in runs.iter().enumerate() {
        join.add(run, std::slice::from_ref(plot));
    }
    join.against(0)
}

fn note(curve: &JoinedCurve) -> &str {
    curve.note.as_deref().unwrap_or_default()
}

#[test]
fn curves_are_compared_at_the_abscissas_of_the_first() {
    let base = plot("P", &[0.0, 1.0, 2.0], vec![series("T", "K", &[0.0, 1.0, 2.0])]);
    let other = plot("P", &[0.5, 2.5], vec![series("T", "K", &[1.5, 3.5])]);
    let join = joined(&[base, other]);
    let [JoinedPlot { x, series, .. }] = &join.plots[..] else { panic!("{join:?}") };
    assert_eq!((x.values.as_slice(), x.unit.as_str()), (&[0.0, 1.0, 2.0][..], "s"));
    let [base, other] = &series[0].curves[..] else { panic!("{series:?}") };
    assert_eq!((base.y.as_deref(), note(base)), (Some(&[0.0, 1.0, 2.0][..]), ""));
    let y = other.y.as_ref().unwrap();
    assert!(y[0].is_nan() && y[1..] == [2.0, 3.0]);
    assert_eq!(note(other), "x reaches from 0.5 to 2.5, and is compared from 0 to 2");
    assert_eq!(base.largest, Some(Deviation { x: 0.0, delta: 0.0 }));
    assert_eq!(other.largest, Some(Deviation { x: 1.0, delta: 1.0 }));
}

#[test]
fn unlike_units_are_refused_with_the_reason() {
    let base = plot("P", &[0.0, 1.0], vec![series("T", "K", &[0.0, 1.0]), series("share", "1", &[0.0, 1.0])]);
    let celsius =
        plot("P", &[0.0, 1.0], vec![series("T", "Cel", &[0.0, 1.0]), series("share", "", &[0.0, 1.0])]);
    let mut slow = base.clone();
    slow.x.unit = "h".to_owned();
    let join = joined(&[base, celsius, slow]);
    let [t, share] = &join.plots[0].series[..] else { panic!("{join:?}") };
    assert_eq!((note(&t.curves[1]), &t.curves[1].y), ("it is in `Cel`, and compared in `K`", &None));
    assert!(share.curves[1].y.is_some(), "one is no unit");
    assert_eq!((note(&t.curves[2]), t.curves[2].largest), ("x is in `h`, and compared in `s`", None));
}

#[test]
fn what_a_run_lacks_is_told() {
    let base = plot("P", &[0.0], vec![series("T", "K", &[1.0])]);
    let other = plot("Q", &[0.0], vec![series("T", "K", &[1.0])]);
    let join = joined(&[base, other]);
    assert_eq!(join.plots.iter().map(|plot| plot.title.as_str()).collect::<Vec<_>>(), ["P", "Q"]);
    assert_eq!(note(&join.plots[0].series[0].curves[1]), "the run has no such curve");
    let only = &join.plots[1].series[0].curves;
    assert!(only[0].y.is_none() && only[1].y.is_some() && only[1].largest.is_none());
}

#[test]
fn curves_that_go_back_and_forth_are_refused() {
    let straight = plot("P", &[0.0, 1.0, 2.0], vec![series("T", "K", &[0.0, 1.0, 2.0])]);
    let round = plot("P", &[0.0, 2.0, 1.0], vec![series("T", "K", &[0.0, 1.0, 2.0])]);
    let join = joined(&[straight.clone(), round.clone()]);
    assert!(note(&join.plots[0].series[0].curves[1]).starts_with("x goes back and forth"));
    let join = joined(&[round, straight]);
    assert!(join.plots[0].series[0].curves.iter().all(|curve| curve.y.is_none() && curve.note.is_some()));
}

#[test]
fn equal_titles_and_names_are_joined_in_their_order() {
    let twice = |y: f64| vec![series("T", "K", &[y]), series("T", "K", &[y + 1.0])];
    let plots = |y: f64| [plot("P", &[0.0], twice(y)), plot("P", &[0.0], twice(y + 2.0))];
    let mut join = PlotJoin::new(2, 100);
    join.add(0, &plots(0.0));
    join.add(1, &plots(10.0));
    let all = join.plots.iter().flat_map(|plot| &plot.series).map(|series| {
        let values = series.curves.iter().map(|curve| curve.y.as_ref().unwrap()[0]);
        values.collect::<Vec<_>>()
    });
    assert_eq!(all.collect::<Vec<_>>(), [[0.0, 10.0], [1.0, 11.0], [2.0, 12.0], [3.0, 13.0]]);
}

#[test]
fn many_points_become_few_that_keep_the_peaks_of_the_base() {
    let x: Vec<f64> = (0..10_000).map(f64::from).collect();
    let mut y = vec![0.0; x.len()];
    y[7_777] = 5.0;
    let base = plot("P", &x, vec![series("T", "K", &y)]);
    let other = plot("P", &x, vec![series("T", "K", &vec![1.0; x.len()])]);
    let join = joined(&[base, other]);
    let JoinedPlot { x, series, .. } = &join.plots[0];
    assert!(x.values.len() <= 100 && x.values.contains(&7_777.0));
    assert_eq!(series[0].curves[1].largest, Some(Deviation { x: 7_777.0, delta: -4.0 }));
}

#[test]
fn no_run_makes_more_than_so_many_curves_and_that_is_told() {
    let ys = |n: usize| (0..n).map(|n| series(&n.to_string(), "K", &[0.0])).collect();
    let mut join = PlotJoin::new(2, 100);
    join.add(0, &[plot("P", &[0.0], ys(30))]);
    assert!(!join.more);
    join.add(1, &[plot("P", &[0.0], ys(40)), plot("Q", &[0.0], ys(1))]);
    assert!(join.more && join.plots.len() == 1 && join.plots[0].series.len() == MOST_CURVES);
    let mut long = PlotJoin::new(1, 100);
    long.add(0, &[plot(&"x".repeat(2_000), &[0.0], ys(1))]);
    assert!(long.more && long.plots.is_empty());
}
