#![doc = include_str!("files.md")]
