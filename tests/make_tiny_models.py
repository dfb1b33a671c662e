#!/usr/bin/env python3
"""Makes tests/fixtures/families: a tiny random model of each architecture, and the vectors that transformers gives.

    pip install torch transformers sentence-transformers tokenizers
    python tests/make_tiny_models.py

Weights are random, from a fixed seed, and larger than those of a fresh model, so that attention, positions and
norms matter. Tokenizers are of the kind that the architecture's real models have, trained on the sentences below.
`golden.json` has token ids and unit vectors of sentence-transformers, for mean and CLS pooling; the texts are encoded in
one padded batch.
"""

import json
import pathlib
import shutil

import torch
import transformers
from sentence_transformers import SentenceTransformer
from sentence_transformers.models import Normalize, Pooling, Transformer
from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers

FOLDER = pathlib.Path(__file__).parent / "fixtures" / "families"
SENTENCES = [
    "How do I return an item that I bought last week?",
    "Our premium membership costs $9.99 a month and includes free returns.",
    "The economy is growing, and the stock market fell today.",
    "Die Lieferung dauert drei Tage, und der Versand ist kostenlos.",
    "Les chats dorment toute la journée près de la fenêtre.",
    "Я люблю кошек и собак.",
    "返品は三十日以内にお願いします。",
]
TEXTS = [
    "cat",
    "How do I return an item?",
    " ",
    "",
    "Our premium membership costs $9.99/month and includes free returns.",
    "Die Lieferung dauert drei Tage.  Two spaces,\ttabs\nand lines",
    "Les chats dorment près de la fenêtre, naïve café",
    "Я люблю кошек",
    "返品は三十日以内に お願いします",
    "🙂 emoji and \u0000 control \u200b zero-width",
    "A <mask> in </s> a text",
    "word " * 30,
    "the stock market fell today and " * 40,
]
LONGEST = 96
SIZES = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 4, "intermediate_size": 48}
BERT_SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
ROBERTA_SPECIAL = ["<s>", "<pad>", "</s>", "<unk>", "<mask>"]


def framed(tokenizer, first, last):
    """Puts `first` before a text and `last` after it."""
    ids = [(token, tokenizer.token_to_id(token)) for token in (first, last)]
    pair = f"{first}:0 $A:0 {last}:0 {last}:0 $B:0 {last}:0" if first == "<s>" else f"{first}:0 $A:0 {last}:0 $B:1 {last}:1"
    tokenizer.post_processor = processors.TemplateProcessing(
        single=f"{first}:0 $A:0 {last}:0", pair=pair, special_tokens=ids
    )
    return tokenizer


def word_piece(special, unknown, size=240):
    tokenizer = Tokenizer(models.WordPiece(unk_token=unknown, max_input_chars_per_word=100))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=True)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.decoder = decoders.WordPiece()
    trainer = trainers.WordPieceTrainer(vocab_size=size, special_tokens=special, show_progress=False)
    tokenizer.train_from_iterator(SENTENCES, trainer)
    return tokenizer


def byte_level(special):
    tokenizer = Tokenizer(models.BPE(unk_token=None))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(
        vocab_size=320, special_tokens=special, initial_alphabet=alphabet, show_progress=False
    )
    tokenizer.train_from_iterator(SENTENCES, trainer)
    return tokenizer


def unigram():
    """As XLM-R's, whose own normalizer is a compiled form of NFKC that is too large for a fixture."""
    tokenizer = Tokenizer(models.Unigram())
    tokenizer.normalizer = normalizers.Sequence(
        [normalizers.Nmt(), normalizers.NFKC(), normalizers.Replace(Regex(" {2,}"), " ")]
    )
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.WhitespaceSplit(), pre_tokenizers.Metaspace()]
    )
    tokenizer.decoder = decoders.Metaspace()
    special = ["<s>", "<pad>", "</s>", "<unk>"]
    trainer = trainers.UnigramTrainer(
        vocab_size=240, special_tokens=special, unk_token="<unk>", show_progress=False
    )
    tokenizer.train_from_iterator(SENTENCES, trainer)
    tokenizer.add_special_tokens([AddedToken("<mask>", lstrip=True, special=True)])
    return tokenizer


def fast(tokenizer, first, last, padding, mask, unknown):
    return transformers.PreTrainedTokenizerFast(
        tokenizer_object=framed(tokenizer, first, last),
        cls_token=first, sep_token=last, pad_token=padding, mask_token=mask, unk_token=unknown,
        bos_token=first, eos_token=last, model_max_length=LONGEST,
    )


def of_bert(tokenizer):
    return fast(tokenizer, "[CLS]", "[SEP]", "[PAD]", "[MASK]", "[UNK]")


def of_roberta(tokenizer, unknown="<unk>"):
    return fast(tokenizer, "<s>", "</s>", "<pad>", "<mask>", unknown)


