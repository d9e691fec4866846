"""The networks. TensorFlow is imported in this package alone, and only when something is trained or predicted."""

import os

# TensorFlow tells on stderr which instructions and drivers it found; a person who trains a bot has no use for that.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
