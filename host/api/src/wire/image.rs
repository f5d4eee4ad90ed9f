//! The operator's images.

use serde::{Deserialize, Serialize};
use simulay_containers::RegisteredImage;
use utoipa::ToSchema;

/// A logical image name and the image it stands for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Image {
    /// Name that plugins use.
    #[schema(example = "octave")]
    pub name: String,
    /// `sha256:` and 64 hexadecimal digits.
    pub id: String,
    /// Docker has it.
    pub present: bool,
    /// Bytes, when present.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub size: Option<u64>,
}

/// The operator's images.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ImageList {
    /// Each of them.
    pub images: Vec<Image>,
}

impl From<RegisteredImage> for Image {
    fn from(image: RegisteredImage) -> Self {
        Self { name: image.name, id: image.id.to_string(), present: image.present, size: image.size }
    }
}

impl From<Vec<RegisteredImage>> for ImageList {
    fn from(images: Vec<RegisteredImage>) -> Self {
        Self { images: images.into_iter().map(Into::into).collect() }
    }
}
