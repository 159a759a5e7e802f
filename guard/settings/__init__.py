"""`.pipeguard.yml`, policy file, flags and variables → one frozen Settings; a run that passes reads only `place` and `given`."""
