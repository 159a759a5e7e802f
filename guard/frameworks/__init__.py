"""The test frameworks guard knows: one module each, one line each."""

from __future__ import annotations

from typing import Final

from guard.frameworks import (
    cargo_test,
    ctest,
    cypress,
    dotnet_test,
    go_test,
    gradle_test,
    jest,
    maven_surefire,
    mocha,
    nextest,
    phpunit,
    playwright,
    pytest,
    rspec,
    sbt_test,
    unittest,
    vitest,
)
from guard.frameworks.verification import VerifiedFramework

FRAMEWORKS: Final[dict[str, VerifiedFramework]] = {
    "pytest": pytest,
    "unittest": unittest,
    "jest": jest,
    "vitest": vitest,
    "mocha": mocha,
    "playwright": playwright,
    "go_test": go_test,
    "maven_surefire": maven_surefire,
    "gradle_test": gradle_test,
    "sbt_test": sbt_test,
    "cargo_test": cargo_test,
    "ctest": ctest,
    "nextest": nextest,
    "rspec": rspec,
    "phpunit": phpunit,
    "dotnet_test": dotnet_test,
    "cypress": cypress,
}
