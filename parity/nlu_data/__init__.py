"""NLU training data in every format."""
