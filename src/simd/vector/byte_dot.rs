//! The encodings of `vpdpbusd` on 256 bits.

/// The encoding in which this CPU has `vpdpbusd`: 32 products of bytes per instruction, added by fours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum ByteDot {
    /// Of AVX-VNNI.
    Vex(Detected),
    /// Of AVX-512 VL and VNNI.
    Evex(Detected),
}

/// Created only in [`ByteDot::detect`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Detected(());

impl ByteDot {
    /// The encoding of this CPU, if it has one.
    pub(crate) fn detect() -> Option<Self> {
        if is_x86_feature_detected!("avxvnni") {
            Some(Self::Vex(Detected(())))
        } else if is_x86_feature_detected!("avx512vl") && is_x86_feature_detected!("avx512vnni") {
            Some(Self::Evex(Detected(())))
        } else {
            None
        }
    }
}
