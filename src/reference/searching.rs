#![doc = include_str!("searching.md")]
