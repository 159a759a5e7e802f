// groovy run_jobs.groovy LIBRARY JOBS: runs each JOBS/*/Jenkinsfile with the library, as a Jenkins controller with
// real agents would: scripts really run. Leaves JOBS/*/log.txt and build.json (result, description, archived, unstable).
// A job may hold `workspace/` (what its default agent finds there) and `agents/LABEL` (shell text run before each script
// of that agent, for its limits; the label of the default agent is `default`).

import groovy.json.JsonOutput
import org.codehaus.groovy.control.CompilerConfiguration

class AbortException extends IOException {
    AbortException(String message) { super(message) }
}

/** What aborts and timeouts throw; an Exception, as in Jenkins. */
class FlowInterruptedException extends Exception {
    FlowInterruptedException(String message) { super(message) }
}

/** Where a branch of the pipeline is. */
class Place {
    Map<String, String> env = [:]
    String label = 'default'
    File folder
    Long deadline
    String lastWord = 'ABORTED'

    Place copy() {
        return new Place(env: new HashMap(env), label: label, folder: folder, deadline: deadline, lastWord: lastWord)
    }
}

/** Bare names of a Jenkinsfile or of vars/: a global variable of the library, then a step. */
abstract class PipelineScript extends Script {
    Object invokeMethod(String name, Object arguments) {
        Controller controller = (Controller) getBinding().getVariable('controller')
        Object[] given = (Object[]) arguments
        // As CpsScript does: first what stands in the script's binding and responds to `call`.
        Object bound = getBinding().hasVariable(name) ? getBinding().getVariable(name) : null
        if (bound != null && org.codehaus.groovy.runtime.InvokerHelper.getMetaClass(bound).respondsTo(bound, 'call', given)) {
            return org.codehaus.groovy.runtime.InvokerHelper.getMetaClass(bound).invokeMethod(bound, 'call', given)
        }
        if (controller.vars.containsKey(name)) {
            Object step = controller.vars[name]
            return org.codehaus.groovy.runtime.InvokerHelper.getMetaClass(step).invokeMethod(step, 'call', given)
        }
        return controller.dsl.invokeMethod(name, given)
    }

    Object getProperty(String name) {
        Controller controller = (Controller) getBinding().getVariable('controller')
        if (name in ['steps', 'env', 'currentBuild', 'params', 'any', 'none']) {
            return [steps: controller.dsl, env: controller.env, currentBuild: controller.build, params: [:], any: 'any', none: 'none'][name]
        }
        if (controller.vars.containsKey(name)) {
            return controller.vars[name]
        }
        String value = controller.env[name]
        return value == null ? super.getProperty(name) : value
    }
}

class EnvVariables {
    Controller controller

    Object getProperty(String name) { controller.place.env[name] }

    void setProperty(String name, Object value) {
        if (name == 'controller') { controller = (Controller) value } else { controller.place.env[name] = value.toString() }
    }

    Object getAt(String name) { controller.place.env[name] }
}

class Build {
    static final List ORDER = ['SUCCESS', 'UNSTABLE', 'FAILURE', 'ABORTED']
    String result
    String description
    List archived = [], stages = [], echoed = []

    String getCurrentResult() { result ?: 'SUCCESS' }

    /** A result only ever gets worse. */
    void setResult(String wanted) {
        if (ORDER.indexOf(wanted) > ORDER.indexOf(currentResult)) { result = wanted }
    }
}

class Steps {
    Controller controller

    private Place getPlace() { controller.place }

    void log(Object text) { controller.log(text.toString()) }

    // --- running things -------------------------------------------------------------------------------------------

