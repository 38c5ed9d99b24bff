//! How much does a rumor matter? The classes of rumors by their names.

use bruit::Class;
use serde::{Deserialize, Serialize};

/// How much a rumor matters.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "snake_case")]
pub enum RumorClass {
    /// Everybody who hears it passes it on at once
    Urgent,
    /// Told in rounds
    #[default]
    Normal,
    /// Told with what room the others leave
    Bulk,
}

impl From<RumorClass> for Class {
    fn from(class: RumorClass) -> Self {
        match class {
            RumorClass::Urgent => Self::Urgent,
            RumorClass::Normal => Self::Normal,
            RumorClass::Bulk => Self::Bulk,
        }
    }
}
