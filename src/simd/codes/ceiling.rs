//! Finds the rows that can reach a threshold, from their sums with a group of queries.

use super::layout::GROUP;
use crate::simd::instruction_set::{InstructionSet, Instructions};

/// The highest possible scores of a group of queries, one lane for each, and the thresholds (bars) that they must
/// reach.
///
/// The ceiling of a query for a row is `(step * scale) * sum + (per_error * error + constant)`, in float32 and in
/// this order.
#[derive(Debug, Clone)]
pub struct Ceilings {
    /// The score of a unit of the sum, at a scale of 1.
    pub steps: [f32; GROUP],
    /// The score that a unit of the row's error adds.
    pub per_error: [f32; GROUP],
    /// The score that is added for every row.
    pub constants: [f32; GROUP],
    /// The thresholds that ceilings must reach.
    pub bars: [f32; GROUP],
}

/// How the sums of a row become scores.
#[derive(Debug, Clone, Copy)]
pub struct Scaling {
    /// The value of a unit of a code.
    pub scale: f32,
    /// The error of the codes.
    pub error: f32,
}

impl Ceilings {
    /// Whether a ceiling of the row is at or above its bar; NaN never is.
    #[inline(always)]
    fn reached_by(&self, row: Scaling, sums: &[i32; GROUP]) -> bool {
        let mut below = true;
        for (lane, &sum) in sums.iter().enumerate() {
            let centre = (self.steps[lane] * row.scale) * sum as f32;
            let half_width = self.per_error[lane] * row.error + self.constants[lane];
            below &= centre + half_width < self.bars[lane];
        }
        !below
    }

    #[inline(always)]
    fn mark(&self, rows: &[Scaling], sums: &[[i32; GROUP]], reached: &mut [bool]) {
        for ((row, sums), reached) in rows.iter().zip(sums).zip(reached) {
            *reached = self.reached_by(*row, sums);
        }
    }
}

impl InstructionSet {
    /// Marks the rows with a ceiling at or above its bar, from their sums with the group of queries.
    ///
    /// # Panics
    ///
    /// If there is not one sum and one mark for each row.
    pub fn mark_reaching(
        self,
        ceilings: &Ceilings,
        rows: &[Scaling],
        sums: &[[i32; GROUP]],
        reached: &mut [bool],
    ) {
        assert_eq!(rows.len(), sums.len(), "every row has its sums");
        assert_eq!(rows.len(), reached.len(), "every row has a mark");
        match self.0 {
            // SAFETY: `Instructions::Avx512` is made only after AVX-512 F, BW, VL and VNNI were detected.
            #[cfg(target_arch = "x86_64")]
            #[expect(unsafe_code, reason = "called after the CPU was asked for its instructions")]
            Instructions::Avx512(_) => unsafe { mark_avx512(ceilings, rows, sums, reached) },
            // SAFETY: all are made only after AVX2 was detected.
            #[cfg(target_arch = "x86_64")]
            #[expect(unsafe_code, reason = "called after the CPU was asked for its instructions")]
            Instructions::Avx512WithoutVnni(_) | Instructions::AvxVnni(..) | Instructions::Avx2(_) => unsafe {
                mark_avx2(ceilings, rows, sums, reached);
            },
            // NEON is part of every build for 64-bit Arm.
            #[cfg(target_arch = "aarch64")]
            Instructions::I8mm(_) | Instructions::DotProduct(_) | Instructions::Neon(_) => {
                ceilings.mark(rows, sums, reached);
            }
            Instructions::Scalar => ceilings.mark(rows, sums, reached),
        }
    }
}

/// [`Ceilings::mark`], compiled for these instructions.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni,avx2")]
fn mark_avx512(ceilings: &Ceilings, rows: &[Scaling], sums: &[[i32; GROUP]], reached: &mut [bool]) {
    ceilings.mark(rows, sums, reached);
}

/// [`Ceilings::mark`], compiled for these instructions.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
fn mark_avx2(ceilings: &Ceilings, rows: &[Scaling], sums: &[[i32; GROUP]], reached: &mut [bool]) {
    ceilings.mark(rows, sums, reached);
}
