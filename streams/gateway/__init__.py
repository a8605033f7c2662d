"""The only place that speaks to Redis; its verbs are Redis's commands."""
