"""Jenkins: its log knows no commands; notes are hidden in `ESC [8mha:` sequences, which a log must not open."""

from __future__ import annotations

from guard.platforms import plain

NAME = "jenkins"
STREAM = 2

escape = plain.escape
group = plain.group
end_group = plain.end_group
annotate = plain.annotate
shelter = plain.shelter
publish = plain.publish
