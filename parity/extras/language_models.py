"""Small language models with random weights, one of each kind that LanguageModelFeaturizer knows.

    PYTHON -m parity.extras.language_models DIRECTORY NLU.yml      writes DIRECTORY/bert, DIRECTORY/gpt ...

Each has its tokenizer's own files (learned from the training texts), config.json and model.safetensors, which both
sides read: nothing of the size of a real model is needed to see that two programs read one alike.
"""

import sys
import warnings
from pathlib import Path

import sentencepiece
import torch
import transformers
from tokenizers import ByteLevelBPETokenizer, CharBPETokenizer

SIZE = 16
SHARED = {"hidden_size": SIZE, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 32}
LETTERS = "abcdefghijklmnopqrstuvwxyzäöüéß0123456789.,!?'-/:@#&"


def bert_vocabulary(directory: Path, texts: list[str]) -> int:
    words = sorted({word for text in texts for word in text.lower().split() if len(word) > 3})[::2]
    special = ["[PAD]", *(f"[unused{i}]" for i in range(99)), "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    vocabulary = list(dict.fromkeys([*special, *LETTERS, *(f"##{letter}" for letter in LETTERS), *words]))
    (directory / "vocab.txt").write_text("\n".join(vocabulary) + "\n", encoding="utf-8")
    return len(vocabulary)


def byte_pairs(directory: Path, texts: list[str], special: list[str]) -> int:
    learned = ByteLevelBPETokenizer()
    learned.train_from_iterator(texts, vocab_size=400, special_tokens=special)
    learned.save_model(str(directory))
    return int(learned.get_vocab_size())


def letter_pairs(directory: Path, texts: list[str]) -> int:
    learned = CharBPETokenizer(lowercase=True, unk_token="<unk>")
    learned.train_from_iterator([*texts, LETTERS], vocab_size=200, special_tokens=["<unk>"])
    learned.save_model(str(directory))
    return int(learned.get_vocab_size())


def sentence_pieces(file: Path, texts: list[str], **special: object) -> int:
    with file.open("wb") as out:
        sentencepiece.SentencePieceTrainer.train(
            sentence_iterator=iter(texts), model_writer=out, vocab_size=150, hard_vocab_limit=False,
            character_coverage=1.0, minloglevel=2, **special,
        )  # fmt: skip
    return int(sentencepiece.SentencePieceProcessor(model_file=str(file)).get_piece_size())


def model(kind: str, directory: Path, texts: list[str]) -> torch.nn.Module:  # noqa: PLR0911 - a table
    """The model; its tokenizer's files are written."""
    if kind == "bert":
        return transformers.BertModel(
            transformers.BertConfig(vocab_size=bert_vocabulary(directory, texts), max_position_embeddings=512, **SHARED)
        )
    if kind == "distilbert":
        size = bert_vocabulary(directory, texts)
        config = transformers.DistilBertConfig(vocab_size=size, dim=SIZE, n_layers=2, n_heads=2, hidden_dim=32)
        return transformers.DistilBertModel(config)
    if kind == "gpt":
        size = letter_pairs(directory, texts)
        config = transformers.OpenAIGPTConfig(vocab_size=size, n_embd=SIZE, n_layer=2, n_head=2)
        return transformers.OpenAIGPTModel(config)
    if kind == "gpt2":
        size = byte_pairs(directory, texts, ["<|endoftext|>"])
        config = transformers.GPT2Config(vocab_size=size, n_embd=SIZE, n_layer=2, n_head=2)
        return transformers.GPT2Model(config)
    if kind == "xlnet":
        symbols = ["<cls>", "<sep>", "<pad>", "<mask>", "<eod>", "<eop>"]
        size = sentence_pieces(directory / "spiece.model", texts, control_symbols=symbols)
        config = transformers.XLNetConfig(vocab_size=size, d_model=SIZE, n_layer=2, n_head=2, d_inner=32)
        return transformers.XLNetModel(config)
    if kind == "roberta":
        size = byte_pairs(directory, texts, ["<s>", "<pad>", "</s>", "<unk>", "<mask>"])
        return transformers.RobertaModel(
            transformers.RobertaConfig(vocab_size=size, max_position_embeddings=514, **SHARED)
        )
    size = sentence_pieces(directory / "sentencepiece.bpe.model", texts) + 5
    return transformers.CamembertModel(
        transformers.CamembertConfig(vocab_size=size, max_position_embeddings=514, **SHARED)
    )


def main() -> None:
    target, data = Path(sys.argv[1]), Path(sys.argv[2])
    warnings.simplefilter("ignore")
    texts = [line.strip(" -") for line in data.read_text(encoding="utf-8").splitlines() if line.startswith("    - ")]
    for number, kind in enumerate(("bert", "gpt", "gpt2", "xlnet", "distilbert", "roberta", "camembert")):
        directory = target / kind
        directory.mkdir(parents=True, exist_ok=True)
        torch.manual_seed(number)
        made = model(kind, directory, texts)
        for parameter in made.parameters():
            torch.nn.init.normal_(parameter, std=0.3)  # as made, the states of all tokens would be almost the same
        made.save_pretrained(directory)


if __name__ == "__main__":
    main()
