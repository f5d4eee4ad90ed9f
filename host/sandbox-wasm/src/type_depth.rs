//! How deep a component's types nest.

use wasmparser::{
    BinaryReaderError, ComponentType, ComponentTypeDeclaration, ComponentTypeSectionReader,
    InstanceTypeDeclaration,
};

/// Types begun inside other types that are read; a real plugin has a few.
const MAX_BEGUN: u64 = 1_000;

/// Levels of the deepest type of a section, whose bytes are at `section.range()` of `component`; 1 for
/// types that hold no others. A number that may be too high when there are very many.
pub(crate) fn deepest(
    section: &ComponentTypeSectionReader<'_>,
    component: &[u8],
) -> Result<u64, BinaryReaderError> {
    // The reader recurses as deep as the types nest: what is too much for it must not be read.
    let begun = begun_inside(component.get(section.range()).unwrap_or_default());
    if begun > MAX_BEGUN {
        return Ok(begun);
    }
    let mut deepest = 0;
    for declared in section.clone() {
        deepest = deepest.max(of(&declared?));
    }
    Ok(deepest)
}

/// Component and instance types that may begin inside others: each is declared by these two bytes.
/// Source: <https://github.com/WebAssembly/component-model/blob/main/design/mvp/Binary.md#type-definitions>
fn begun_inside(section: &[u8]) -> u64 {
    section.windows(2).filter(|pair| matches!(pair, [0x01, 0x41 | 0x42])).count() as u64
}

fn of(declared: &ComponentType<'_>) -> u64 {
    let inner = match declared {
        ComponentType::Component(declarations) => declarations.iter().filter_map(of_component).max(),
        ComponentType::Instance(declarations) => declarations.iter().filter_map(of_instance).max(),
        ComponentType::Defined(_) | ComponentType::Func(_) | ComponentType::Resource { .. } => None,
    };
    1 + inner.unwrap_or(0)
}

fn of_component(declaration: &ComponentTypeDeclaration<'_>) -> Option<u64> {
    if let ComponentTypeDeclaration::Type(inner) = declaration { Some(of(inner)) } else { None }
}

fn of_instance(declaration: &InstanceTypeDeclaration<'_>) -> Option<u64> {
    if let InstanceTypeDeclaration::Type(inner) = declaration { Some(of(inner)) } else { None }
}
