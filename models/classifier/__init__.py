"""The classifier's making: corpus, network, training, export."""
