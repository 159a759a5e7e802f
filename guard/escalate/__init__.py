"""Whom to tell when a run stays red: one file per target, its name → how to tell it."""
