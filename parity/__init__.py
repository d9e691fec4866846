"""Compare rebake with an unmodified Rasa 3.6.21: ``python -m parity`` lists what is compared.

This file imports nothing: Rasa's Python 3.10, which has no rebake, runs the modules below ``rasa_side``.
"""
