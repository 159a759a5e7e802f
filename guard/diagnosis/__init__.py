"""An outcome → a diagnosis: no process is started, nothing is written."""
