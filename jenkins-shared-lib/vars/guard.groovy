/* `guard`: commands of a Jenkins pipeline run under Pipeguard. See guard.txt and docs/jenkins.md. */

import io.pipeguard.GuardedCommand
import io.pipeguard.GuardedFunctions
import io.pipeguard.GuardedSteps
import io.pipeguard.Options

/** `guard { sh 'make test' }`: each `sh` of the body, and of the script's functions that it calls, runs under guard; the body is run once. */
def call(Closure body) {
    return call([:], body)
}

/** `guard(attempts: 2, larger: 'big') { … }`: the same with options. */
def call(Map options, Closure body) {
    GuardedCommand guarded = command(options)
    body.delegate = new GuardedSteps(steps, guarded)
    body.resolveStrategy = Closure.DELEGATE_FIRST
    GuardedFunctions functions = GuardedFunctions.of(body.thisObject, steps, env)
    def value = null
    try {
        if (functions == null) {
            value = body()
        } else {
            steps.withEnv([functions.line(guarded)]) {
                value = body()
            }
        }
    } finally {
        if (!guarded.used) {
            steps.echo('guard: no `sh` of this body ran under guard; a function of another script or library says `guard.sh`')
        }
    }
    return value
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
