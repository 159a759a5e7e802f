"""The classifier applied by the standard library alone: the same file, the same answers, where no run-time library is."""
