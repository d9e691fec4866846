"""Tokens, sparse features and learned files of NLU components."""
