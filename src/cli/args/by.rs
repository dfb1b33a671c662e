//! The values of `--by`.

use clap::ValueEnum;
use embed::engine::SearchBy;

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ByArgument {
    Meaning,
    Words,
    Both,
}

impl ByArgument {
    /// The value as typed.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Meaning => "meaning",
            Self::Words => "words",
            Self::Both => "both",
        }
    }
}

impl From<ByArgument> for SearchBy {
    fn from(by: ByArgument) -> Self {
        match by {
            ByArgument::Meaning => Self::Meaning,
            ByArgument::Words => Self::Words,
            ByArgument::Both => Self::Both,
        }
    }
}
