//! What a plugin says of itself, built from typed parts.

use std::marker::PhantomData;

use serde::Serialize;
use serde_json::Value;

use crate::bindings::exports::simulay::plugin::pipeline as wit;
use crate::contract::Resources;
use crate::octave;

/// What a plugin says of itself. [`manifest!`](crate::manifest!) begins one; the schemas come from the
/// types of the [`Pipeline`](crate::Pipeline).
#[derive(Debug, Clone, PartialEq)]
#[must_use]
pub struct Manifest<P> {
    plain: wit::Manifest,
    params: PhantomData<P>,
}

/// Begins a [`Manifest`] with the name, version and description of the crate it stands in.
#[macro_export]
macro_rules! manifest {
    () => {
        $crate::Manifest::new(
            env!("CARGO_PKG_NAME"),
            env!("CARGO_PKG_VERSION"),
            env!("CARGO_PKG_DESCRIPTION"),
        )
    };
}

impl<P: Serialize> Manifest<P> {
    /// A plugin `name` whose calls have [`octave::RESOURCES`] at most and run one at a time.
    pub fn new(name: &str, version: &str, description: &str) -> Self {
        let plain = wit::Manifest {
            name: name.to_owned(),
            version: version.to_owned(),
            title: name.to_owned(),
            description: description.to_owned(),
            params_schema: String::new(),
            result_schema: String::new(),
            images: Vec::new(),
            max_resources: octave::RESOURCES,
            max_parallel: 1,
            examples: Vec::new(),
        };
        Self { plain, params: PhantomData }
    }

    /// With a title: one line.
    pub fn title(mut self, title: &str) -> Self {
        title.clone_into(&mut self.plain.title);
        self
    }

    /// With a description in Markdown.
    pub fn description(mut self, description: &str) -> Self {
        description.clone_into(&mut self.plain.description);
        self
    }

    /// With an image its calls may name, and why it is needed.
    pub fn image(mut self, name: &str, purpose: &str) -> Self {
        self.plain.images.push(wit::Image { name: name.to_owned(), purpose: purpose.to_owned() });
        self
    }

    /// With these bounds: the most that one container call asks for.
    pub const fn max_resources(mut self, resources: Resources) -> Self {
        self.plain.max_resources = resources;
        self
    }

    /// With so many container calls in one step at most.
    pub const fn max_parallel(mut self, calls: u32) -> Self {
        self.plain.max_parallel = calls;
        self
    }

    /// With parameters to start from.
    pub fn start(self, name: &str, params: &P) -> Self {
        self.case(name, params, None, 0.0)
    }

    /// With a reference: `expect` is the subset of the outcome these parameters must give, its numbers
    /// within the relative `tolerance`.
    pub fn example(self, name: &str, params: &P, expect: &impl Serialize, tolerance: f64) -> Self {
        self.case(name, params, Some(json(expect)), tolerance)
    }

    fn case(mut self, name: &str, params: &P, expect: Option<String>, tolerance: f64) -> Self {
        let (name, params) = (name.to_owned(), json(params));
        self.plain.examples.push(wit::Example { name, params, expect, tolerance });
        self
    }

    /// As the contract has it, with the schemas of parameters and outcome.
    #[doc(hidden)]
    pub fn lower(self, params: &Value, outcome: &Value) -> wit::Manifest {
        wit::Manifest { params_schema: params.to_string(), result_schema: outcome.to_string(), ..self.plain }
    }
}

/// What cannot be written as JSON becomes null, which the checks of an example refuse.
fn json(value: &impl Serialize) -> String {
    serde_json::to_value(value).unwrap_or(Value::Null).to_string()
}
