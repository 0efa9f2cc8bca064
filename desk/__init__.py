"""The rules of the desk: who may do what, and what then happens. Knows neither Slack nor HTTP."""
