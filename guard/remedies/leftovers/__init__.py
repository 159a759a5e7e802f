"""One file per kind of left-over: its name → the module that finds it and resets it, in the order in which they are asked."""

from __future__ import annotations

from guard.remedies.leftovers import (
    apt_lock,
    build_tree,
    directory_not_empty,
    git_lock,
    maven_gradle_lock,
    meson_tree,
    name_in_use,
    pid_file,
    port_holder,
    terraform_lock,
    unix_socket,
)
from guard.remedies.leftovers.leftover import Leftover

LEFTOVERS: dict[str, Leftover] = {
    "git_lock": git_lock,
    "apt_lock": apt_lock,
    "maven_gradle_lock": maven_gradle_lock,
    "terraform_lock": terraform_lock,
    "unix_socket": unix_socket,
    "port_holder": port_holder,
    "pid_file": pid_file,
    "build_tree": build_tree,
    "meson_tree": meson_tree,
    "directory_not_empty": directory_not_empty,
    "name_in_use": name_in_use,
}
