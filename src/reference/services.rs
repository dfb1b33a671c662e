#![doc = include_str!("services.md")]
