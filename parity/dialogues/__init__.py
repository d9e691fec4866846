"""Core without networks: trackers, rules and memory."""
