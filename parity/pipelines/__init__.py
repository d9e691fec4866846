"""NLU pipelines with options that no reference assistant uses."""
