"""What a run becomes for those who read it: lines on the terminal, the result file."""
