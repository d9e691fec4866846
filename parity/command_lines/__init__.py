"""Rasa's own commands with archives that rebake trained."""
