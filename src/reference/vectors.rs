#![doc = include_str!("vectors.md")]
