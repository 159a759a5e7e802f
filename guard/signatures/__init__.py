"""Signatures: data, one YAML file per ecosystem, loaded as compiled JSON."""
