//! What a component says it was made with. Nothing vouches for it, so a section that is damaged or
//! says too much is passed over.

use std::collections::BTreeSet;

use simulay_model::{Tool, check_text};
use wasmparser::{BinaryReaderError, CustomSectionReader, KnownCustom, ProducersSectionReader};

const MAX_TOOLS: usize = 32;
const MAX_NAME_BYTES: usize = 128;

/// Adds what a section names, when it is a `producers` section.
pub(crate) fn note(tools: &mut BTreeSet<Tool>, section: &CustomSectionReader<'_>) {
    if let KnownCustom::Producers(fields) = section.as_known() {
        // What was read before the damage stays.
        let _damage = read(tools, fields);
    }
}

fn read(tools: &mut BTreeSet<Tool>, fields: ProducersSectionReader<'_>) -> Result<(), BinaryReaderError> {
    for field in fields {
        let field = field?;
        for value in field.values {
            let value = value?;
            let said = [field.name, value.name, value.version];
            if tools.len() < MAX_TOOLS && said.iter().all(|text| check_text(text, MAX_NAME_BYTES).is_ok()) {
                let [role, name, version] = said.map(str::to_owned);
                tools.insert(Tool { role, name, version });
            }
        }
    }
    Ok(())
}
