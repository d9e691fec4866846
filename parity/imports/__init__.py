"""Projects that import others, read by both."""
