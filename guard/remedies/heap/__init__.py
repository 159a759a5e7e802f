"""How the heap of each runtime is set, read and made larger."""