def families():
    """Name, configuration, tokenizer and the pooling that the folder names."""
    roberta = SIZES | {"max_position_embeddings": LONGEST + 2, "type_vocab_size": 1, "pad_token_id": 1,
                       "bos_token_id": 0, "eos_token_id": 2, "layer_norm_eps": 1e-5}
    bert = SIZES | {"max_position_embeddings": 2 * LONGEST, "pad_token_id": 0}
    yield "bert", transformers.BertConfig(**bert), of_bert(word_piece(BERT_SPECIAL, "[UNK]")), "mean"
    yield "roberta", transformers.RobertaConfig(**roberta), of_roberta(byte_level(ROBERTA_SPECIAL)), "mean"
    yield "xlm-roberta", transformers.XLMRobertaConfig(**roberta), of_roberta(unigram()), "cls"
    distilbert = {"dim": 32, "n_layers": 2, "n_heads": 4, "hidden_dim": 48, "max_position_embeddings": LONGEST}
    yield "distilbert", transformers.DistilBertConfig(**distilbert), of_bert(word_piece(BERT_SPECIAL, "[UNK]")), "mean"
    mpnet = SIZES | {"max_position_embeddings": 2 * LONGEST + 2, "layer_norm_eps": 1e-5}
    special = ["<s>", "<pad>", "</s>", "<unk>", "[UNK]", "<mask>"]
    yield "mpnet", transformers.MPNetConfig(**mpnet), of_roberta(word_piece(special, "[UNK]"), "[UNK]"), "mean"
    modern = SIZES | {"hidden_size": 24, "intermediate_size": 40, "num_hidden_layers": 4, "max_position_embeddings": 2 * LONGEST, "local_attention": 12,
                      "pad_token_id": 0, "cls_token_id": 2, "sep_token_id": 3, "bos_token_id": 2, "eos_token_id": 3}
    yield "modernbert", transformers.ModernBertConfig(**modern), of_bert(byte_level(BERT_SPECIAL)), "cls"
    nomic = SIZES | {"max_position_embeddings": 2 * LONGEST, "pad_token_id": 0}
    yield "nomic_bert", transformers.NomicBertConfig(**nomic), of_bert(word_piece(BERT_SPECIAL, "[UNK]")), "mean"


def randomized(config):
    """A model whose parameters all matter."""
    torch.manual_seed(20240229)
    model = transformers.AutoModel.from_config(config, attn_implementation="eager").eval()
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            is_norm = "norm" in name.lower() and name.endswith("weight")
            scale = 0.5 if "embeddings" in name or "relative" in name else 0.25
            parameter.copy_(torch.randn_like(parameter) * scale + float(is_norm))
    return model


def nomic_as_published(folder):
    """config.json as nomic-ai's own repositories have it: tensors already have their names there."""
    path = folder / "config.json"
    config = json.loads(path.read_text())
    published = {
        "model_type": "nomic_bert", "vocab_size": config["vocab_size"], "n_embd": config["hidden_size"],
        "n_layer": config["num_hidden_layers"], "n_head": config["num_attention_heads"],
        "n_inner": config["intermediate_size"], "n_positions": config["max_position_embeddings"],
        "type_vocab_size": config["type_vocab_size"], "layer_norm_epsilon": config["layer_norm_eps"],
        "rotary_emb_base": config["rope_parameters"]["rope_theta"], "rotary_emb_fraction": 1.0,
        "rotary_emb_interleaved": False, "rotary_scaling_factor": None, "activation_function": "swiglu",
        "prenorm": False, "qkv_proj_bias": False, "mlp_fc1_bias": False, "mlp_fc2_bias": False,
    }
    path.write_text(json.dumps(published, indent=2))


def save(name, config, tokenizer, pooling):
    folder = FOLDER / name
    shutil.rmtree(folder, ignore_errors=True)
    config.vocab_size = len(tokenizer)
    plain = folder / "plain"
    randomized(config).save_pretrained(plain)
    tokenizer.save_pretrained(plain)
    golden = []
    for mode in ("mean", "cls"):
        transformer = Transformer(str(plain), max_seq_length=LONGEST)
        modules = [transformer, Pooling(config.hidden_size, pooling_mode=mode), Normalize()]
        prompts = {"query": "query: ", "passage": "passage: "}
        model = SentenceTransformer(modules=modules, device="cpu", prompts=prompts)
        golden.append(model.encode(TEXTS, batch_size=len(TEXTS), convert_to_tensor=True).double())
        if mode == pooling:
            model.save_pretrained(str(folder), create_model_card=False)
    ids = [tokenizer(text, truncation=True, max_length=LONGEST)["input_ids"] for text in TEXTS]
    rows = [
        {"text": text, "token_ids": ids, "mean": rounded(mean), "cls": rounded(cls)}
        for text, ids, mean, cls in zip(TEXTS, ids, *golden, strict=True)
    ]
    (folder / "golden.json").write_text(
        "[\n" + ",\n".join(json.dumps(row, ensure_ascii=False) for row in rows) + "\n]\n"
    )
    shutil.rmtree(plain)
    if name == "nomic_bert":
        nomic_as_published(folder)


def rounded(vector):
    return [round(component, 7) for component in vector.tolist()]


if __name__ == "__main__":
    for family in families():
        save(*family)
        print(family[0])
