"""What guard.sh is made of: shell and Python text that starts guard from inside a CI file."""
