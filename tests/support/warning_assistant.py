"""An assistant whose training warns about nearly everything it can, in NLU and in Core, without TensorFlow."""

from __future__ import annotations

CONFIG = """\
recipe: default.v1
assistant_id: warnings
language: en
pipeline:
- name: WhitespaceTokenizer
- name: CountVectorsFeaturizer
  OOV_words: [bob]
- name: CountVectorsFeaturizer
  OOV_token: oov
- name: KeywordIntentClassifier
- name: DIETClassifier
  intent_classification: false
  featurizers: [nobody]
  loss_type: margin
  similarity_type: inner
  evaluate_on_number_of_examples: 2
  evaluate_every_number_of_epochs: 400
- name: CRFEntityExtractor
- name: RegexEntityExtractor
- name: EntitySynonymMapper
- name: ResponseSelector
  retrieval_intent: faq
policies:
- name: MemoizationPolicy
- name: TEDPolicy
  checkpoint_model: true
"""
DOMAIN = """\
version: "3.1"
intents: [greet, bye]
responses:
  utter_greet: [{text: Hi}]
  utter_bye: [{text: Bye}]
"""
DATA = """\
version: "3.1"
nlu:
- intent: greet
  examples: |
    - hello
    - ok
- intent: bye
  examples: |
    - see you
    - ok
- synonym: tea
  examples: |
    - cuppa
- synonym: coffee
  examples: |
    - CUPPA
stories:
- story: lost
  steps:
  - checkpoint: nowhere
  - intent: greet
  - action: utter_greet
rules:
- rule: bye
  steps:
  - intent: bye
  - action: utter_bye
"""
FILES = {"config.yml": CONFIG, "domain.yml": DOMAIN, "data/all.yml": DATA}

# What a person should know about the training: place, and a part of the message; in the order of the training.
CHECKS = (
    ("data/all.yml:10", "'ok' is an example of 'bye' here"),
    ("config.yml:18", "CRFEntityExtractor and DIETClassifier learn the same entities"),
    ("data/all.yml:24", "There are rules, but no RulePolicy"),
)
NLU_WARNINGS = (
    ("config.yml:6", "OOV_words are given without OOV_token"),
    ("config.yml:8", "no training example contains the OOV_token 'oov'"),
    ("data/all.yml:10", "belongs to several intents, so it is no keyword"),
    ("config.yml:11", "with loss_type margin"),
    ("config.yml:11", "similarity_type inner is not made for loss_type margin"),
    ("config.yml:11", "there is no evaluation"),
    ("config.yml:11", "the option featurizers names 'nobody'"),
    ("config.yml:11", "DIETClassifier is left untrained"),
    ("config.yml:18", "CRFEntityExtractor is left untrained"),
    ("config.yml:19", "RegexEntityExtractor finds nothing"),
    ("data/all.yml:16", "'cuppa' is a synonym of 'tea' and of 'coffee'"),
    ("config.yml:21", "nothing can be learned for the retrieval intent 'faq'"),
)
CORE_WARNINGS = (
    ("data/all.yml:18", "All stories start with a checkpoint"),
    ("data/all.yml:20", "'lost' starts with checkpoint 'nowhere'"),
    ("config.yml:25", "checkpoint_model has no effect"),
    ("config.yml:25", "TEDPolicy is left untrained"),
)
WARNINGS = (*CHECKS, *NLU_WARNINGS, *CORE_WARNINGS)