    def sh(Map given) {
        if (given.returnStatus && given.returnStdout) {
            throw new IllegalArgumentException('You may not provide both returnStdout and returnStatus.')
        }
        Map unknown = given.findAll { !(it.key in ['script', 'returnStatus', 'returnStdout', 'label', 'encoding']) }
        if (unknown) { throw new IllegalArgumentException("sh has no ${unknown.keySet()}") }
        String text = given.script.toString(), cookie = 'durable-' + UUID.randomUUID()
        File kept = new File(temporary(), cookie)
        kept.mkdirs()
        File script = new File(kept, 'script.sh'), output = new File(kept, 'output.txt'), printed = new File(kept, 'log.txt')
        // A process that starts meanwhile in another branch would have the script open for writing: "Text file busy".
        synchronized (ProcessBuilder) { script.setText(text, (given.encoding ?: 'UTF-8').toString()) }
        List command = ['sh', '-xe', script.path]
        if (text.startsWith('#!')) {
            script.executable = true
            command = [script.path]
        }
        File limits = new File(controller.job, 'agents/' + place.label)
        if (limits.file) { command = ['sh', '-c', limits.text + '\nexec "$@"', 'sh'] + command }
        ProcessBuilder builder = new ProcessBuilder(['setsid'] + command).directory(place.folder)
        builder.environment().clear()
        builder.environment().putAll(place.env + [JENKINS_SERVER_COOKIE: cookie])
        builder.redirectInput(new File('/dev/null'))
        // One open file for both, as durable-task has it.
        builder.redirectOutput(given.returnStdout ? output : printed)
        if (given.returnStdout) { builder.redirectError(printed) } else { builder.redirectErrorStream(true) }
        Process process
        synchronized (ProcessBuilder) { process = builder.start() }
        while (!process.waitFor(20, java.util.concurrent.TimeUnit.MILLISECONDS)) {
            if (place.deadline != null && System.currentTimeMillis() > place.deadline) {
                log('Sending interrupt signal to process')
                killed(cookie)
                process.waitFor()
                controller.raw(printed)
                controller.checkLeft(cookie)
                throw new FlowInterruptedException(place.lastWord)
            }
        }
        int status = process.exitValue()
        controller.raw(printed)
        controller.checkLeft(cookie)
        if (given.returnStatus) { return status }
        String value = output.file ? output.getText((given.encoding ?: 'UTF-8').toString()) : null
        if (status != 0) {
            if (value) { log(value) }
            throw new AbortException("script returned exit code ${status}")
        }
        return given.returnStdout ? value : null
    }

    def sh(Object script) { sh([script: script.toString()]) }

    /** TERM to each process that carries the cookie, 5 s, KILL (hudson.util.ProcessTree). */
    private void killed(String cookie) {
        controller.carriers(cookie).each { "kill -TERM ${it}".execute().waitFor() }
        long until = System.currentTimeMillis() + 5000
        while (controller.carriers(cookie) && System.currentTimeMillis() < until) { sleep(20) }
        controller.carriers(cookie).each { "kill -KILL ${it}".execute().waitFor() }
    }

    def bat(Object given) { controller.build.echoed.add('bat ' + given) }

    def powershell(Object given) { controller.build.echoed.add('powershell ' + given) }

    def pwsh(Object given) { controller.build.echoed.add('pwsh ' + given) }

    // --- files ----------------------------------------------------------------------------------------------------

    private File temporary() { new File(place.env.WORKSPACE + '@tmp') }

    private File at(Object name) {
        File file = new File(name.toString())
        return file.absolute ? file : new File(place.folder, name.toString())
    }

    def pwd(Map given = [:]) { given.tmp ? temporary().path : place.folder.path }

    def isUnix() { place.label != 'windows' }

    def writeFile(Map given) {
        File file = at(given.file)
        file.absoluteFile.parentFile.mkdirs()
        if (!file.absoluteFile.parentFile.canWrite() || new File(controller.job, 'no-write').exists()) {
            throw new IOException('No space left on device')
        }
        file.setText(given.text.toString(), (given.encoding ?: 'UTF-8').toString())
    }

    def readFile(Map given) { at(given.file).getText((given.encoding ?: 'UTF-8').toString()) }

    def readFile(Object name) { at(name).text }

    def fileExists(Object name) { at(name).exists() }

    def deleteDir() { place.folder.deleteDir() }

    def dir(Object name, Closure body) {
        Place before = place
        controller.place = before.copy()
        place.folder = at(name)
        place.folder.mkdirs()
        try { return body() } finally { controller.place = before }
    }

    def libraryResource(Object name) {
        File file = new File(controller.library, 'resources/' + name)
        if (!file.file) { throw new AbortException("No such library resource ${name} could be found.") }
        return file.getText('UTF-8')
    }

    def stash(Map given) {
        if (given.includes != '**') { throw new IllegalArgumentException('the harness knows ** alone') }
        File kept = new File(controller.job, 'stash-' + given.name)
        kept.mkdirs()
        outside(['sh', '-c', 'tar cf - . | tar xf - -C "$1"', 'sh', kept.path], place.folder)
    }

