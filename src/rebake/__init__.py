"""rebake keeps the trained model of a Rasa assistant fresh."""

__version__ = "0.1.0"
