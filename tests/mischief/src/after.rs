//! Deeds of `post-process`.

use serde_json::json;

use crate::before;
use crate::bindings::exports::simulay::plugin::pipeline::{Failure, Kept, Next, Plot, Report, Series};
use crate::bindings::simulay::plugin::types::Source;

pub(crate) fn next(deed: &str, state: String) -> Result<Next, Failure> {
    Ok(match deed {
        "spin-after" => before::spin(),
        "trap-after" => before::trap(),
        "again" => Next::Again(before::state(state)),
        "broken-outcome" => done("]".into()),
        "wrong-outcome" => done(r#"{"done": 1}"#.into()),
        "plot-nan" => Next::Done(Report { plots: vec![plot(vec![f64::NAN, 1.0])], ..report() }),
        "plot-giant" => Next::Done(Report { plots: vec![plot(vec![1.0; 4 << 20])], ..report() }),
        "keep-above" => keep("../../x", Source::Text("x".into())),
        "keep-foreign" => keep("x", Source::Artifact("0".repeat(64))),
        "keep-giant" => keep("x", Source::Bytes(vec![0; 64 << 20])),
        _ => Next::Done(report()),
    })
}

fn report() -> Report {
    Report { outcome: json!({ "done": "as asked" }).to_string(), plots: vec![], artifacts: vec![] }
}

fn done(outcome: String) -> Next {
    Next::Done(Report { outcome, ..report() })
}

fn plot(values: Vec<f64>) -> Plot {
    let series = Series { name: "x".into(), unit: "m".into(), values };
    Plot { title: "x".into(), x: series.clone(), ys: vec![series] }
}

fn keep(name: &str, content: Source) -> Next {
    let kept = Kept { name: name.into(), media_type: "text/plain".into(), content };
    Next::Done(Report { artifacts: vec![kept], ..report() })
}
