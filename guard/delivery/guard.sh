#!/bin/sh
# The `guard` of an image: the single file beside it, run by the Python of the image and nothing that is installed there.
exec python3 -I -S "${0%/*}/../lib/guard.pyz" "$@"
