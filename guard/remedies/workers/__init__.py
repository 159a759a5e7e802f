"""How each tool is given its number of workers."""
