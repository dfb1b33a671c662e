#![doc = include_str!("indexes.md")]
