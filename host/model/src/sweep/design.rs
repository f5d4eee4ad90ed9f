//! How the points of a sweep are laid out, and how that is read from what was asked.

use serde_json::Value;

use super::sampling::SOBOL_POINTS;
use super::table::{self, Rows};
use super::{ParamPointer, Range, Scale, Variation, Varied};
use crate::Document;
use crate::schema::{FieldError, Kind, kind_at};

/// The most parameters that vary at once.
pub(super) const MAX_PARAMETERS: usize = 64;
/// The most bytes that the parameters of all points have together.
const MAX_BYTES: usize = 64 << 20;

/// How points are laid out.
#[derive(Debug, Clone, PartialEq)]
pub enum Method {
    /// Each value of each parameter with each of the others; the last parameter varies fastest.
    Grid,
    /// Latin hypercube: each part of each range once.
    LatinHypercube,
    /// A quasi-random sequence that fills the space evenly.
    Sobol,
    /// Independent random points.
    Random,
    /// As a table says.
    Table(Rows),
}

/// All that a point is a function of, besides its number and the sizes of the blocks that points came in.
#[derive(Debug, Clone, PartialEq)]
pub struct Design {
    /// How points are laid out.
    pub method: Method,
    /// What differs from point to point, in its order.
    pub parameters: Vec<Varied>,
    /// What does not.
    pub fixed: Document,
    /// Of all that is left to chance, also in the runs.
    pub seed: u64,
}

/// A design as it is asked for.
#[derive(Debug, Clone, PartialEq)]
pub struct Draft {
    /// How points are laid out.
    pub layout: Layout,
    /// What is to vary, and how.
    pub parameters: Vec<(String, Variation)>,
    /// What does not.
    pub fixed: Document,
    /// Of all that is left to chance.
    pub seed: u64,
}

/// How points are to be laid out, and how many they are where that is to be said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Layout {
    /// See [`Method::Grid`].
    Grid,
    /// See [`Method::LatinHypercube`].
    LatinHypercube(u32),
    /// See [`Method::Sobol`].
    Sobol(u32),
    /// See [`Method::Random`].
    Random(u32),
    /// See [`Method::Table`]: CSV.
    Csv(String),
}

impl Draft {
    /// The design for parameters that `schema` describes, and how many points it has: at most `most`.
    ///
    /// # Errors
    /// What is wrong with it first, by JSON Pointer into the request.
    pub fn settle(self, schema: &Value, most: u32) -> Result<(Design, u32), FieldError> {
        let most = most.min(SOBOL_POINTS);
        let Self { layout, parameters, fixed, seed } = self;
        if let Layout::Csv(text) = layout {
            if !parameters.is_empty() {
                return Err(wrong("/parameters", "must be empty: the table says what varies"));
            }
            let (columns, rows) = table::read(&text, schema, most)?;
            let points = u32::try_from(rows.len()).unwrap_or(u32::MAX);
            let varied = |pointer| Varied { pointer, variation: Variation::Column };
            let parameters = columns.into_iter().map(varied).collect();
            return Design { method: Method::Table(rows), parameters, fixed, seed }.checked(points);
        }
        if parameters.len() > MAX_PARAMETERS {
            return Err(wrong("/parameters", &format!("at most {MAX_PARAMETERS} parameters may vary")));
        }
        let parameters =
            parameters.into_iter().map(|asked| varied(asked, schema, most)).collect::<Result<_, _>>()?;
        let design = Design { method: layout.method(), parameters, fixed, seed };
        let points = match layout {
            Layout::LatinHypercube(points) | Layout::Sobol(points) | Layout::Random(points) => {
                u64::from(points)
            }
            Layout::Grid | Layout::Csv(_) => design.grid_points()?,
        };
        match u32::try_from(points) {
            Ok(points) if (1..=most).contains(&points) => design.checked(points),
            _ => Err(wrong("/method", &format!("makes {points} points; between 1 and {most} are allowed"))),
        }
    }
}

