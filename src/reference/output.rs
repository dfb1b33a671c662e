#![doc = include_str!("output.md")]
