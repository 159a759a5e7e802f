"""Run the user's command once and say how it ended: no label, no policy.

A passing run imports only this package, so its modules use neither `dataclasses` nor `typing` at run time.
"""
