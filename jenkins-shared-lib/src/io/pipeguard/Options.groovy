package io.pipeguard

/** What may be said to `guard`, and how it reaches the program: by the environment, never as shell text. */
class Options implements Serializable {
    private static final long serialVersionUID = 1L

    /** Option -> the variable of `guard run` that it sets. */
    static final Map<String, String> VARIABLES = [
        attempts: 'PIPEGUARD_ATTEMPTS', timeout: 'PIPEGUARD_TIMEOUT', idleTimeout: 'PIPEGUARD_IDLE_TIMEOUT',
        budget: 'PIPEGUARD_BUDGET', idempotent: 'PIPEGUARD_IDEMPOTENT', onHeal: 'PIPEGUARD_ON_HEAL',
        remedies: 'PIPEGUARD_REMEDIES', config: 'PIPEGUARD_CONFIG', history: 'PIPEGUARD_HISTORY',
    ]
    static final List<String> OWN = ['larger', 'archive', 'describe']

    /** Why these options cannot be used; empty when they can. */
    static String problem(Map options) {
        List<String> known = new ArrayList<String>(VARIABLES.keySet())
        known.addAll(OWN)
        List<String> names = new ArrayList<String>(options.keySet())
        for (int at = 0; at < names.size(); at++) {
            if (!known.contains(names[at])) {
                return "guard: `${names[at]}` is no option; known: ${known.join(', ')}".toString()
            }
        }
        return ''
    }

    /** Those of guard among the arguments of one command: what is neither ours nor known to `sh` is ours to complain of. */
    static Map ofGuard(Map arguments) {
        Map found = [:]
        List<String> names = new ArrayList<String>(arguments.keySet())
        for (int at = 0; at < names.size(); at++) {
            if (!(names[at] in ['script', 'returnStatus', 'returnStdout', 'label', 'encoding'])) {
                found[names[at]] = arguments[names[at]]
            }
        }
        return found
    }

    /** The arguments of `sh` among them. */
    static Map ofSh(Map arguments) {
        Map found = new LinkedHashMap(arguments)
        List<String> names = new ArrayList<String>(ofGuard(arguments).keySet())
        for (int at = 0; at < names.size(); at++) {
            found.remove(names[at])
        }
        return found
    }

    /** The lines for `withEnv` that say these options. */
    static List<String> environment(Map options) {
        List<String> lines = []
        List<String> names = new ArrayList<String>(VARIABLES.keySet())
        for (int at = 0; at < names.size(); at++) {
            def value = options[names[at]]
            if (value != null) {
                lines.add(line(VARIABLES[names[at]], value instanceof List ? value.join(',') : value.toString()))
            }
        }
        return lines
    }

    /** A line for `withEnv`, which replaces `$NAME` and `$$` in a value: a dollar is said twice. */
    static String line(String name, String value) {
        return name + '=' + value.replace('$', '$$')
    }
}
