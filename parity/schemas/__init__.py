"""Projects with values of every kind at every key: accepted and refused by both."""
