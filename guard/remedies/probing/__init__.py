"""With `probes: on`: whom to ask whether a service is up again, and when."""
