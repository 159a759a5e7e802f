"""Pipeguard: a step inside a CI job that runs the user's command and heals what fails for reasons outside the change."""

__version__ = "0.1.0"
