//! ∫₀¹ 4/(1+x²) dx = π.

use serde_json::{Map, Value, json};

use crate::params::Params;

const PROGRAM: &str = r#"p = jsondecode(fileread("params.json"));
value = quad(@(x) 4 ./ (1 + x .^ 2), p.from, p.to);
printf("integral: %.12f\n", value);
f = fopen("result.json", "w");
fputs(f, jsonencode(struct("integral", value)));
fclose(f);
"#;

/// The program and its bounds.
pub(crate) fn integral() -> Params {
    let params = Map::from_iter([("from".to_owned(), json!(0)), ("to".to_owned(), json!(1))]);
    Params { script: Some(PROGRAM.to_owned()), params, ..Params::default() }
}

/// What comes of it.
pub(crate) fn pi() -> Value {
    json!({ "result": { "integral": std::f64::consts::PI }, "files": ["result.json"] })
}
