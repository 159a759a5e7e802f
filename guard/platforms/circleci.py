"""CircleCI: each run step is a group of its own; its log knows no commands."""

from __future__ import annotations

from guard.platforms import plain

NAME = "circleci"
STREAM = 2

escape = plain.escape
group = plain.group
end_group = plain.end_group
annotate = plain.annotate
shelter = plain.shelter

publish = plain.publish
