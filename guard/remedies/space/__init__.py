"""What can be deleted to make room, and how much that is."""
