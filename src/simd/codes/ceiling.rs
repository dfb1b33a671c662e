//! Which rows can reach a bar, judged by their sums with a group of queries.

use super::layout::GROUP;
use crate::simd::instruction_set::{InstructionSet, Instructions};

/// How high the scores of a group of queries can be, a lane for each, and how high they have to be.
///
/// The ceiling of a query for a row is `(step * scale) * sum + (per_error * error + constant)`, in float32 and in
/// this order.
#[derive(Debug, Clone)]
pub struct Ceilings {
    /// What a unit of the sum is worth, at a scale of 1.
    pub steps: [f32; GROUP],
    /// What a unit of the row's error adds.
    pub per_error: [f32; GROUP],
    /// What is added for every row.
    pub constants: [f32; GROUP],
    /// What a ceiling has to reach.
    pub bars: [f32; GROUP],
}

/// What turns the sums of a row into scores.
#[derive(Debug, Clone, Copy)]
pub struct Scaling {
    /// What a unit of a code is worth.
    pub scale: f32,
    /// How far off the codes are.
    pub error: f32,
}

impl Ceilings {
    /// Whether a ceiling of the row is not below its bar; one that is not a number is not.
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
    /// Marks the rows of which a ceiling is not below its bar, from their sums with the group of queries.
    ///
    /// # Panics
    ///
    /// If there are not as many sums and marks as rows.
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
            // SAFETY: both are made only after AVX2 was detected.
            #[cfg(target_arch = "x86_64")]
            #[expect(unsafe_code, reason = "called after the CPU was asked for its instructions")]
            Instructions::Avx512WithoutVnni(_) | Instructions::Avx2(_) => unsafe {
                mark_avx2(ceilings, rows, sums, reached)
            },
            #[cfg(target_arch = "aarch64")]
            Instructions::Neon => ceilings.mark(rows, sums, reached),
            Instructions::Scalar => ceilings.mark(rows, sums, reached),
        }
    }
}

/// [`Ceilings::mark`], compiled for those instructions.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni,avx2")]
fn mark_avx512(ceilings: &Ceilings, rows: &[Scaling], sums: &[[i32; GROUP]], reached: &mut [bool]) {
    ceilings.mark(rows, sums, reached);
}

/// [`Ceilings::mark`], compiled for those instructions.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
fn mark_avx2(ceilings: &Ceilings, rows: &[Scaling], sums: &[[i32; GROUP]], reached: &mut [bool]) {
    ceilings.mark(rows, sums, reached);
}
