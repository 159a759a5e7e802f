"""The test reports of an attempt: found, kept over a narrowed run, and its results merged into them."""
