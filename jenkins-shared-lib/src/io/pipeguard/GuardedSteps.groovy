package io.pipeguard

/** The steps of a `guard { … }` body: its `sh` runs under guard, all else is what it is outside. */
class GuardedSteps implements Serializable {
    private static final long serialVersionUID = 1L

    private final Object steps
    private final GuardedCommand command

    GuardedSteps(Object steps, GuardedCommand command) {
        this.steps = steps
        this.command = command
    }

    def sh(String script) {
        return command.run([script: script])
    }

    def sh(Map arguments) {
        return command.run(arguments)
    }

    def bat(Object arguments) {
        unguarded('bat')
        return steps.bat(arguments)
    }

    def powershell(Object arguments) {
        unguarded('powershell')
        return steps.powershell(arguments)
    }

    def pwsh(Object arguments) {
        unguarded('pwsh')
        return steps.pwsh(arguments)
    }

    /** Guard itself runs where there are POSIX processes. */
    private void unguarded(String name) {
        command.used = true
        steps.echo('guard: `' + name + '` runs without guard')
    }
}
