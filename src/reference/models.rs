#![doc = include_str!("models.md")]
