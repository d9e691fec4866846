"""Writes the reference pages that follow from the code, and builds the site of the documentation."""
