#![doc = include_str!("evaluation.md")]
