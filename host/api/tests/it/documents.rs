//! `/openapi.json` and `/docs`.

use serde_json::Value;
use simulay_api::openapi;

use crate::house::House;

/// Every place of `document` where `visit` may look.
fn walk(document: &Value, visit: &mut impl FnMut(&Value)) {
    visit(document);
    match document {
        Value::Object(fields) => fields.values().for_each(|field| walk(field, visit)),
        Value::Array(entries) => entries.iter().for_each(|entry| walk(entry, visit)),
        _ => {}
    }
}

#[test]
fn the_document_is_the_one_published() {
    insta::assert_json_snapshot!("openapi", openapi());
}

#[tokio::test]
async fn the_document_is_served_whole_and_its_references_lead_somewhere() {
    let document: Value = House::new().get("/openapi.json").await.expect(200).document();
    assert_eq!(document, serde_json::to_value(openapi()).unwrap());
    assert_eq!(document["openapi"], "3.1.0");
    walk(&document, &mut |place| {
        if let Some(reference) = place.get("$ref").and_then(Value::as_str) {
            let target = document.pointer(reference.trim_start_matches('#'));
            assert!(target.is_some(), "{reference}");
        }
    });
}

#[test]
fn every_operation_is_described_and_may_be_refused() {
    let document = serde_json::to_value(openapi()).unwrap();
    let items = document["paths"].as_object().unwrap().values();
    let operations: Vec<&Value> = items.flat_map(|item| item.as_object().unwrap().values()).collect();
    assert_eq!(operations.len(), 37);
    let mut ids = std::collections::HashSet::new();
    for operation in operations {
        let id = operation["operationId"].as_str().unwrap();
        assert!(ids.insert(id), "{id}");
        assert!(operation["summary"].is_string() && operation["tags"].is_array(), "{id}");
        let refusal = &operation["responses"]["default"]["content"]["application/problem+json"];
        assert_eq!(refusal["schema"]["$ref"], "#/components/schemas/Problem", "{id}");
    }
}

#[tokio::test]
async fn the_page_needs_nothing_from_elsewhere_and_allows_nothing_inline() {
    let house = House::new();
    for (path, media_type) in
        [("/docs", "text/html"), ("/docs/app.js", "text/javascript"), ("/docs/style.css", "text/css")]
    {
        let answer = house.get(path).await.expect(200);
        assert!(answer.header("content-type").starts_with(media_type));
        let policy = answer.header("content-security-policy");
        assert!(policy.starts_with("default-src 'none'; script-src 'self'") && !policy.contains("unsafe"));
        let text = answer.text();
        for foreign in
            ["http://", "https://", "innerHTML", "insertAdjacentHTML", "onclick", "style=", "<style"]
        {
            assert!(!text.contains(foreign), "{path} has {foreign}");
        }
    }
}
