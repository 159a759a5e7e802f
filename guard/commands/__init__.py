"""One module per command; each takes plain values and returns the exit code."""
