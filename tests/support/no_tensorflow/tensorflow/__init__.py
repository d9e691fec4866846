"""Stands in for TensorFlow where it must not be imported. Put the folder above this one first on the path."""

raise RuntimeError("TensorFlow was imported, which a test without the marker `slow` and `rebake check` never do.")
