//! Float32 memory that starts on a cache line.

use std::ops::{Deref, DerefMut};

const CACHE_LINE_BYTES: usize = 64;
const CACHE_LINE_VALUES: usize = CACHE_LINE_BYTES / size_of::<f32>();

/// A growable run of float32 values that starts on a cache line, so that no vector straddles two.
#[derive(Debug, Default)]
pub struct AlignedValues {
    storage: Vec<f32>,
    start: usize,
    len: usize,
}

impl AlignedValues {
    /// `len` zeros.
    #[must_use]
    pub fn zeroed(len: usize) -> Self {
        let storage = vec![0.0; len + CACHE_LINE_VALUES];
        let start = storage.as_ptr().align_offset(CACHE_LINE_BYTES);
        Self { storage, start, len }
    }

    /// Changes the length to `len`; the values are arbitrary. Memory never shrinks.
    pub fn reset_len(&mut self, len: usize) {
        if self.start + len <= self.storage.len() {
            self.len = len;
        } else {
            *self = Self::zeroed(len);
        }
    }
}

impl Deref for AlignedValues {
    type Target = [f32];

    fn deref(&self) -> &[f32] {
        &self.storage[self.start..self.start + self.len]
    }
}

impl DerefMut for AlignedValues {
    fn deref_mut(&mut self) -> &mut [f32] {
        &mut self.storage[self.start..self.start + self.len]
    }
}

thread_local! {
    static SCRATCH: std::cell::RefCell<AlignedValues> = std::cell::RefCell::default();
}

/// Lends `len` values of this thread's scratch memory, with arbitrary contents.
///
/// # Panics
///
/// If `work` itself uses scratch memory.
pub(crate) fn with_scratch<R>(len: usize, work: impl FnOnce(&mut [f32]) -> R) -> R {
    SCRATCH.with_borrow_mut(|scratch| {
        scratch.reset_len(len);
        work(scratch)
    })
}