    def unstash(Object name) {
        File kept = new File(controller.job, 'stash-' + name)
        if (!kept.directory) { throw new AbortException("No such saved stash ‘${name}’") }
        outside(['sh', '-c', 'tar cf - . | tar xf - -C "$1"', 'sh', place.folder.path], kept)
    }

    private void outside(List command, File folder) {
        Process process = new ProcessBuilder(command).directory(folder).inheritIO().start()
        if (process.waitFor() != 0) { throw new IOException(command.toString()) }
    }

    def archiveArtifacts(Map given) {
        List names = place.folder.list().findAll { it ==~ given.artifacts.replace('.', '\\.').replace('*', '.*') }
        if (!names && !given.allowEmptyArchive) { throw new AbortException('No artifacts found') }
        File kept = new File(controller.job, 'archive')
        kept.mkdirs()
        names.each { new File(kept, it).bytes = new File(place.folder, it).bytes }
        controller.build.archived.addAll(names)
    }

    // --- flow -----------------------------------------------------------------------------------------------------

    def node(Object label = 'default', Closure body) {
        Place before = place
        Place inside = before.copy()
        inside.label = label.toString()
        inside.folder = new File(controller.job, label == 'default' ? 'workspace' : 'workspace-' + label)
        inside.folder.mkdirs()
        inside.env.WORKSPACE = inside.folder.path
        inside.env.NODE_NAME = inside.label
        controller.place = inside
        try { return body() } finally { controller.place = before }
    }

    /** Values are expanded: EnvStep says overrideExpandingAll, and `$$` is a dollar (hudson.Util.replaceMacro). */
    def withEnv(List lines, Closure body) {
        Place before = place
        controller.place = before.copy()
        lines.each { line ->
            String text = line.toString()
            int equals = text.indexOf('=')
            String value = text.substring(equals + 1).replaceAll(/\$([A-Za-z0-9_]+|\{[A-Za-z0-9_.]+\}|\$)/) { List found ->
                String name = found[1].replaceAll('[{}]', '')
                name == '$' ? '$' : (before.env.containsKey(name) ? before.env[name] : found[0])
            }
            place.env[text.substring(0, equals)] = value
        }
        try { return body() } finally { controller.place = before }
    }

    def stage(Object name, Closure body) {
        if (controller.branches != null) {
            controller.branches[name.toString()] = body
            return null
        }
        controller.build.stages.add(name.toString())
        return controller.declarative ? recorded(body) : body()
    }

    def echo(Object text) { log(text) }

    def error(Object text) { throw new AbortException(text.toString()) }

    def unstable(Object text) {
        log('WARNING: ' + text)
        controller.build.setResult('UNSTABLE')
    }

    def catchError(Map given = [:], Closure body) {
        try {
            body()
        } catch (FlowInterruptedException stop) {
            if (given.catchInterruptions == false) { throw stop }
            log('ERROR: ' + stop.message)
            controller.build.setResult((given.buildResult ?: 'FAILURE').toString())
        } catch (Exception problem) {
            log('ERROR: ' + problem.message)
            controller.build.setResult((given.buildResult ?: 'FAILURE').toString())
        }
    }

    def timeout(Map given, Closure body) { until(given, 'Timeout has been exceeded', body) }

    /** The harness's own: somebody aborts the build after so many seconds. */
    def aborted(Map given, Closure body) { until(given, 'Aborted by somebody', body) }

    private def until(Map given, String word, Closure body) {
        Place before = place
        controller.place = before.copy()
        place.deadline = System.currentTimeMillis() + (long) (given.time * 1000)
        place.lastWord = word
        try { return body() } finally { controller.place = before }
    }

    def parallel(Map branches) {
        Place here = place
        Throwable failed = null
        List threads = branches.findAll { it.value instanceof Closure }.collect { name, body ->
            Thread.start {
                controller.place = here.copy()
                try { body() } catch (Throwable problem) {
                    log("Failed in branch ${name}")
                    synchronized (controller) { failed = failed ?: problem }
                }
            }
        }
        threads*.join()
        if (failed != null) { throw failed }
    }

    // --- declarative ----------------------------------------------------------------------------------------------

    def pipeline(Closure body) {
        controller.declarative = true
        node('default', body)
    }

    private void recorded(Closure body) {
        if (controller.build.currentResult in ['FAILURE', 'ABORTED']) { return }
        try { body() } catch (Throwable problem) { controller.failed(problem) }
    }

