"""Domains of Rasa 2, migrated by `rasa data migrate` and by `rebake migrate`."""
