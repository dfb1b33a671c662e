#!/usr/bin/env python3
"""Makes tests/fixtures/cross-encoders: a tiny random cross-encoder of each layout, and the logits that transformers gives.

    pip install torch transformers sentence-transformers tokenizers
    python tests/make_tiny_cross_encoders.py

Sizes, tokenizers and the scale of the weights are those of tests/make_tiny_models.py. `golden.json` has a row for each
pair: token ids and token types, cut by the strategy only_second, and the logit; pairs are computed in one padded batch.
ModernBERT has both poolings: `score` is that of its config.json, the mean, and `score_cls` of the first token.
"""

import json
import pathlib
import shutil

import torch
import transformers
from make_tiny_models import (
    BERT_SPECIAL, LONGEST, ROBERTA_SPECIAL, SIZES, byte_level, of_bert, of_roberta, rounded, word_piece,
)

FOLDER = pathlib.Path(__file__).parent / "fixtures" / "cross-encoders"
QUERIES = ["how do I return an item", "Was kostet der Versand?", "cat"]
TEXTS = [
    "Items can be returned within 30 days.",
    "Our premium membership costs $9.99/month and includes free returns.",
    "Die Lieferung dauert drei Tage, und der Versand ist kostenlos.",
    "返品は三十日以内に お願いします 🙂",
    "",
    "A <mask> in [SEP] a </s> text",
    "the stock market fell today and " * 40,
]


def layouts():
    """Name, configuration, tokenizer."""
    bert = SIZES | {"max_position_embeddings": LONGEST, "pad_token_id": 0}
    yield "bert", transformers.BertConfig(**bert), of_bert(word_piece(BERT_SPECIAL, "[UNK]"))
    roberta = SIZES | {"max_position_embeddings": LONGEST + 2, "type_vocab_size": 1, "pad_token_id": 1,
                       "bos_token_id": 0, "eos_token_id": 2, "layer_norm_eps": 1e-5}
    yield "roberta", transformers.RobertaConfig(**roberta), of_roberta(byte_level(ROBERTA_SPECIAL))
    distilbert = {"dim": 32, "n_layers": 2, "n_heads": 4, "hidden_dim": 48, "max_position_embeddings": LONGEST}
    yield "distilbert", transformers.DistilBertConfig(**distilbert), of_bert(word_piece(BERT_SPECIAL, "[UNK]"))
    modern = SIZES | {"hidden_size": 24, "intermediate_size": 40, "num_hidden_layers": 4, "max_position_embeddings": LONGEST,
                      "local_attention": 12, "pad_token_id": 0, "cls_token_id": 2, "sep_token_id": 3, "bos_token_id": 2,
                      "eos_token_id": 3, "classifier_pooling": "mean"}
    yield "modernbert", transformers.ModernBertConfig(**modern), of_bert(byte_level(BERT_SPECIAL))


def randomized(config):
    """A model whose parameters all matter."""
    torch.manual_seed(20240229)
    model = transformers.AutoModelForSequenceClassification.from_config(config, attn_implementation="eager").eval()
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            is_norm = "norm" in name.lower() and name.endswith("weight")
            scale = 0.5 if "embeddings" in name else 0.25
            parameter.copy_(torch.randn_like(parameter) * scale + float(is_norm))
    return model


def logits(model, tokenizer, pairs):
    # An empty text is no text, as in a call with a single pair.
    cut = {"truncation": "only_second", "max_length": LONGEST, "return_token_type_ids": True}
    encoded = [tokenizer(query, text or None, **cut) for query, text in pairs]
    batch = tokenizer.pad(encoded, return_tensors="pt")
    if model.config.model_type in ("distilbert", "modernbert") or model.config.type_vocab_size < 2:
        batch.pop("token_type_ids")
    with torch.no_grad():
        return encoded, rounded(model(**batch).logits.squeeze(1).double())


def save(name, config, tokenizer):
    folder = FOLDER / name
    shutil.rmtree(folder, ignore_errors=True)
    config.vocab_size = len(tokenizer)
    config.num_labels = 1
    model = randomized(config)
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    pairs = [(query, text) for query in QUERIES for text in TEXTS]
    encoded, scores = logits(model, tokenizer, pairs)
    rows = [
        {"query": query, "text": text, "token_ids": tokens["input_ids"], "types": tokens["token_type_ids"], "score": score}
        for (query, text), tokens, score in zip(pairs, encoded, scores, strict=True)
    ]
    if name == "modernbert":
        model.config.classifier_pooling = "cls"
        for row, score in zip(rows, logits(model, tokenizer, pairs)[1], strict=True):
            row["score_cls"] = score
    (folder / "golden.json").write_text(
        "[\n" + ",\n".join(json.dumps(row, ensure_ascii=False) for row in rows) + "\n]\n"
    )


if __name__ == "__main__":
    for layout in layouts():
        save(*layout)
        print(layout[0])
