"""People and groups of the workspace, kept in step with Slack."""
