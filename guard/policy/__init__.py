"""Diagnosis, history and what is left of the budget → a plan."""