    def agent(Object any) { }

    def stages(Closure body) { body() }

    def steps(Closure body) { body() }

    def script(Closure body) { body() }

    /** What it sets belongs to Jenkins, not to the steps. */
    def options(Closure body) { }

    def environment(Closure body) {
        body.delegate = place.env
        body.resolveStrategy = Closure.DELEGATE_FIRST
        body()
    }

    /** Stages side by side: each runs, whatever becomes of the others. */
    def parallel(Closure body) {
        controller.branches = [:]
        body()
        Map found = controller.branches
        controller.branches = null
        parallel(found)
    }

    def post(Closure body) { body() }

    def always(Closure body) { body() }

    def failure(Closure body) { if (controller.build.currentResult == 'FAILURE') { body() } }

    def unstableCondition(Closure body) { if (controller.build.currentResult == 'UNSTABLE') { body() } }
}

class Controller {
    final File library, job
    final Map vars = [:]
    final Build build = new Build()
    final Steps dsl = new Steps()
    final EnvVariables env = new EnvVariables()
    final ThreadLocal<Place> places = new ThreadLocal<Place>()
    final List left = []
    boolean declarative
    Map branches

    Controller(File library, File job) {
        this.library = library
        this.job = job
        dsl.controller = this
        env.controller = this
        Place first = new Place(folder: new File(job, 'workspace'))
        first.folder.mkdirs()
        // An agent's own environment, without what starts the harness; JENKINS_URL only exists where it is configured.
        first.env = System.getenv().findAll { it.key in ['PATH', 'HOME', 'LANG', 'TMPDIR', 'PIPEGUARD_TEST_PATH'] }
        first.env.BUILD_NUMBER = '7'
        if (first.env.PIPEGUARD_TEST_PATH) { first.env.PATH = first.env.remove('PIPEGUARD_TEST_PATH') }
        place = first
        new File(job, 'log.txt').text = ''
    }

    Place getPlace() { places.get() }

    void setPlace(Place place) { places.set(place) }

    synchronized void log(String text) { new File(job, 'log.txt') << text + '\n' }

    synchronized void raw(File file) {
        if (file.file) { new File(job, 'log.txt') << file.bytes }
    }

    List carriers(String cookie) {
        byte[] mark = ('JENKINS_SERVER_COOKIE=' + cookie).bytes
        return new File('/proc').list().findAll { it.isInteger() }.findAll {
            try { new String(new File("/proc/${it}/environ").bytes, 'ISO-8859-1').contains(new String(mark, 'ISO-8859-1')) } catch (IOException gone) { false }
        }
    }

    void checkLeft(String cookie) { left.addAll(carriers(cookie)) }

    void failed(Throwable problem) {
        if (problem instanceof FlowInterruptedException) {
            log(problem.message)
            build.setResult('ABORTED')
        } else {
            log('ERROR: ' + (problem instanceof AbortException ? problem.message : problem.toString()))
            if (!(problem instanceof AbortException)) { problem.stackTrace.findAll { it.fileName?.endsWith('.groovy') }.take(6).each { log('  at ' + it) } }
            build.setResult('FAILURE')
        }
    }

    Script parsed(File file) {
        CompilerConfiguration configuration = new CompilerConfiguration()
        configuration.scriptBaseClass = 'PipelineScript'
        configuration.classpathList = [new File(library, 'src').path]
        return new GroovyShell(PipelineScript.classLoader, new Binding(controller: this), configuration).parse(file)
    }

    void start() {
        long begin = System.currentTimeMillis()
        new File(library, 'vars').eachFileMatch(~/.*\.groovy/) { vars[it.name - '.groovy'] = parsed(it) }
        try { parsed(new File(job, 'Jenkinsfile')).run() } catch (Throwable problem) { failed(problem) }
        log('Finished: ' + build.currentResult)
        Map kept = [result: build.currentResult, description: build.description, archived: build.archived, stages: build.stages,
                    echoed: build.echoed, left: left, seconds: (System.currentTimeMillis() - begin) / 1000]
        new File(job, 'build.json').text = JsonOutput.toJson(kept)
    }
}

new File(args[1]).listFiles().findAll { new File(it, 'Jenkinsfile').file }.sort().each { new Controller(new File(args[0]), it.absoluteFile).start() }
System.exit(0)
