"""Looking closer where a tool's own log hides the cause: what it wrote elsewhere, and what its index answers."""
