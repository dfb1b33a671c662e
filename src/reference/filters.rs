#![doc = include_str!("filters.md")]
