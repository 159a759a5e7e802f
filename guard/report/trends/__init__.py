"""Rows of a history → trends, by pure functions: what the pages, tables and metrics of `guard report` show."""
