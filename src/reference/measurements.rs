#![doc = include_str!("measurements.md")]
