"""Labels for which running again cannot help, each with the reason that the user reads."""

from __future__ import annotations

REFUSED: dict[str, str] = {
    "compile_error": "a compile error needs a change of the code",
    "lint_error": "a finding of a linter needs a change of the code",
    "test_failure": "an assertion failed with no sign of chance; it needs a change of the code or the test",
    "auth_failure": "a credential or permission is missing; running again cannot bring it",
    "configuration_error": "the job's configuration needs a change; running again cannot bring it",
    "tls_error": "a certificate or protocol is refused; running again cannot change it",
    "dependency_conflict": "no set of versions satisfies the constraints; they need a change",
    "dependency_not_found": "a package, version or image that does not exist there stays missing",
    "unknown": "the log shows no known cause; an unexplained failure is not repeated",
}
