"""The report as GitHub Markdown: what the pull-request comment and the job summary have in common."""
