#![doc = include_str!("library.md")]
