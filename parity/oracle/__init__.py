"""Whether a verdict of "fresh" is true: mutated assistants, each trained again without its optimisers."""
