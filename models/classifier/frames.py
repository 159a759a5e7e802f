"""What a CI prints around a command: the lines before it, before each of its lines, and after it has failed.

Wordings as each system's own logs have them; names, numbers and times vary. `{code}` is the exit code, `{time}` a time
of the line, `{command}` the command.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Frame:
    """One system's way to show a command that failed."""

    opening: tuple[str, ...] = ()
    prefix: str = ""
    """Before each line."""
    closing: tuple[str, ...] = ()
    """The line that says that the command failed, and what always follows."""
    after: tuple[str, ...] = ()
    """What the clean-up prints."""


FRAMES: dict[str, Frame] = {
    "none": Frame(),
    "github": Frame(
        opening=("##[group]Run {command}", "{command}", "shell: /usr/bin/bash -e {{0}}", "##[endgroup]"),
        prefix="{time} ",
        closing=("##[error]Process completed with exit code {code}.",),
        after=(
            "Post job cleanup.",
            "[command]/usr/bin/git version",
            "git version 2.43.0",
            "Temporarily overriding HOME='/home/runner/work/_temp' before making global git config changes",
            "[command]/usr/bin/git config --global --add safe.directory /home/runner/work/app/app",
            "Cleaning up orphan processes",
        ),
    ),
    "gitlab": Frame(
        opening=(
            "Running with gitlab-runner 16.9.1 (782c6ecb)",
            "section_start:1700000000:prepare_executor\r\x1b[0K\x1b[0K\x1b[36;1mPreparing the \"docker\" executor\x1b[0;m",
            "section_end:1700000009:prepare_executor\r\x1b[0K",
            "section_start:1700000010:step_script\r\x1b[0K\x1b[0K\x1b[36;1mExecuting \"step_script\" stage of the job script\x1b[0;m",
            "\x1b[32;1m$ {command}\x1b[0;m",
        ),
        closing=(
            "section_end:1700000999:step_script\r\x1b[0K",
            "section_start:1700000999:cleanup_file_variables\r\x1b[0KCleaning up project directory and file based variables",
            "section_end:1700001000:cleanup_file_variables\r\x1b[0K",
            "\x1b[31;1mERROR: Job failed: exit code {code}",
        ),
    ),
    "gitlab with after_script": Frame(
        opening=("Running with gitlab-runner 17.2.0 (4a4a2b3c)", "\x1b[32;1m$ {command}\x1b[0;m"),
        prefix="{time} 01O ",
        closing=("Running after_script", "Running after script..."),
        after=(
            "WARNING: reports/*.xml: no matching files. Ensure that the artifact path is relative to the working directory",
            "ERROR: No files to upload",
            "Uploading artifacts for failed job",
            "ERROR: Job failed: exit code {code}",
        ),
    ),
    "jenkins": Frame(
        opening=("Started by an SCM change", "[Pipeline] stage", "[Pipeline] {{ (Build)", "[Pipeline] sh", "+ {command}"),
        closing=("[Pipeline] }}", "[Pipeline] // stage"),
        after=("Recording test results", "[Pipeline] End of Pipeline", "ERROR: script returned exit code {code}", "Finished: FAILURE"),
    ),
    "azure": Frame(
        opening=(
            "##[section]Starting: Build",
            "==============================================================================",
            "Task         : Command line",
            "Description  : Run a command line script using Bash on Linux and macOS and cmd.exe on Windows",
            "==============================================================================",
            "Generating script.",
            "========================== Starting Command Output ===========================",
        ),
        prefix="{time} ",
        closing=("##[error]Bash exited with code '{code}'.", "##[section]Finishing: Build"),
        after=("##[section]Starting: Post-job: Checkout", "Cleaning any cached credential from repository: app (Git)", "##[section]Finishing: Post-job: Checkout"),
    ),
    "buildkite": Frame(
        opening=("~~~ Preparing working directory", "$ git clean -ffxdq", "~~~ Running commands", "$ {command}"),
        closing=("^^^ +++", "\x1b[31m🚨 Error: The command exited with status {code}\x1b[0m", "user command error: exit status {code}"),
    ),
    "travis": Frame(
        opening=("travis_fold:start:git.checkout", "travis_fold:end:git.checkout", "$ {command}"),
        closing=('The command "{command}" exited with {code}.',),
        after=("travis_fold:start:after_failure", "travis_fold:end:after_failure", "Done. Your build exited with {code}."),
    ),
    "circleci": Frame(
        opening=("#!/bin/bash -eo pipefail", "{command}"),
        closing=("", "Exited with code exit status {code}"),
    ),
    "teamcity": Frame(
        opening=("Step 2/3: Command Line", "Starting: /bin/sh -c {command}"),
        prefix="[{clock}] ",
        closing=("Process exited with code {code}", "Step Command Line failed"),
    ),
}
RETRIED: tuple[str, ...] = (
    "Attempt 1 failed! Trying again in 5 seconds...",
    "::warning::Attempt 1 failed. Reason: Child_process exited with error code 1",
    'The command "{command}" failed. Retrying, 2 of 3.',
    "Retrying (2/3) after 10s",
    "Retrying",
    "WARNING: failed, will retry in 30 s",
    "+ sleep 15",
)
"""Said between an attempt that failed and one that did not."""
VAIN: tuple[str, ...] = (
    "cp: cannot stat 'build/reports': No such file or directory",
    "tar: coverage: Cannot stat: No such file or directory",
    "cat: test-results.log: No such file or directory",
    "No files were found with the provided path: build/reports. No artifacts will be uploaded.",
    "WARNING: coverage.xml: no matching files",
    "Error: No coverage reports found. Please make sure you're generating reports successfully.",
    "rm: cannot remove 'tmp/pids/server.pid': No such file or directory",
    "docker: 'compose down' had nothing to stop",
)
"""Said by a clean-up that fails in vain, after what failed the job."""
COMMANDS: tuple[str, ...] = ("make check", "./ci/test.sh", "bash build.sh", "make -j4 all", "./run-tests", "script/cibuild", "tools/ci verify")
