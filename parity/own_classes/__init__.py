"""Parts that the user's own Rasa trains."""
