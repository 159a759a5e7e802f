"""What the classifier is made with: the failure lab, its corpus, training and evaluation. Not part of the wheel."""
