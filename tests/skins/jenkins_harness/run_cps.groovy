// groovy -cp CPS_JARS run_cps.groovy LIBRARY: runs the library CPS-transformed, as Jenkins does, and at each step saves the
// whole program and goes on from what was saved, as Jenkins does when it restarts. Prints what ran; exit code 1 on a fault.

import com.cloudbees.groovy.cps.Continuable
import com.cloudbees.groovy.cps.CpsTransformer
import com.cloudbees.groovy.cps.SerializableScript
import org.codehaus.groovy.control.CompilerConfiguration

/** As CpsScript of workflow-cps does: first what stands in the script's binding and responds to `call`. */
abstract class BoundFirst extends SerializableScript {
    Object invokeMethod(String name, Object given) {
        if (getBinding().hasVariable(name)) {
            Object bound = getBinding().getVariable(name)
            def meta = org.codehaus.groovy.runtime.InvokerHelper.getMetaClass(bound)
            if (meta.respondsTo(bound, 'call', (Object[]) given)) { return meta.invokeMethod(bound, 'call', (Object[]) given) }
        }
        return super.invokeMethod(name, given)
    }
}

// The steps are transformed too: a step is where the program may stand still.
String steps = '''
import com.cloudbees.groovy.cps.Continuable
class Steps implements Serializable {
    Env env
    def ask(String name, Object given) { return Continuable.suspend([name: name, given: given]) }
    def sh(Map given) { ask('sh', given) }
    def isUnix() { ask('isUnix', null) }
    def pwd(Map given) { ask('pwd', given) }
    def pwd() { ask('pwd', [:]) }
    def libraryResource(String name) { ask('libraryResource', name) }
    def writeFile(Map given) { ask('writeFile', given.file) }
    def readFile(Map given) { ask('readFile', given.file) }
    def fileExists(String name) { ask('fileExists', name) }
    def echo(String text) { ask('echo', text) }
    def error(String text) { ask('error', text); throw new IOException(text) }
    def unstable(String text) { ask('unstable', text) }
    def stash(Map given) { ask('stash', given.includes) }
    def unstash(String name) { ask('unstash', null) }
    def deleteDir() { ask('deleteDir', null) }
    def archiveArtifacts(Map given) { ask('archiveArtifacts', given.artifacts) }
    def dir(String name, Closure body) { ask('dir', null); return body() }
    def node(String label, Closure body) { ask('node', label); return body() }
    def withEnv(List lines, Closure body) {
        ask('withEnv', lines)
        Map before = env.more
        env.more = new HashMap(before)
        for (int at = 0; at < lines.size(); at++) { env.more[lines[at].split('=')[0]] = lines[at].substring(lines[at].indexOf('=') + 1) }
        try { return body() } finally { env.more = before }
    }
}
class Env implements Serializable {
    String WORKSPACE = '/ws'
    Map more = [:]
    @com.cloudbees.groovy.cps.NonCPS
    def getAt(String name) { more[name] }
}
class Build implements Serializable { String description = 'mine' }
'''
String job = '''
def helper(number) { return sh(script: "in a function ${number}", returnStatus: true) }
def seen = []
guard.call([attempts: 2, onHeal: 'warn', larger: 'big'], {
    sh 'first'
    def out = sh(script: 'second', returnStdout: true)
    seen << out
    def again = { number -> seen << sh(script: 'in a closure ' + number, returnStatus: true) }
    again(1)
    again(2)
    seen << helper(1)
})
seen << helper(2)
try {
    guard.sh 'red'
} catch (IOException problem) {
    seen << problem.message
}
guard.call([script: 'larger', larger: 'big'])
return seen + currentBuild.description
'''

CompilerConfiguration configuration = new CompilerConfiguration()
configuration.addCompilationCustomizers(new CpsTransformer())
configuration.scriptBaseClass = BoundFirst.name
configuration.classpathList = [args[0] + '/src']
Binding binding = new Binding()
GroovyShell shell = new GroovyShell(BoundFirst.classLoader, binding, configuration)
shell.parse(steps + '\n1')
binding.setVariable('steps', shell.classLoader.loadClass('Steps').newInstance())
binding.setVariable('env', shell.classLoader.loadClass('Env').newInstance())
binding.getVariable('steps').env = binding.getVariable('env')
binding.setVariable('currentBuild', shell.classLoader.loadClass('Build').newInstance())
Script guard = shell.parse(new File(args[0], 'vars/guard.groovy'))
guard.binding = binding
binding.setVariable('guard', guard)
Script main = shell.parse(job)

/** The program written down and read again: what cannot be is a fault of the library. */
Continuable saved(Continuable program, ClassLoader loader) {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream()
    ObjectOutputStream out = new ObjectOutputStream(bytes)
    out.writeObject(program)
    out.close()
    ObjectInputStream back = new ObjectInputStream(new ByteArrayInputStream(bytes.toByteArray())) {
        protected Class<?> resolveClass(ObjectStreamClass description) {
            try { Class.forName(description.name, false, loader) } catch (ClassNotFoundException e) { super.resolveClass(description) }
        }
    }
    return (Continuable) back.readObject()
}

String label = 'default', script = ''
Map answers = [isUnix: true, libraryResource: 'the text', readFile: '']
Continuable program = new Continuable(main)
Object asked = program.run(null)
int stood = 0
while (program.resumable) {
    stood++
    program = saved(program, shell.classLoader)
    Object answer = answers[asked.name]
    if (asked.name == 'withEnv') { println 'withEnv ' + asked.given.findAll { it.startsWith('PIPEGUARD_A') || it.startsWith('PIPEGUARD_O') } }
    if (asked.name == 'pwd') { answer = asked.given.tmp ? '/ws@tmp' : '/ws/deep' }
    if (asked.name == 'sh') {
        script = asked.given.label
        answer = script == null ? 4 : script == 'red' ? 3 : script == 'larger' && label == 'default' ? 137 : script.contains('closure 2') ? 9 : 0
        println 'sh ' + script + ' on ' + label + ': ' + answer
    }
    if (asked.name == 'fileExists') { answer = script in ['first', 'red', 'larger'] }
    if (asked.name == 'readFile') {
        answer = asked.given.endsWith('stdout') ? 'the output' : script == 'first' ? 'status=healed\nverdict=warn\ndescription=healed it\n' :
            'status=failed\nlabel=out_of_memory\nelsewhere=' + (script == 'larger' ? 'yes' : 'no') + '\ndescription=failed\n'
    }
    if (asked.name == 'node') { label = asked.given }
    if (asked.name in ['unstable', 'error', 'node', 'stash', 'unstash']) { println asked.name + ' ' + asked.given }
    asked = program.run(answer)
}
println 'returned ' + asked
println 'stood still ' + stood + ' times'
System.exit(0)
