package io.pipeguard

/**
 * The `sh` of the functions that a `guard { … }` body calls, where they are written in the same script as the body.
 *
 * It stands in that script's binding, which Pipeline asks before its steps (CpsScript.invokeMethod of workflow-cps: an object
 * that responds to `call`). There it stays, for branches run side by side; which body an `sh` belongs to, if any, says the
 * environment, which each branch has of its own.
 */
class GuardedFunctions implements Serializable {
    private static final long serialVersionUID = 1L
    static final String NAME = 'sh'
    static final String VARIABLE = 'PIPEGUARD_BODY'

    private final Object steps
    private final Object env
    private final List<GuardedCommand> bodies = []

    GuardedFunctions(Object steps, Object env) {
        this.steps = steps
        this.env = env
    }

    /** The one of a script: there already, or put there; null where the script has an `sh` of its own, or may not be changed. */
    static GuardedFunctions of(Object script, Object steps, Object env) {
        if (!(script instanceof Script)) {
            return null
        }
        try {
            Binding binding = script.binding
            if (!binding.hasVariable(NAME)) {
                binding.setVariable(NAME, new GuardedFunctions(steps, env))
            }
            def found = binding.getVariable(NAME)
            return found instanceof GuardedFunctions ? found : null
        } catch (SecurityException refused) {
            // A library that is not trusted may not: then only what is written in the body itself is guarded.
            return null
        }
    }

    /** The line for `withEnv` that says whose body this is. */
    String line(GuardedCommand command) {
        bodies.add(command)
        return VARIABLE + '=' + (bodies.size() - 1)
    }

    /** As the step `sh`: under guard inside of a body, else as it is. */
    def call(Object arguments) {
        String body = env[VARIABLE]
        if (!body || !body.isInteger()) {
            return steps.sh(arguments)
        }
        Map given = arguments instanceof Map ? (Map) arguments : [script: arguments]
        return bodies[body.toInteger()].run(given)
    }
}
