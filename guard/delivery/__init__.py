"""How guard comes to a machine where it is not installed: the single file, and what it fetches when a command failed."""
