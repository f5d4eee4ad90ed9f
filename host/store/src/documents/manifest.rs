//! What a plugin says of itself, and what it was made with. Lists of SQLite read `title`.

use semver::Version;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use simulay_model::{Example, Image, Manifest, PluginName, Resources, Tool};

use super::call::StoredResources;

#[derive(Serialize, Deserialize)]
pub struct StoredManifest {
    name: PluginName,
    version: Version,
    title: String,
    description: String,
    params_schema: Value,
    result_schema: Value,
    images: Vec<StoredImage>,
    #[serde(with = "StoredResources")]
    max_resources: Resources,
    max_parallel: u32,
    examples: Vec<StoredExample>,
}

#[derive(Serialize, Deserialize)]
struct StoredImage {
    name: String,
    purpose: String,
}

#[derive(Serialize, Deserialize)]
struct StoredExample {
    name: String,
    params: Value,
    expect: Option<Value>,
    tolerance: f64,
}

#[derive(Serialize, Deserialize)]
pub struct StoredTool {
    role: String,
    name: String,
    version: String,
}

stored!(Manifest as StoredManifest);
stored!(Tool as StoredTool);

impl From<&Manifest> for StoredManifest {
    fn from(manifest: &Manifest) -> Self {
        let Manifest { name, version, title, description, params_schema, result_schema, .. } =
            manifest.clone();
        let Manifest { images, max_resources, max_parallel, examples, .. } = manifest;
        Self {
            name,
            version,
            title,
            description,
            params_schema,
            result_schema,
            images: images.iter().map(Into::into).collect(),
            max_resources: *max_resources,
            max_parallel: *max_parallel,
            examples: examples.iter().map(Into::into).collect(),
        }
    }
}

impl From<StoredManifest> for Manifest {
    fn from(manifest: StoredManifest) -> Self {
        Self {
            name: manifest.name,
            version: manifest.version,
            title: manifest.title,
            description: manifest.description,
            params_schema: manifest.params_schema,
            result_schema: manifest.result_schema,
            images: manifest.images.into_iter().map(Into::into).collect(),
            max_resources: manifest.max_resources,
            max_parallel: manifest.max_parallel,
            examples: manifest.examples.into_iter().map(Into::into).collect(),
        }
    }
}

impl From<&Image> for StoredImage {
    fn from(image: &Image) -> Self {
        let Image { name, purpose } = image.clone();
        Self { name, purpose }
    }
}

impl From<StoredImage> for Image {
    fn from(StoredImage { name, purpose }: StoredImage) -> Self {
        Self { name, purpose }
    }
}

impl From<&Example> for StoredExample {
    fn from(example: &Example) -> Self {
        let Example { name, params, expect, tolerance } = example.clone();
        Self { name, params, expect, tolerance }
    }
}

impl From<StoredExample> for Example {
    fn from(StoredExample { name, params, expect, tolerance }: StoredExample) -> Self {
        Self { name, params, expect, tolerance }
    }
}

impl From<&Tool> for StoredTool {
    fn from(tool: &Tool) -> Self {
        let Tool { role, name, version } = tool.clone();
        Self { role, name, version }
    }
}

impl From<StoredTool> for Tool {
    fn from(StoredTool { role, name, version }: StoredTool) -> Self {
        Self { role, name, version }
    }
}
