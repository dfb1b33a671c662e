//! Which documents a search is about: `year >= 2020`, `lang = en`, `authors.first ~ "van der"`.
//!
//! ```text
//! filter   = field operator value
//! field    = step { "." step }           source, id, or a path into the metadata
//! operator = "=" | "!=" | "<" | "<=" | ">" | ">=" | "~"
//! step     = name without spaces | quoted
//! value    = word without spaces | quoted
//! quoted   = " or ' around any text; \", \' and \\ stand for the character itself
//! ```
//!
//! What a filter means:
//!
//! - `source` and `id` are what every document has: where it comes from, and its key there. A quoted name is always a
//!   field of the metadata, also `"source"`.
//! - A number compares with numbers, by value; `true` and `false` equal booleans. Against a text, `=` compares the
//!   characters as typed, so `id = 17` finds the id `17`; for the order of texts the value is quoted: `date >= "2020"`.
//! - A quoted value or another word is a text, and compares with texts alone, by their bytes.
//! - `~` asks whether a text contains the value, or an array an element that equals it.
//! - A field that is missing, null or of another type satisfies no filter but `!=`, which is the opposite of `=`.
//!
//! The same filter can be asked of a document in memory ([`Filters::matches`]) and of the catalog
//! ([`Filters::to_sql`]); a property test holds the two together.

mod condition;
mod error;
mod evaluate;
mod parse;
mod sql;
#[cfg(test)]
mod sql_tests;

pub use condition::{Filter, Filters};
pub use error::{FilterError, FilterProblem};
pub use evaluate::Subject;
pub use sql::{Columns, SqlCondition, SqlParameter};
