//! Conditions on documents: `year >= 2020`, `lang = en`, `authors.first ~ "van der"`.
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
//! - Every document has a `source` and an `id`, its key within the source. A quoted name is always a field of the
//!   metadata, even `"source"`.
//! - A number is compared with numbers by value; `true` and `false` equal booleans. Against a text, `=` compares the
//!   characters as typed, so `id = 17` finds the id `17`. To compare the order of texts, quote the value: `date >=
//!   "2020"`.
//! - A quoted value, or a word that is neither a number nor a boolean, is a text. It is compared with texts only, by
//!   their bytes.
//! - `~` holds if a text contains the value, or an array has an element that equals it.
//! - A field that is missing, null or of another type satisfies no filter but `!=`, which is the opposite of `=`.
//!
//! A filter tests a document in memory ([`Filters::matches`]) or becomes a condition for the catalog
//! ([`Filters::to_sql`]). A property test checks that the two agree.

mod condition;
mod error;
mod evaluate;
mod parse;
mod sql;
#[cfg(test)]
mod sql_tests;

#[cfg(feature = "postgres")]
pub(crate) use condition::{Field, FilterNumber, Literal, Meaning, Operator};
pub use condition::{Filter, Filters};
pub use error::{FilterError, FilterProblem};
pub use evaluate::Subject;
pub use sql::{Columns, SqlCondition, SqlParameter};
