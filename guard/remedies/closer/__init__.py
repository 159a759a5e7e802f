"""Looking closer: what a tool wrote elsewhere where its log hides the cause, and what its own service answers (`probes: on`)."""
