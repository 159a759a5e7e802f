"""The failure lab: real tools, made to fail for real, each failure with its label and what must become of it."""
