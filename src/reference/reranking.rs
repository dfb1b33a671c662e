#![doc = include_str!("reranking.md")]
