"""Policies with options that no reference assistant uses."""
