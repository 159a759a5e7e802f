/* `guard`: commands of a Jenkins pipeline run under Pipeguard. See guard.txt and docs/jenkins.md. */

import io.pipeguard.GuardedCommand
import io.pipeguard.GuardedSteps
import io.pipeguard.Options

/** `guard { sh 'make test' }`: each `sh` of the body runs under guard; the body itself is run once. */
def call(Closure body) {
    return call([:], body)
}

/** `guard(attempts: 2, larger: 'big') { … }`: the same with options. */
def call(Map options, Closure body) {
    body.delegate = new GuardedSteps(steps, command(options))
    body.resolveStrategy = Closure.DELEGATE_FIRST
    return body()
}

/** `guard(script: 'make test', attempts: 3)`: one command. */
def call(Map options) {
    return sh(options)
}

/** `guard 'make test'`: one command. */
def call(String script) {
    return sh([script: script])
}

/** `guard.sh 'make test'`: one command. */
def sh(String script) {
    return sh([script: script])
}

/** `guard.sh(script: 'make test', returnStatus: true, attempts: 3)`: arguments of `sh` and options of guard together. */
def sh(Map options) {
    return command(Options.ofGuard(options)).run(Options.ofSh(options))
}

private GuardedCommand command(Map options) {
    String problem = Options.problem(options)
    if (problem) {
        error(problem)
    }
    return new GuardedCommand(steps, env, currentBuild, options)
}
