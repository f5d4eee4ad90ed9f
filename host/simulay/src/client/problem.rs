//! Refusals of the server (RFC 9457), in words.

use reqwest::Response;
use serde::Deserialize;

/// A problem document, as far as people are told.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Problem {
    title: String,
    detail: String,
    kind: String,
    field: Option<String>,
    errors: Vec<Place>,
    retry_after_s: Option<u64>,
    request_id: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Place {
    pointer: String,
    message: String,
}

/// Why the server refused.
pub(super) async fn refusal(response: Response) -> anyhow::Error {
    let status = response.status();
    let problem: Problem = response.json().await.unwrap_or_default();
    anyhow::anyhow!(sentence(&problem, status.as_u16()))
}

fn sentence(problem: &Problem, status: u16) -> String {
    let said = [&problem.detail, &problem.title].into_iter().find(|text| !text.is_empty());
    let mut sentence = said.cloned().unwrap_or_else(|| format!("the server answered {status}"));
    if let Some(field) = problem.field.as_ref().filter(|field| !sentence.contains(*field)) {
        sentence.push_str(&format!(", at `{field}`"));
    }
    if !problem.kind.is_empty() {
        sentence.push_str(&format!(" ({})", problem.kind));
    }
    if problem.kind == "unauthenticated" {
        sentence.push_str("\n  give yours in the variable SIMULAY_TOKEN; `simulay token create` makes one");
    }
    if problem.kind == "approval_needed" {
        sentence.push_str("\n  `simulay plugin show` tells more, `simulay plugin approve` grants it");
    }
    for place in &problem.errors {
        let pointer = if place.pointer.is_empty() { "(whole document)" } else { &place.pointer };
        sentence.push_str(&format!("\n  {pointer}: {}", place.message));
    }
    if let Some(seconds) = problem.retry_after_s {
        sentence.push_str(&format!("\n  try again in {seconds} s"));
    }
    if let (500.., Some(id)) = (status, &problem.request_id) {
        sentence.push_str(&format!("\n  the server's log has more under request {id}"));
    }
    sentence
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_problem_is_told_with_every_place() {
        let problem = serde_json::from_value(serde_json::json!({
            "title": "Parameters are not valid", "kind": "params_invalid", "detail": "the parameters are not valid",
            "errors": [{ "pointer": "/cells", "message": "must be a number" }], "extra": 1,
        }));
        let told = sentence(&problem.unwrap(), 422);
        assert_eq!(told, "the parameters are not valid (params_invalid)\n  /cells: must be a number");
    }

    #[test]
    fn an_answer_that_is_no_problem_is_told_by_its_status() {
        assert_eq!(sentence(&Problem::default(), 502), "the server answered 502");
    }
}
