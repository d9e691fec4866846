"""Rasa's half of benchmarks, run in its environment (Python 3.10): it imports Rasa, and nothing of rebake."""
