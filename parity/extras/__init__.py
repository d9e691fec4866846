"""Components that need libraries or servers of their own."""
