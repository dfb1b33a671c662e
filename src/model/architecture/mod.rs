//! Architectures: `config.json`, the tensors that follow from it, and the computation in candle.

mod bert;
mod bert_config;
mod checks;
mod config;
mod distances;
mod distilbert;
mod family;
mod modernbert;
mod mpnet;
mod mpnet_network;
mod network;
mod nomic_bert;
mod roberta;
mod supported;
mod tensor_names;

pub use bert_config::BertConfig;
pub use config::Architecture;
pub use family::BertFamily;
pub use modernbert::ModernBertConfig;
pub(super) use network::Network;
pub use nomic_bert::NomicBertConfig;
pub use supported::SUPPORTED_ARCHITECTURES;
