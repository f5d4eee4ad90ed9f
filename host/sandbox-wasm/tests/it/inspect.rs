//! Uploads that are refused, each by name and reason.

use simulay_hostile::guest::Guest;
use simulay_sandbox::InspectError;

use crate::world::{assert_works, hasty, refused};

async fn not_a_component(bytes: &[u8]) -> String {
    match refused(&hasty(), bytes.to_vec()).await {
        InspectError::InvalidComponent(text) => text,
        other => panic!("{other:?}"),
    }
}

async fn mismatch(component: Vec<u8>) -> String {
    let sandbox = hasty();
    let error = refused(&sandbox, component).await;
    assert_works(&sandbox).await;
    match error {
        InspectError::WorldMismatch(text) => text,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn what_is_not_a_component_is_told_what_it_is() {
    let module = wat::parse_str("(module)").unwrap();
    assert!(not_a_component(&module).await.contains("core module"));
    assert!(not_a_component(b"(component)").await.contains("text"));
    assert!(not_a_component(b"\x7fELF\x02\x01\x01").await.contains("ELF"));
    assert!(not_a_component(b"").await.contains("empty"));
}

#[tokio::test]
async fn a_truncated_component_is_refused_at_any_length() {
    let (sandbox, good) = (hasty(), Guest::default().build());
    for length in (0..good.len()).step_by(61) {
        let error = refused(&sandbox, good[..length].to_vec()).await;
        let expected = matches!(error, InspectError::InvalidComponent(_) | InspectError::WorldMismatch(_));
        assert!(expected, "{length}: {error:?}");
    }
    assert_works(&sandbox).await;
}

#[tokio::test]
async fn imports_nobody_offers_are_all_named() {
    let component = wat::parse_str(
        "(component
            (import \"wasi:sockets/tcp@0.2.6\" (instance $i))
            (import \"wasi:filesystem/types@0.2.6\" (instance))
            (import \"wasi:io/poll@0.2.6\" (instance))
            (import \"host\" (func))
            (export \"simulay:plugin/pipeline@0.2.0\" (instance $i)))",
    );
    let error = refused(&hasty(), component.unwrap()).await;
    let named = ["wasi:sockets/tcp@0.2.6", "wasi:filesystem/types@0.2.6", "host"];
    assert_eq!(error, InspectError::UnknownImport(named.map(String::from).to_vec()));
}

#[tokio::test]
async fn another_contract_is_told_from_none() {
    let exporting = |name: &str| {
        wat::parse_str(format!("(component (instance $i) (export \"{name}\" (instance $i)))")).unwrap()
    };
    let text = mismatch(exporting("simulay:plugin/pipeline@0.3.0")).await;
    assert!(text.contains("version 0.3.0") && text.contains("0.1.0 and 0.2.0"), "{text}");
    let text = mismatch(exporting("wasi:http/incoming-handler@0.2.0")).await;
    assert!(text.contains("does not export simulay:plugin/pipeline"), "{text}");
}

#[tokio::test]
async fn a_missing_or_other_export_is_named() {
    for version in ["0.1.0", "0.2.0"] {
        let empty =
            format!("(component (instance $i) (export \"simulay:plugin/pipeline@{version}\" (instance $i)))");
        let text = mismatch(wat::parse_str(empty).unwrap()).await;
        assert!(text.contains("describe") && text.contains(version), "{text}");
    }
    for guest in [Guest::default, Guest::v0_1] {
        let changed = |from: &str, to: &str| Guest { wit: guest().wit.replace(from, to), ..guest() }.build();
        let text = mismatch(changed("describe: func() -> manifest", "describe: func() -> string")).await;
        assert!(text.contains("describe"), "{text}");
        let text = mismatch(changed("seed: u64", "seed: s64")).await;
        assert!(text.contains("process"), "{text}");
        let text = mismatch(changed("reused: bool", "reused: u8")).await;
        assert!(text.contains("post-process"), "{text}");
    }
}

#[tokio::test]
async fn a_version_does_not_pass_for_another() {
    let (new, old) = (Guest::default(), Guest::v0_1());
    let dressed = Guest { wit: new.wit.replace("plugin@0.2.0", "plugin@0.1.0"), ..Guest::v0_1() };
    let text = mismatch(dressed.build()).await;
    assert!(text.contains("pre-process") && text.contains("0.1.0"), "{text}");
    let dressed = Guest { wit: old.wit.replace("plugin@0.1.0", "plugin@0.2.0"), ..Guest::default() };
    let text = mismatch(dressed.build()).await;
    assert!(text.contains("pre-process") && text.contains("0.2.0"), "{text}");
}

#[tokio::test]
async fn an_invalid_body_is_refused() {
    let mut component = Guest::default().build();
    let constant = component.windows(3).position(|bytes| bytes == [0x41, 0x80, 0x08]).unwrap();
    component[constant] = 0xff;
    assert!(matches!(refused(&hasty(), component).await, InspectError::InvalidComponent(_)));
}

#[tokio::test]
async fn limits_are_named_before_anything_is_compiled() {
    let nested = (0..20).fold(String::new(), |inner, _| format!("(component {inner})"));
    let functions = format!("(component (core module {}))", "(func)".repeat(100_001));
    let memories = format!("(component {})", "(core module (memory 1))".repeat(17));
    let data = format!("(component (core module (memory 1) {}))", "(data \"\")".repeat(50_001));
    let types = format!("(component {})", "(type (func))".repeat(50_001));
    for (text, limit) in [
        (nested, "nesting"),
        (functions, "functions"),
        (memories, "memories"),
        (data, "segments"),
        (types, "types"),
    ] {
        let error = refused(&hasty(), wat::parse_str(text).unwrap()).await;
        let InspectError::TooComplex(text) = error else { panic!("{error:?}") };
        assert!(text.contains(limit), "{text}");
    }
}

#[tokio::test]
async fn a_broken_manifest_names_its_field() {
    let guest = Guest { name: "Not-A-Name", ..Guest::default() };
    let InspectError::Manifest(error) = refused(&hasty(), guest.build()).await else { panic!() };
    assert_eq!(error.field, "name");
}

#[tokio::test]
async fn proposals_no_plugin_needs_are_off() {
    for fields in ["(memory i64 1)", "(tag)", "(func (result externref) unreachable)"] {
        let text = format!(
            "(component (core module (memory 1) {fields}) (instance $i) (export \"simulay:plugin/pipeline@0.1.0\" (instance $i)))"
        );
        let error = refused(&hasty(), wat::parse_str(text).unwrap()).await;
        assert!(matches!(error, InspectError::InvalidComponent(_)), "{fields}: {error:?}");
    }
}

#[tokio::test]
async fn types_nested_without_end_are_refused() {
    for depth in [17, 900, 1_500, 100_000] {
        let error = refused(&hasty(), simulay_hostile::bombs::nested_types(depth)).await;
        assert!(matches!(error, InspectError::TooComplex(_)), "{depth}: {error:?}");
    }
}
