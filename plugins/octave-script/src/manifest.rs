//! What the plugin says of itself.

use serde_json::json;
use simulay_sdk::{Example, Manifest, Resources, example, image};

pub(crate) fn manifest() -> Manifest {
    Manifest {
        name: "octave-script".into(),
        version: env!("CARGO_PKG_VERSION").into(),
        title: "Your own Octave program".into(),
        description: include_str!("description.md").into(),
        params_schema: include_str!("params.schema.json").into(),
        result_schema: include_str!("result.schema.json").into(),
        images: vec![image("octave", "Runs the program.")],
        max_resources: Resources {
            cpu_milli: 4000,
            memory_mib: 4096,
            scratch_mib: 1024,
            timeout_ms: 3_600_000,
        },
        max_parallel: 1,
        examples: vec![quadrature()],
    }
}

/// ∫₀¹ 4/(1+x²) dx = π.
fn quadrature() -> Example {
    let script = r#"p = jsondecode(fileread("params.json"));
value = quad(@(x) 4 ./ (1 + x .^ 2), p.from, p.to);
printf("integral: %.12f\n", value);
f = fopen("result.json", "w");
fputs(f, jsonencode(struct("integral", value)));
fclose(f);
"#;
    let params = json!({ "script": script, "params": { "from": 0, "to": 1 } });
    let expect = json!({ "result": { "integral": std::f64::consts::PI }, "files": ["result.json"] });
    example("An integral", &params, &expect, 1e-9)
}