impl Layout {
    const fn method(&self) -> Method {
        match self {
            Self::Grid => Method::Grid,
            Self::LatinHypercube(_) => Method::LatinHypercube,
            Self::Sobol(_) => Method::Sobol,
            Self::Random(_) => Method::Random,
            Self::Csv(_) => Method::Table(Vec::new()),
        }
    }
}

impl Method {
    /// True when more points may follow those that there are.
    #[must_use]
    pub const fn goes_on(&self) -> bool {
        matches!(self, Self::LatinHypercube | Self::Sobol | Self::Random)
    }
}

impl Design {
    fn checked(self, points: u32) -> Result<(Self, u32), FieldError> {
        let pointers: Vec<_> = self.parameters.iter().map(|varied| &varied.pointer).collect();
        if pointers.is_empty() {
            return Err(wrong("/parameters", "must name at least one parameter to vary"));
        }
        for (index, pointer) in pointers.iter().enumerate() {
            if let Some(other) = pointers.iter().take(index).find(|other| other.overlaps(pointer)) {
                return Err(wrong("/parameters", &format!("`{other}` and `{pointer}` are not apart")));
            }
        }
        self.check_places()?;
        self.check_size(points)?;
        Ok((self, points))
    }

    fn check_places(&self) -> Result<(), FieldError> {
        let mut fixed = self.fixed.value().map_err(|error| wrong("/fixed", &error.to_string()))?;
        if !fixed.is_object() {
            return Err(wrong("/fixed", "must be an object"));
        }
        match self.parameters.iter().find(|varied| !varied.pointer.set(&mut fixed, Value::Null)) {
            Some(Varied { pointer, .. }) => {
                Err(wrong(&place(pointer), "there is no such place among the parameters that are fixed"))
            }
            None => Ok(()),
        }
    }

    /// Each point is stored with its run.
    fn check_size(&self, points: u32) -> Result<(), FieldError> {
        let bytes = self.fixed.as_str().len().saturating_mul(points as usize);
        if bytes <= MAX_BYTES {
            return Ok(());
        }
        let message = format!(
            "{points} points with these are more than {} MiB; make files of what is large",
            MAX_BYTES >> 20
        );
        Err(wrong("/fixed", &message))
    }

    fn grid_points(&self) -> Result<u64, FieldError> {
        let counts = self.parameters.iter().map(|Varied { pointer, variation }| {
            variation.count().ok_or_else(|| {
                wrong(&format!("{}/range/steps", place(pointer)), "a grid needs to know how many")
            })
        });
        let mut points = 1_u64;
        for count in counts {
            points = points.saturating_mul(count?);
        }
        Ok(points)
    }
}

/// A parameter as it varies, when that makes sense.
fn varied((text, variation): (String, Variation), schema: &Value, most: u32) -> Result<Varied, FieldError> {
    let pointer: ParamPointer =
        text.parse().map_err(|error| wrong("/parameters", &format!("`{text:.80}`: {error}")))?;
    let whole = kind_at(schema, pointer.tokens()) == Kind::Integer;
    let variation = match variation {
        Variation::Range(range) => Variation::Range(Range { whole, ..range }),
        other => other,
    };
    match &variation {
        Variation::List(values) if values.is_empty() => {
            Err(wrong(&format!("{}/list", place(&pointer)), "must have at least one value"))
        }
        Variation::Range(range) => range
            .check(most)
            .map_err(|(member, rule)| wrong(&format!("{}/range/{member}", place(&pointer)), &rule)),
        _ => Ok(()),
    }?;
    Ok(Varied { pointer, variation })
}

fn place(pointer: &ParamPointer) -> String {
    format!("/parameters/{}", pointer.as_token())
}

fn wrong(pointer: &str, message: &str) -> FieldError {
    FieldError { pointer: pointer.to_owned(), message: message.to_owned() }
}

/// A range as it is asked for; whether it has whole numbers only, the schema says.
impl From<(f64, f64, Option<u32>, Scale)> for Range {
    fn from((from, to, steps, scale): (f64, f64, Option<u32>, Scale)) -> Self {
        Self { from, to, steps, scale, whole: false }
    }
}
