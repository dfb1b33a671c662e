//! Limits on the memory for the fields of a row.

use super::offsets::boundary_before;
use super::stream::Completeness;

/// The memory for an element of an array besides its text.
const ELEMENT_BYTES: usize = 32;
/// The memory for a field of an object besides its name and its text.
const FIELD_BYTES: usize = 64;

/// The limits on the fields of one row.
#[derive(Debug, Clone, Copy)]
pub(super) struct FieldLimits<'a> {
    /// Names of the fields, or paths to them, that may be text or id. They count only toward their own limit.
    pub(super) important: &'a [String],
    /// The limit of one field.
    pub(super) field_bytes: usize,
    /// The limit of all other fields together.
    pub(super) shared_bytes: usize,
}

impl FieldLimits<'_> {
    /// No limits: every field is kept whole.
    pub(super) const NONE: Self = Self { important: &[], field_bytes: usize::MAX, shared_bytes: usize::MAX };

    /// Whether the field `name` itself may be text or id. Errs on the side of more fields: case is ignored.
    pub(super) fn is_important(&self, name: &str) -> bool {
        self.important.iter().any(|important| important.eq_ignore_ascii_case(name))
    }
}

/// The remaining budget while the fields of a row are read.
#[derive(Debug)]
pub(super) struct Budget {
    limit: usize,
    field: usize,
    shared: usize,
    extent: Completeness,
}

impl Budget {
    pub(super) const fn new(limits: FieldLimits<'_>) -> Self {
        let FieldLimits { field_bytes, shared_bytes, .. } = limits;
        Self { limit: field_bytes, field: field_bytes, shared: shared_bytes, extent: Completeness::Whole }
    }

    /// Whether anything was left out.
    pub(super) const fn extent(&self) -> Completeness {
        self.extent
    }

    /// Starts the field `name`; false if it does not fit and must be left out.
    pub(super) const fn start_field(&mut self, name: &str) -> bool {
        self.field = self.limit;
        self.take_entry(name)
    }

    /// Takes a field of an object within a field.
    pub(super) const fn take_entry(&mut self, name: &str) -> bool {
        self.take(name.len().saturating_add(FIELD_BYTES))
    }

    /// Takes an element of an array.
    pub(super) const fn take_element(&mut self) -> bool {
        self.take(ELEMENT_BYTES)
    }

    const fn take(&mut self, bytes: usize) -> bool {
        if bytes <= self.field && bytes <= self.shared {
            self.field -= bytes;
            self.shared -= bytes;
            return true;
        }
        self.extent = Completeness::Cut;
        false
    }

    /// Takes the start of a text that fits; returns the number of its bytes.
    pub(super) fn take_bytes(&mut self, bytes: usize) -> usize {
        let taken = bytes.min(self.field).min(self.shared);
        self.field -= taken;
        self.shared -= taken;
        if taken < bytes {
            self.extent = Completeness::Cut;
        }
        taken
    }

    /// Like [`Budget::take_bytes`], in whole characters.
    pub(super) fn take_text<'text>(&mut self, text: &'text str) -> &'text str {
        let taken = self.take_bytes(text.len());
        &text[..boundary_before(text, taken)]
    }

    /// Reads an important field, within its own limit.
    pub(super) fn important_field<T>(&mut self, read: impl FnOnce(&mut Self) -> T) -> T {
        let mut own = Self { limit: self.limit, field: self.limit, shared: usize::MAX, extent: self.extent };
        let value = read(&mut own);
        self.extent = own.extent;
        value
    }
}
