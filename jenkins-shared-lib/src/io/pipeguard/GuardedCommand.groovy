package io.pipeguard

/**
 * Runs one command under guard, with the arguments and the result of the step `sh`.
 *
 * An interruption (abort, timeout) passes through untouched: only what writing and reading our own files throws is caught.
 */
class GuardedCommand implements Serializable {
    private static final long serialVersionUID = 1L
    /** Its own first line: without one Jenkins would trace it. The folder comes by the environment. */
    private static final String LAUNCH = '#!/bin/sh\nexec sh "$PIPEGUARD_FOLDER/guard.sh"\n'
    private static final int LONGEST_LABEL = 100

    private final Object steps
    private final Object env
    private final Object currentBuild
    private final Map options
    /** Whether it was asked to run anything. */
    boolean used

    GuardedCommand(Object steps, Object env, Object currentBuild, Map options) {
        this.steps = steps
        this.env = env
        this.currentBuild = currentBuild
        this.options = new LinkedHashMap(options)
    }

    /** What `sh` returns for these arguments. Raises what it raises. */
    def run(Map arguments) {
        used = true
        if (arguments.script == null) {
            steps.error('guard: `script` is missing: the command to run')
        }
        Map given = new LinkedHashMap(arguments)
        given.script = arguments.script.toString()
        if (given.returnStatus && given.returnStdout) {
            // The step itself says what is wrong with that.
            return steps.sh(given)
        }
        if (!steps.isUnix()) {
            steps.echo('guard: this agent runs Windows; the command runs without guard')
            return steps.sh(given)
        }
        Map outcome = attempted(given)
        if (outcome.bare) {
            return steps.sh(given)
        }
        if (outcome.status != 0 && options.larger && outcome.facts.elsewhere == 'yes') {
            outcome = elsewhere(given, outcome)
        }
        return returned(given, outcome)
    }

    /** Run it here: the map has `status`, `stdout` where it is wanted, `facts`, or `bare` where guard could not be written. */
    private Map attempted(Map given) {
        String folder = prepared(given)
        if (!folder) {
            return [bare: true]
        }
        List<String> lines = Options.environment(options)
        lines.add('PIPEGUARD_SKIN=jenkins')
        lines.add(Options.line('PIPEGUARD_FOLDER', folder))
        lines.add(Options.line('PIPEGUARD_FACTS', folder + '/facts'))
        if (given.returnStdout) {
            lines.add(Options.line('PIPEGUARD_STDOUT', folder + '/stdout'))
        }
        Map call = [script: LAUNCH, returnStatus: true, label: given.label ?: labelled(given.script)]
        if (given.encoding) {
            call.encoding = given.encoding
        }
        int status = -1
        steps.withEnv(lines) {
            status = steps.sh(call)
        }
        Map outcome = [bare: false, status: status, stdout: '', facts: [:]]
        try {
            if (given.returnStdout) {
                outcome.stdout = read(folder + '/stdout', given.encoding)
            }
            if (steps.fileExists(folder + '/facts')) {
                outcome.facts = parsed(read(folder + '/facts', 'UTF-8'))
            }
        } catch (IOException problem) {
            steps.echo('guard: its report could not be read: ' + problem.message)
            if (given.returnStdout && status == 0) {
                throw problem
            }
        }
        // A status that the pipeline asked for is an answer, not a failure.
        if (!given.returnStatus || outcome.facts.status == 'healed') {
            told(outcome.facts, folder)
        }
        gone(folder)
        return outcome
    }

    private void gone(String folder) {
        try {
            steps.dir(folder) {
                steps.deleteDir()
            }
        } catch (IOException problem) {
            steps.echo('guard: ' + folder + ' could not be deleted: ' + problem.message)
        }
    }

    /** Guard and the script in a folder of their own beside the workspace; empty where they could not be written. */
    private String prepared(Map given) {
        String folder = steps.pwd(tmp: true) + '/pipeguard-' + UUID.randomUUID().toString()
        try {
            steps.writeFile(file: folder + '/guard.sh', text: steps.libraryResource('io/pipeguard/guard.sh'), encoding: 'UTF-8')
            steps.writeFile(file: folder + '/script.sh', text: given.script, encoding: given.encoding ?: 'UTF-8')
        } catch (IOException problem) {
            steps.echo('guard: could not be written (' + problem.message + '); the command runs without guard')
            gone(folder)
            return ''
        }
        return folder
    }

    /** The build's description, an archived run and an unstable build, as the run and the options say. */
    private void told(Map facts, String folder) {
        if (!facts) {
            return
        }
        if (options.describe != false) {
            String before = currentBuild.description ?: ''
            if (!before.contains(facts.description)) {
                currentBuild.description = before ? before + '; ' + facts.description : facts.description
            }
        }
        if (options.archive != false) {
            try {
                steps.dir(folder) {
                    steps.archiveArtifacts(artifacts: 'pipeguard-*.json', allowEmptyArchive: true)
                }
            } catch (IOException problem) {
                steps.echo('guard: the run could not be archived: ' + problem.message)
            }
        }
        if (facts.status == 'healed' && facts.verdict == 'warn') {
            steps.unstable(facts.description)
        }
    }

    /** Run it once more on a node of the label `larger`, with the workspace there and what it made back here. */
    private Map elsewhere(Map given, Map here) {
        String root = env.WORKSPACE ?: ''
        String folder = steps.pwd()
        if (!root || !(folder == root || folder.startsWith(root + '/'))) {
            steps.echo('guard: not repeated on `' + options.larger + '`: ' + folder + ' is not in the workspace')
            return here
        }
        String inside = folder == root ? '.' : folder.substring(root.length() + 1)
        String name = 'pipeguard-' + UUID.randomUUID().toString()
        steps.echo('guard: ' + here.facts.label + ' is left after all remedies here: going on on a node `' + options.larger + '`')
        steps.dir(root) {
            steps.stash(name: name, includes: '**', useDefaultExcludes: false, allowEmpty: true)
        }
        Map there = here
        steps.node(options.larger) {
            steps.unstash(name)
            steps.dir(inside) {
                there = attempted(given)
                if (there.bare) {
                    there = here
                }
            }
            steps.stash(name: name + '-back', includes: '**', useDefaultExcludes: false, allowEmpty: true)
        }
        steps.dir(root) {
            steps.unstash(name + '-back')
        }
        return there
    }

    /** The result of `sh`: nothing, the status, or the output; an error for a red command, in the words of the step. */
    private def returned(Map given, Map outcome) {
        if (given.returnStatus) {
            return outcome.status
        }
        if (outcome.status != 0) {
            if (given.returnStdout && outcome.stdout) {
                steps.echo(outcome.stdout)
            }
            steps.error('script returned exit code ' + outcome.status)
        }
        return given.returnStdout ? outcome.stdout : null
    }

    private String read(String file, Object encoding) {
        return encoding ? steps.readFile(file: file, encoding: encoding) : steps.readFile(file: file)
    }

    private Map parsed(String text) {
        Map found = [:]
        String[] lines = text.split('\n')
        for (int at = 0; at < lines.length; at++) {
            int equals = lines[at].indexOf('=')
            if (equals > 0) {
                found[lines[at].substring(0, equals)] = lines[at].substring(equals + 1)
            }
        }
        return found
    }

    /** What the stage view shows: as without us, the script's text. */
    private String labelled(String script) {
        String line = script.trim()
        return line.length() > LONGEST_LABEL ? line.substring(0, LONGEST_LABEL) : line
    }
}
