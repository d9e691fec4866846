"""Measure rebake beside an unmodified Rasa 3.6.21: ``python -m benchmarks`` lists what is measured.

This file imports nothing: Rasa's Python 3.10, which has no rebake, runs the modules below ``rasa_side``.
"""
