//! How deep a component's types nest.

use wasmparser::{
    BinaryReaderError, ComponentType, ComponentTypeDeclaration, ComponentTypeSectionReader,
    InstanceTypeDeclaration,
};

/// Levels of the deepest type of a section; 1 for types that hold no others.
pub(crate) fn depth(section: &ComponentTypeSectionReader<'_>) -> Result<u64, BinaryReaderError> {
    let mut deepest = 0;
    for declared in section.clone() {
        deepest = deepest.max(of(&declared?));
    }
    Ok(deepest)
}

/// The reader itself refuses types nested without end, so that this recursion ends.
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
