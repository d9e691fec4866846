"""What `rasa data validate` finds is found by `rebake validate`."""
