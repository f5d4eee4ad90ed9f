//! Counts what a component is made of, before anything is compiled.

use std::collections::BTreeSet;

use simulay_model::Tool;
use simulay_sandbox::InspectError;
use wasmparser::{BinaryReaderError, ComponentExternName, Parser, Payload, SectionLimited};

use crate::{producers, type_depth};

const MAX_FUNCTIONS: u64 = 100_000;
const MAX_FUNCTION_BYTES: u64 = 1 << 20;
const MAX_TYPES: u64 = 50_000;
const MAX_IMPORTS: u64 = 10_000;
const MAX_EXPORTS: u64 = 10_000;
const MAX_ALIASES: u64 = 20_000;
const MAX_GLOBALS: u64 = 20_000;
const MAX_SEGMENTS: u64 = 50_000;
const MAX_TABLES: u64 = 64;
const MAX_MEMORIES: u64 = 16;
const MAX_MODULES: u64 = 64;
const MAX_INSTANCES: u64 = 1_000;
const MAX_CUSTOM_SECTIONS: u64 = 1_000;
const MAX_DEPTH: u64 = 8;
const MAX_TYPE_DEPTH: u64 = 16;

/// What a component shows without being compiled.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct ComponentInfo {
    /// What it imports.
    pub(crate) imports: Vec<String>,
    /// What it exports.
    pub(crate) exports: Vec<String>,
    /// What it and its parts were made with.
    pub(crate) tools: BTreeSet<Tool>,
}

/// Reads the component once; refuses it when a count is over its limit.
pub(crate) fn parse(bytes: &[u8]) -> Result<ComponentInfo, InspectError> {
    let mut counter = Counter::default();
    for payload in Parser::new(0).parse_all(bytes) {
        counter.count(&payload.map_err(|error| malformed(&error))?, bytes)?;
    }
    Ok(counter.info)
}

fn malformed(error: &BinaryReaderError) -> InspectError {
    let what = if error.message().contains("unexpected end") {
        "the file is truncated or damaged"
    } else {
        "the file is damaged"
    };
    InspectError::InvalidComponent(format!("{what}: {error}"))
}

#[derive(Default)]
struct Counter {
    info: ComponentInfo,
    depth: u64,
    functions: u64,
    types: u64,
    imports: u64,
    exports: u64,
    aliases: u64,
    globals: u64,
    segments: u64,
    tables: u64,
    memories: u64,
    modules: u64,
    instances: u64,
    custom_sections: u64,
}

impl Counter {
    fn count(&mut self, payload: &Payload<'_>, component: &[u8]) -> Result<(), InspectError> {
        match payload {
            Payload::ModuleSection { .. } | Payload::ComponentSection { .. } => {
                add(&mut self.depth, 1, MAX_DEPTH, "levels of nesting")?;
                add(&mut self.modules, 1, MAX_MODULES, "modules and components")
            }
            Payload::End(_) => {
                self.depth = self.depth.saturating_sub(1);
                Ok(())
            }
            Payload::CodeSectionEntry(body) => {
                add(&mut self.functions, 1, MAX_FUNCTIONS, "functions")?;
                let bytes = body.range().len() as u64;
                add(&mut 0, bytes, MAX_FUNCTION_BYTES, "bytes in one function")
            }
            Payload::CustomSection(section) => {
                producers::note(&mut self.info.tools, section);
                add(&mut self.custom_sections, 1, MAX_CUSTOM_SECTIONS, "custom sections")
            }
            Payload::ComponentImportSection(section) => {
                add_section(&mut self.imports, section, MAX_IMPORTS, "imports")?;
                self.note(|info| &mut info.imports, section.clone(), |import| import.name)
            }
            Payload::ComponentExportSection(section) => {
                add_section(&mut self.exports, section, MAX_EXPORTS, "exports")?;
                self.note(|info| &mut info.exports, section.clone(), |export| export.name)
            }
            _ => self.count_section(payload, component),
        }
    }

    fn count_section(&mut self, payload: &Payload<'_>, component: &[u8]) -> Result<(), InspectError> {
        match payload {
            Payload::TypeSection(section) => add_section(&mut self.types, section, MAX_TYPES, "types"),
            Payload::CoreTypeSection(section) => add_section(&mut self.types, section, MAX_TYPES, "types"),
            Payload::ComponentTypeSection(section) => {
                add_section(&mut self.types, section, MAX_TYPES, "types")?;
                let depth = type_depth::deepest(section, component).map_err(|error| malformed(&error))?;
                add(&mut 0, depth, MAX_TYPE_DEPTH, "levels of types")
            }
            Payload::ImportSection(section) => {
                add_section(&mut self.imports, section, MAX_IMPORTS, "imports")
            }
            Payload::ExportSection(section) => {
                add_section(&mut self.exports, section, MAX_EXPORTS, "exports")
            }
            Payload::FunctionSection(section) => add_section(&mut 0, section, MAX_FUNCTIONS, "functions"),
            Payload::ComponentCanonicalSection(section) => {
                add_section(&mut self.functions, section, MAX_FUNCTIONS, "functions")
            }
            Payload::ComponentAliasSection(section) => {
                add_section(&mut self.aliases, section, MAX_ALIASES, "aliases")
            }
            Payload::GlobalSection(section) => {
                add_section(&mut self.globals, section, MAX_GLOBALS, "globals")
            }
            Payload::DataSection(section) => {
                add_section(&mut self.segments, section, MAX_SEGMENTS, "segments")
            }
            Payload::ElementSection(section) => {
                add_section(&mut self.segments, section, MAX_SEGMENTS, "segments")
            }
            Payload::TableSection(section) => add_section(&mut self.tables, section, MAX_TABLES, "tables"),
            Payload::MemorySection(section) => {
                add_section(&mut self.memories, section, MAX_MEMORIES, "memories")
            }
            Payload::InstanceSection(section) => {
                add_section(&mut self.instances, section, MAX_INSTANCES, "instances")
            }
            Payload::ComponentInstanceSection(section) => {
                add_section(&mut self.instances, section, MAX_INSTANCES, "instances")
            }
            _ => Ok(()),
        }
    }

    /// Notes names at the outside; those of nested components concern nobody else.
    fn note<'a, T: wasmparser::FromReader<'a>>(
        &mut self,
        list: impl Fn(&mut ComponentInfo) -> &mut Vec<String>,
        section: SectionLimited<'a, T>,
        name: impl Fn(T) -> ComponentExternName<'a>,
    ) -> Result<(), InspectError> {
        if self.depth > 0 {
            return Ok(());
        }
        for item in section {
            let item = item.map_err(|error| malformed(&error))?;
            list(&mut self.info).push(name(item).name.to_owned());
        }
        Ok(())
    }
}

fn add_section<T>(
    total: &mut u64,
    section: &SectionLimited<'_, T>,
    limit: u64,
    what: &str,
) -> Result<(), InspectError> {
    add(total, u64::from(section.count()), limit, what)
}

fn add(total: &mut u64, count: u64, limit: u64, what: &str) -> Result<(), InspectError> {
    *total += count;
    if *total > limit {
        let message = format!("the component has more than {limit} {what}, the most this host takes");
        return Err(InspectError::TooComplex(message));
    }
    Ok(())
}
