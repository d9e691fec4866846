"""A small spaCy model with everything that the components read: vectors, tags, lemmas, entities, also Chinese words.

    PYTHON -m parity.rasa_side.spacy_model DIRECTORY

Run by Rasa's Python, because an older spaCy does not read what a newer one writes.
"""

import random
import sys

import numpy as np
import spacy
from spacy.training import Example

WORDS = ["hi", "hello", "good", "morning", "see", "book", "a", "trip", "flight", "to", "from", "rome", "pizza", "Rome"]
WIDTH = 12
TAGGED = [
    ("book a flight from Berlin to Rome", ["VB", "DT", "NN", "IN", "NNP", "TO", "NNP"], [(19, 25), (29, 33)]),
    ("a large pizza for Anna", ["DT", "JJ", "NN", "IN", "NNP"], []),
    ("hello there from Oslo", ["UH", "RB", "IN", "NNP"], [(17, 21)]),
    ("see you in rome", ["VB", "PRP", "IN", "NN"], []),
]


def main() -> None:
    random.seed(1)
    spacy.util.fix_random_seed(1)
    nlp = spacy.blank("en")
    numbers = np.random.default_rng(1)
    for word in WORDS:
        nlp.vocab.set_vector(word, numbers.normal(size=WIDTH).astype("float32"))
    nlp.add_pipe("tagger")
    ruler = nlp.add_pipe("attribute_ruler")
    nlp.add_pipe("ner")
    examples = [
        Example.from_dict(nlp.make_doc(text), {"tags": tags, "entities": [(a, b, "GPE") for a, b in places]})
        for text, tags, places in TAGGED
    ]
    optimizer = nlp.initialize(lambda: examples)
    ruler.add(patterns=[[{"LOWER": "flights"}]], attrs={"LEMMA": "flight"})  # initialize() forgets what came before
    for _ in range(40):
        nlp.update(examples, sgd=optimizer, drop=0.0)
    nlp.to_disk(sys.argv[1])


if __name__ == "__main__":
    main()
