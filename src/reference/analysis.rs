#![doc = include_str!("analysis.md")]
