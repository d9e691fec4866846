"""Classifiers of intents, and ResponseSelector."""

from __future__ import annotations

from rebake.registry.entry import Entry, LabelDemand, Responses
from rebake.registry.nlu.diet import DIET_CONSTRAINTS, DIET_OPTIONS, SELECTOR_CONSTRAINTS, SELECTOR_OPTIONS
from rebake.registry.nlu.providers import MITIE, NO_MITIE
from rebake.registry.options import Choice, Flag, ListOf, Number, OneOf, WholeNumber, seed
from rebake.registry.scores import SCORES

_FEATURES = frozenset({"features"})
_INTENT = frozenset({"intent"})
_HELD_OUT = "evaluate_on_number_of_examples"

ENTRIES = (
    Entry(
        name="DIETClassifier",
        rasa_class="rasa.nlu.classifiers.diet_classifier.DIETClassifier",
        kind="classifier",
        options=DIET_OPTIONS,
        constraints=DIET_CONSTRAINTS,
        version=4,  # 3 ended with the weights of the last epoch
        implementation="rebake.nlu.classifiers.diet_classifier:DIETClassifier",
        reads=frozenset({"intents", "entities"}),
        needs=_FEATURES,
        provides=frozenset({"intent", "entities"}),
        classifies_intents="intent_classification",
        always_ranks="intent_classification",
        learns_entities="entity_recognition",
        tags_tokens=True,
        demands=LabelDemand(held_out=_HELD_OUT),
    ),
    Entry(
        name="ResponseSelector",
        rasa_class="rasa.nlu.selectors.response_selector.ResponseSelector",
        kind="classifier",
        options=SELECTOR_OPTIONS,
        constraints=SELECTOR_CONSTRAINTS,
        version=4,  # 3 ended with the weights of the last epoch
        implementation="rebake.nlu.classifiers.response_selector:ResponseSelector",
        reads=frozenset({"intents", "responses"}),
        needs=_FEATURES,
        responses=Responses(
            file="ResponseSelector.responses.json",
            by_text="use_text_as_label",
            intent="retrieval_intent",
            layers="number_of_transformer_layers",
        ),
        demands=LabelDemand(held_out=_HELD_OUT, labels="responses"),
    ),
    Entry(
        name="FallbackClassifier",
        rasa_class="rasa.nlu.classifiers.fallback_classifier.FallbackClassifier",
        kind="classifier",
        options={"threshold": Number(default=0.3), "ambiguity_threshold": Number(default=0.1)},
        trained=False,
        implementation="rebake.nlu.classifiers.fallback_classifier:FallbackClassifier",
        needs=_INTENT,
        provides=_INTENT,
    ),
    Entry(
        name="KeywordIntentClassifier",
        rasa_class="rasa.nlu.classifiers.keyword_intent_classifier.KeywordIntentClassifier",
        kind="classifier",
        options={"case_sensitive": Flag(default=True)},
        implementation="rebake.nlu.classifiers.keyword_intent_classifier:KeywordIntentClassifier",
        reads=frozenset({"intents", "keywords"}),
        provides=_INTENT,
        classifies_intents=True,
    ),
    Entry(
        name="LogisticRegressionClassifier",
        rasa_class="rasa.nlu.classifiers.logistic_regression_classifier.LogisticRegressionClassifier",
        kind="classifier",
        options={
            "max_iter": WholeNumber(least=1, default=100),
            # Those of scikit-learn 1.1.3, where the model is to be loaded.
            "solver": Choice(("lbfgs", "newton-cg", "liblinear", "sag", "saga"), default="lbfgs"),
            "tol": Number(above=0, default=0.0001),
            "random_state": seed(42),
            "ranking_length": WholeNumber(default=10),
        },
        implementation="rebake.nlu.classifiers.logistic_regression_classifier:LogisticRegressionClassifier",
        reads=frozenset({"intents"}),
        needs=_FEATURES,
        provides=_INTENT,
        classifies_intents=True,
        demands=LabelDemand(intents=2),
    ),
    Entry(
        name="MitieIntentClassifier",
        rasa_class="rasa.nlu.classifiers.mitie_intent_classifier.MitieIntentClassifier",
        kind="classifier",
        options={"num_threads": WholeNumber(default=1, changes_model=False)},
        reads=frozenset({"intents"}),
        needs=_FEATURES | {"mitie_model"},
        provides=_INTENT,
        model_from=MITIE,
        classifies_intents=True,
        refusal=(NO_MITIE, "Use DIETClassifier."),
    ),
    Entry(
        name="SklearnIntentClassifier",
        rasa_class="rasa.nlu.classifiers.sklearn_intent_classifier.SklearnIntentClassifier",
        kind="classifier",
        options={
            "C": ListOf(Number(above=0), "numbers to be tried", least=1, default=[1, 2, 5, 10, 20, 100]),
            "gamma": ListOf(
                OneOf((Choice(("scale", "auto")), Number(above=0)), "a number of more than 0, scale or auto"),
                "numbers to be tried",
                least=1,
                default=[0.1],
            ),
            "kernels": ListOf(
                Choice(("linear", "poly", "rbf", "sigmoid")), "kernels to be tried", least=1, default=["linear"]
            ),
            "max_cross_validation_folds": WholeNumber(default=5),
            "scoring_function": Choice(SCORES, default="f1_weighted"),
            "num_threads": WholeNumber(least=1, default=1, changes_model=False),
        },
        implementation="rebake.nlu.classifiers.sklearn_intent_classifier:SklearnIntentClassifier",
        reads=frozenset({"intents"}),
        needs=frozenset({"dense_features"}),
        provides=_INTENT,
        classifies_intents=True,
        always_ranks=True,
    ),
    Entry(
        name="RegexMessageHandler",
        rasa_class="rasa.nlu.classifiers.regex_message_handler.RegexMessageHandler",
        kind="classifier",
        trained=False,
        provides=frozenset({"intent", "entities"}),
        closes_pipeline=True,
    ),
)
